import json
import socket
import sqlite3
import threading

import pytest
from click.testing import CliRunner
from journal_makers import DAY_US, T0, filled

from mingcha.cli.journal import journal
from mingcha.core.refs import FrameRef
from mingcha.store.journal import JournalReader
from mingcha.store.telemetry import Telemetry


@pytest.fixture
def data(tmp_path):
    filled(tmp_path / "journal")
    return tmp_path


def run(data, *words):
    return CliRunner().invoke(journal, ["--data", str(data), *map(str, words)], catch_exceptions=False)


def test_verify_of_a_whole_journal_is_0_and_prints_the_head(data):
    done = run(data, "verify")
    head = JournalReader(data / "journal").head("g0")
    assert done.exit_code == 0
    assert f"head {head.journal}/{head.block}={head.chain}" in done.output
    assert "12 blocks, 66 frames: all hashes fit" in done.output


def test_verify_of_a_changed_journal_is_1_and_names_the_block(data):
    with sqlite3.connect(data / "journal" / "g0-20261124.sqlite3") as db:
        db.execute("UPDATE blocks SET count = 5 WHERE seq = 2")
    done = run(data, "verify", "--json")
    said = json.loads(done.stdout)
    assert (done.exit_code, said["ok"]) == (1, False)
    assert {(p["journal"], p["block"]) for p in said["problems"]} == {("g0-20261124", 2)}
    assert "FAULT g0-20261124/2" in run(data, "verify").output


def test_verify_compares_an_anchor_and_the_position_of_the_projection(data):
    head = JournalReader(data / "journal").head("g0")
    assert run(data, "verify", "--anchor", f"{head.journal}/{head.block}={head.chain}").exit_code == 0
    assert run(data, "verify", "--anchor", f"{head.journal}/{head.block}={'0' * 64}").exit_code == 1
    telemetry = Telemetry(data / "readings.sqlite3")
    telemetry.write([], position=FrameRef("g0-20261125", 9, 0))
    telemetry.close()
    done = run(data, "verify")
    assert done.exit_code == 1
    assert "FAULT g0-20261125/9: anchor" in done.output


def test_show_masks_the_password_unless_told_otherwise(data):
    done = run(data, "show", "g0-20261124/2/1", "--json")
    [frame] = json.loads(done.stdout)["frames"]
    assert done.exit_code == 0
    assert "PW=******" in frame["raw"]
    assert "123456" not in done.output
    assert "PW=123456" in run(data, "show", "g0-20261124/2/1", "--unmasked").output
    assert (
        len(json.loads(run(data, "show", "g0-20261124/2/1", "--context", 2, "--json").stdout)["frames"]) == 5
    )


def test_show_of_a_frame_that_is_not_there_is_1(data):
    assert run(data, "show", "g0-20261124/99/0").exit_code == 1


def test_a_package_is_exported_and_verified_and_found_when_tampered(data):
    out = data / "evidence.zip"
    span = ("--from", "2026-11-23", "--to", "2026-11-24T12:00")
    done = run(data, "export", *span, "--mn", "M001", "--out", out, "--json")
    assert done.exit_code == 0
    frames = json.loads(done.stdout)["manifest"]["files"]["frames.jsonl"]["lines"]
    assert f"{frames} frames: all hashes fit" in run(data, "verify", out).output
    content = bytearray(out.read_bytes())
    content[200] ^= 1
    out.write_bytes(content)
    assert run(data, "verify", out).exit_code == 1


def test_an_export_that_found_no_frame_is_1(data):
    done = run(data, "export", "--from", "2020-01-01", "--to", "2020-01-02", "--out", data / "none.zip")
    assert done.exit_code == 1


def test_replay_prints_what_was_received(data):
    done = run(data, "replay", "--from", "2026-11-24", "--to", "2026-11-25", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 22
    assert {line["ref"].split("/")[0] for line in lines} == {"g0-20261124"}
    assert all("PW=******" in line["raw"] for line in lines)


def test_replay_feeds_the_untouched_bytes_to_a_host(data):
    with socket.create_server(("127.0.0.1", 0)) as host:
        got = bytearray()

        def listen():
            peer, _ = host.accept()
            with peer:
                peer.sendall(b"answer")
                while len(got) < size and (part := peer.recv(65536)):
                    got.extend(part)

        expected = b"".join(e.raw for _, e in JournalReader(data / "journal").entries() if e.mn == "M002")
        size = len(expected)
        listener = threading.Thread(target=listen)
        listener.start()
        done = run(data, "replay", "--mn", "M002", "--feed", f"127.0.0.1:{host.getsockname()[1]}", "--json")
        listener.join()
    assert json.loads(done.stdout) == {
        "sent": expected.count(b"##"), "resent": 0, "answers": 0, "answer_bytes": 6, "unanswered": 0,
    }  # fmt: skip
    assert bytes(got) == expected


def test_replay_does_not_leave_the_machine_unasked(data):
    done = run(data, "replay", "--feed", "192.0.2.1:9212")
    assert done.exit_code == 2
    assert "--allow-remote" in done.output


@pytest.mark.parametrize(
    "words",
    [
        ("show", "nonsense"), ("verify", "--anchor", "x"), ("replay", "--feed", "nowhere"),
        ("export", "--from", "yesterday", "--to", "2026-11-24", "--out", "x.zip"),
        ("replay", "--from", "2026-11-24", "--to", "2026-11-24"),
    ],
)  # fmt: skip
def test_wrong_use_is_2_and_says_what_was_expected(data, words):
    done = run(data, *words)
    assert done.exit_code == 2
    assert any(word in done.output for word in ("expected", "is not after"))


def test_a_data_folder_without_journal_is_wrong_use(tmp_path):
    done = run(tmp_path, "verify")
    assert done.exit_code == 2
    assert "MINGCHA_DATA" in done.output


def test_times_without_offset_are_beijing_times(data):
    assert T0 // DAY_US  # T0 is 00:00 Beijing
    done = run(data, "replay", "--from", "2026-11-22T16:00+00:00", "--to", "2026-11-23T00:00:01", "--json")
    assert len(done.stdout.splitlines()) == 1
