"""The commands of the keeper of evidence: checkpoint, key, export, verify, retain."""

import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from journal_authority import Authority
from journal_makers import DAY_US, T0, filled, frame
from signed_world import AT, outside

from mingcha.cli.journal import journal
from mingcha.cli.main import COMMANDS
from mingcha.cli.verify import verify
from mingcha.core.clock import from_us, now, to_us
from mingcha.core.spans import Span
from mingcha.protocol.hj212 import mask
from mingcha.store.journal import (
    Journal,
    JournalReader,
    Notary,
    export,
    retention,
    statements,
    verify_package,
)
from mingcha.store.journal.retention import Holds

SPAN = ("--from", "2026-11-23", "--to", "2026-11-24T12:00")


@pytest.fixture
def data(tmp_path):
    filled(tmp_path / "journal")
    return tmp_path


def run(data, *words):
    return CliRunner().invoke(journal, ["--data", str(data), *map(str, words)], catch_exceptions=False)


def check(path, *words):
    return CliRunner().invoke(verify, [str(path), *map(str, words)], catch_exceptions=False)


def test_a_checkpoint_is_signed_by_command_and_verify_counts_it(data):
    done = run(data, "checkpoint", "--json")
    heads = [one["heads"][0]["journal"] for one in json.loads(done.stdout)["checkpoints"]]
    assert (done.exit_code, heads) == (0, ["g0-20261123", "g0-20261124", "g0-20261125"])
    told = json.loads(run(data, "verify", "--json").stdout)
    assert (told["ok"], told["statements"]) == (True, 4)
    public = run(data, "key").output.strip()
    assert told["keys"] == [public]
    assert "4 signed statements" in run(data, "verify", "--key", public.upper()).output
    assert run(data, "verify", "--key", "0" * 64).exit_code == 1


def test_a_checkpoint_is_stamped_where_an_authority_is_set(data, tmp_path, monkeypatch):
    (tmp_path / "tsa").mkdir()
    authority = Authority(tmp_path / "tsa")
    server = authority.serve()
    monkeypatch.setenv("MINGCHA_TSA_URL", server.url)
    assert json.loads(run(data, "checkpoint", "--json").stdout)["stamped"] == 4
    server.shutdown()
    server.server_close()
    away = run(data, "checkpoint")
    assert (away.exit_code, "asked for again later" in away.output) == (1, True)
    monkeypatch.setenv("MINGCHA_TSA_ROOTS", str(authority.roots))
    assert run(data, "verify").exit_code == 0
    (tmp_path / "other").mkdir()
    assert run(data, "verify", "--roots", Authority(tmp_path / "other").roots).exit_code == 1


def test_a_journal_without_a_block_has_no_checkpoint(tmp_path):
    (tmp_path / "journal").mkdir()
    assert run(tmp_path, "checkpoint").exit_code == 1


def test_the_key_is_rotated_and_a_lost_one_replaced(data):
    first = json.loads(run(data, "key", "--json").stdout)["public"]
    second = run(data, "key", "--rotate").output.strip()
    third = run(data, "key", "--lost", "stolen").output.strip()
    assert len({first, second, third}) == 3
    assert run(data, "verify", "--key", first).exit_code == 1
    assert run(data, "verify", "--key", first, "--key", third).exit_code == 0


def test_a_package_is_signed_masked_for_people_and_sealed_inside(data):
    done = run(data, "export", *SPAN, "--mn", "M001", "--mn", "M002", "--out", data / "e.zip", "--json")
    assert done.exit_code == 0
    assert "123456" not in done.output
    with zipfile.ZipFile(data / "e.zip") as package:
        listing = package.read("listing.txt").decode()
        frames = [json.loads(line) for line in package.read("frames.jsonl").splitlines()]
        zh, en = (package.read(f"summary.{word}.txt").decode() for word in ("zh", "en"))
    assert "PW=******" in listing
    assert "123456" not in listing + zh + en
    assert sum(one["in_span"] for one in frames) == listing.count("\n") // 2
    assert {one["mn"] for one in frames} == {"M001", "M002"}
    assert all("MTIzNDU2" in one["raw"] or "123456" not in one["raw"] for one in frames)
    assert "本包不能证明" in zh
    assert "What it does not prove" in en
    key = run(data, "key").output.strip()
    assert key in zh
    assert key in en


def test_a_package_is_verified_by_the_command_of_the_root(data):
    assert COMMANDS["verify"] == "mingcha.cli.verify:verify"
    run(data, "export", *SPAN, "--mn", "M001", "--out", data / "e.zip")
    key = run(data, "key").output.strip()
    told = json.loads(check(data / "e.zip", "--key", key, "--against", data, "--json").stdout)
    assert (told["ok"], told["keys"], len(told["complete"]), told["open"]) == (True, [key], 2, [])
    assert "complete g0-20261123/1–4: all 5 entries of M001" in check(data / "e.zip").output
    assert check(data / "e.zip", "--key", "0" * 64).exit_code == 1
    filled(data / "other" / "journal", days=1)
    assert check(data / "e.zip", "--against", data / "other").exit_code == 1


def test_what_is_not_a_package_is_1_and_wrong_use_is_2(data):
    assert check(data / "missing.zip").exit_code == 1
    assert check(data / "journal", "--roots", data / "none.pem").exit_code == 2


def test_a_package_without_checkpoints_says_so(data):
    run(data, "export", *SPAN, "--no-checkpoint", "--out", data / "e.zip")
    done = check(data / "e.zip")
    assert done.exit_code == 0
    assert "not signed" in done.output
    assert "8 blocks after the last signed checkpoint" in done.output


def test_an_export_that_cannot_sign_says_why_and_packs_all_the_same(data):
    run(data, "checkpoint")
    (data / "journal_key.pem").chmod(0o644)
    done = run(data, "export", *SPAN, "--out", data / "e.zip")
    assert done.exit_code == 0
    assert "mode 644 found" in done.output


def test_a_package_of_all_stations_is_complete_by_its_headers(data):
    run(data, "export", *SPAN, "--out", data / "e.zip")
    assert json.loads(check(data / "e.zip", "--json").stdout)["complete"] == [
        "g0-20261123/1–4: all entries", "g0-20261124/1–4: all entries",
    ]  # fmt: skip
    assert outside(data / "e.zip")[1].count("(complete)") == 2


def test_a_package_over_dropped_entries_proves_what_is_left_and_says_what_is_not(data):
    notary = Notary.in_data(data)
    notary.checkpoint(at=AT)
    reader = JournalReader(data / "journal")
    (data / "retention.yaml").write_text(
        'station: {title: x, values: {2020-01-01: "1"}, cite: x, sureness: default}', encoding="utf-8"
    )
    kept_from = Holds(stations={"M001": from_us(T0)})
    big = Journal(data / "journal", gateway="g1")
    big.append([frame(n, T0)._replace(raw=bytes([n]) * 10 + frame(n).raw * 3) for n in range(90)])
    big.append([frame(n, T0 + DAY_US) for n in range(5)])
    big.close()
    notary.checkpoint(at=AT)
    plan = retention.plan(reader, AT + timedelta(days=30), retention.ages(data / "retention.yaml"), kept_from)
    stated = retention.carry_out(notary, plan, at=AT, by="x")
    assert stated is not None
    whole = Span(from_us(T0), from_us(T0 + DAY_US))
    export(reader, data / "e.zip", whole, at=AT, mn="M001", masked=mask)
    report = verify_package(data / "e.zip")
    assert report.problems == []
    assert any("dropped under a retention statement" in line for line in report.open)
    code, told = outside(data / "e.zip")
    assert code == 0, told
    assert "not proven" in told


@pytest.fixture
def aged(tmp_path):
    """Garbage of 500 days ago, and a frame of today."""
    old = to_us(now()) - 500 * DAY_US
    with Journal(tmp_path / "journal") as writer:
        writer.append([frame(n, old)._replace(verdict="rejected:crc") for n in range(60)])
        writer.append([frame(99, to_us(now()))])
    return tmp_path


@pytest.mark.django_db
def test_retain_says_what_would_go_and_then_does_it_signed_and_audited(aged):
    from mingcha.apps.audit.selectors import timeline

    dry = run(aged, "retain", "--dry-run")
    assert dry.exit_code == 0
    assert "nothing was changed" in dry.output
    assert "rejected    kept 400 days (default): 60 entries to go" in dry.output
    assert not (aged / "journal" / statements.FILE).exists()
    done = run(aged, "retain", "--by", "archivist", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["dropped"], told["dry_run"]) == (0, {"rejected": 60}, False)
    [event] = timeline("retention", told["record"])
    assert (event.action, event.detail["dropped"]) == ("journal.retained", {"rejected": 60})
    last = statements.last(aged / "journal" / statements.FILE)
    assert (last.kind, last.body["by"], last.number) == ("retention", "archivist", told["record"])
    assert f"60 entries dropped under record {told['record']}" in run(aged, "verify").output
    assert run(aged, "retain").exit_code == 1


@pytest.mark.django_db
def test_a_wrong_file_of_ages_is_said(aged):
    (aged / "retention.yaml").write_text("nonsense: 1")
    with pytest.raises(Exception, match="is no mapping"):
        run(aged, "retain", "--dry-run")


def test_the_worker_signs_when_it_is_due(data, monkeypatch):
    from mingcha.workers import checkpointing

    monkeypatch.setenv("MINGCHA_DATA", str(data))
    at = datetime(2026, 11, 26, tzinfo=UTC)
    checkpointing.checkpoint(at)
    checkpointing.checkpoint(at + timedelta(minutes=9))
    assert len(statements.read(data / "journal" / statements.FILE)) == 4
    checkpointing.checkpoint(at + timedelta(minutes=10))
    assert len(statements.read(data / "journal" / statements.FILE)) == 5
    monkeypatch.setenv("MINGCHA_CHECKPOINT_MINUTES", "0")
    checkpointing.checkpoint(at + timedelta(days=10))
    assert len(statements.read(data / "journal" / statements.FILE)) == 5


def test_a_worker_whose_authority_is_away_goes_on(data, monkeypatch):
    from mingcha.workers import checkpointing

    monkeypatch.setenv("MINGCHA_DATA", str(data))
    checkpointing.stamp()
    run(data, "checkpoint")
    monkeypatch.setenv("MINGCHA_TSA_URL", "http://127.0.0.1:1/")
    checkpointing.stamp()
    assert not (data / "journal" / "stamps").exists()
