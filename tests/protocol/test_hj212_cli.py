"""``mingcha hj212``: the printed contract, exit codes, and no password on the screen."""

import hashlib
import json
from importlib.resources import files

import pytest
from click.testing import CliRunner
from tests.protocol.hj212_frames import MN, QN, good, segment

from mingcha.cli.hj212 import hj212
from mingcha.protocol import hj212 as protocol
from mingcha.protocol.hj212 import COMMANDS, deviations, wrap

LINES = files(protocol).joinpath("vectors", "hj212_frames.jsonl").read_text(encoding="utf-8").split("\n")
VECTORS = [json.loads(line) for line in LINES if line]


def run(*arguments, stdin=b""):
    return CliRunner().invoke(hj212, list(arguments), input=stdin)


def decoded(stream):
    result = run("decode", "--jsonl", stdin=stream)
    return [json.loads(line) for line in result.output.splitlines()], result.exit_code


def test_a_good_frame_is_one_json_object_and_success():
    records, code = decoded(good())
    assert code == 0
    assert records == [
        {
            "verdict": "accepted",
            "edition": "2017",
            "length_ok": True,
            "crc_ok": True,
            "crc_expected": good()[-6:-2].decode(),
            "fields": {
                "QN": QN, "ST": "32", "CN": "2011", "PW": "******", "MN": MN, "Flag": "5",
                "CP": [
                    {"DataTime": "20260301080500"},
                    {"w01018-Rtd": "36.4", "w01018-Flag": "N"},
                    {"w01001-Rtd": "7.31", "w01001-Flag": "N"},
                ],
            },
            "problems": [],
            "raw_sha256": hashlib.sha256(good()[:-2]).hexdigest(),
            "offset": 0,
        }
    ]  # fmt: skip


def test_offsets_point_into_the_stream_and_the_bad_do_not_cost_the_good():
    stream = good() + b"junk\r\n" + good().replace(b"36.4", b"36.5") + good("2025") + good()[:30]
    records, code = decoded(stream)
    assert [record["verdict"] for record in records] == [
        "accepted",
        "rejected",
        "rejected",
        "accepted",
        "partial",
    ]
    assert [record["problems"][0]["code"] for record in records if record["problems"]] == [
        "garbage",
        "crc",
        "half_frame",
    ]
    assert [record["offset"] for record in records] == [
        0, len(good()), len(good()) + 6, 2 * len(good()) + 6, 2 * len(good()) + 6 + len(good("2025"))
    ]  # fmt: skip
    assert code == 1


def test_a_missing_crlf_is_a_named_deviation():
    records, code = decoded(good()[:-2] + good())
    assert [record["verdict"] for record in records] == ["deviating", "accepted"]
    assert records[0]["problems"][0]["code"] == "tail"
    assert code == 0


def test_blanks_inside_the_opening_are_read_and_shown_apart():
    records, _ = decoded(wrap(segment().replace(b"CP=&&", b"CP= &&")))
    assert records[0]["fields"]["CP"] == []
    assert records[0]["trimmed"][0] == {"DataTime": "20260301080500"}


def test_the_table_names_problems_and_hides_the_password():
    result = run(
        "decode", stdin=wrap(segment(PW="s3cret", cp="DataTime=20260301080500;PM10-Rtd=1,PM10-Flag=N"))
    )
    assert result.exit_code == 0
    assert "factor_unknown" in result.output
    assert "PM10-Rtd = 1" in result.output
    assert "s3cret" not in result.output


def test_a_file_is_read_like_standard_input(tmp_path):
    path = tmp_path / "frames.bin"
    path.write_bytes(good())
    assert run("decode", str(path), "--jsonl").output == run("decode", "--jsonl", stdin=good()).output


def test_an_empty_stream_is_no_failure():
    assert decoded(b"") == ([], 0)


def test_wrong_use_is_exit_code_two(tmp_path):
    assert run("decode", str(tmp_path / "missing")).exit_code == 2
    assert run("decode", "--ceiling", "0").exit_code == 2
    assert run("encode").exit_code == 2


def test_encode_prints_the_frame_that_decode_reads():
    arguments = ["encode", "--st", "32", "--cn", "2011", "--pw", "123456", "--mn", MN, "--qn", QN, "--ack"]
    result = run(
        *arguments, "DataTime=20260301080500;w01018-Rtd=36.4,w01018-Flag=N;w01001-Rtd=7.31,w01001-Flag=N"
    )
    assert result.stdout_bytes == good()


def test_the_length_policy_is_an_option():
    raw = wrap(segment())
    wrong = raw.replace(raw[:6], b"##%04d" % (int(raw[2:6]) + 2)) + good()
    assert run("decode", "--jsonl", stdin=wrong).exit_code == 0
    assert run("decode", "--jsonl", "--lengths", "reject", stdin=wrong).exit_code == 1


def test_selftest_passes_and_prints_how_many():
    result = run("selftest", "--json")
    assert result.exit_code == 0
    assert json.loads(result.output)["total"] == 192
    assert "190 of 192" in run("selftest").output


# --- settings and keys of a station ------------------------------------------------------------------

KEY = "30" * 16
ENCRYPTED = next(vector for vector in VECTORS if vector["id"] == "hjcbd2fd2a20")


def first(*arguments, stdin):
    result = run("decode", "--jsonl", *arguments, stdin=stdin)
    return json.loads(result.output.splitlines()[0]), result.exit_code


def test_an_encrypted_frame_is_read_with_its_key_and_kept_unread_without():
    raw = bytes.fromhex(ENCRYPTED["frame_hex"])
    record, code = first("--key", KEY, stdin=raw)
    assert (record["decrypted"], record["verdict"], record["crc_ok"], code) == (True, "accepted", True, 0)
    assert record["fields"]["CP"] == ENCRYPTED["parsed"]["CP"]
    record, _ = first(stdin=raw)
    assert (record["decrypted"], record["problems"][0]["code"], record["fields"]["CP"]) == (
        False,
        "encrypted",
        [],
    )
    record, code = first("--key", "1" * 32, stdin=raw)
    assert (record["decrypted"], record["problems"][0]["code"], code) == (False, "key_wrong", 1)


def test_of_several_keys_the_older_one_is_told():
    record, code = first("--key", "1" * 32, "--key", "0" * 16, stdin=bytes.fromhex(ENCRYPTED["frame_hex"]))
    assert (record["problems"][0]["code"], record["decrypted"], code) == ("key_previous", True, 0)


def test_a_frame_that_is_not_encrypted_has_no_word_on_decryption():
    assert "decrypted" not in first("--key", KEY, stdin=good())[0]


def test_a_crc_of_modbus_is_taken_on_demand():
    raw = deviations.EXAMPLES["crc_modbus_low"]
    assert first(stdin=raw)[1] == 1
    assert first("--crc", "hj212", stdin=raw)[1] == 1
    for name in ("modbus", "modbus_low_first"):
        record, code = first("--crc", name, stdin=raw)
        assert (record["verdict"], record["crc_ok"], record["length_ok"], code) == (
            "deviating",
            False,
            True,
            0,
        )
        assert [p["code"] for p in record["problems"]] == ["crc_modbus_low_first"]


def test_strict_refuses_what_the_dialect_does_not_allow(tmp_path):
    raw = deviations.EXAMPLES["blanks"]
    assert first(stdin=raw)[0]["verdict"] == "deviating"
    assert first("--strict", stdin=raw)[0]["verdict"] == "rejected"
    path = tmp_path / "station.json"
    path.write_text(json.dumps({"allowed": ["blanks"]}), encoding="utf-8")
    assert first("--strict", "--dialect", str(path), stdin=raw)[0]["verdict"] == "deviating"


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "no JSON"), ('{"mode": "lax"}', "tolerant, strict"), ('{"modus": 1}', "no such setting")],
)
def test_a_bad_dialect_is_wrong_use_and_named(tmp_path, text, said):
    path = tmp_path / "station.json"
    path.write_text(text, encoding="utf-8")
    result = run("decode", "--dialect", str(path), stdin=good())
    assert (result.exit_code, said in result.output) == (2, True)
    path.write_bytes(b"\xff\xfe\x00")
    assert run("decode", "--dialect", str(path), stdin=good()).exit_code == 2


def test_a_bad_key_is_wrong_use():
    result = run("decode", "--key", "12", stdin=good())
    assert (result.exit_code, "32 hex digits" in result.output) == (2, True)


def test_encode_encrypts_what_decode_reads():
    arguments = ["--edition", "2025", "--st", "32", "--cn", "2011", "--pw", "123456", "--mn", MN, "--qn", QN]
    cp = "DataTime=20260301080500;w01018-Rtd=36.4,w01018-Flag=N"
    raw = run("encode", *arguments, "--key", KEY, cp).stdout_bytes
    assert b"w01018-Rtd" not in raw
    record, _ = first("--key", KEY, stdin=raw)
    assert (record["verdict"], record["decrypted"], record["fields"]["CP"][1]["w01018-Rtd"]) == (
        "accepted",
        True,
        "36.4",
    )


def test_encode_builds_every_command_of_the_host_by_name():
    listed = run("encode", "--st", "32", "--pw", "1", "--mn", MN, "--command", "list").output
    assert all(name in listed for name in COMMANDS)
    result = run(
        "encode", "--st", "32", "--pw", "123456", "--mn", MN, "--qn", QN, "--command", "set_time",
        "--set", "time=20260301080000",
    )  # fmt: skip
    record, code = first(stdin=result.stdout_bytes)
    assert (record["fields"]["CN"], record["fields"]["CP"], code) == (
        "1012",
        [{"SystemTime": "20260301080000"}],
        0,
    )


@pytest.mark.parametrize(
    "arguments", [[], ["--cn", "1012", "--command", "set_time"], ["--command", "set_time", "--set", "time"]]
)
def test_encode_needs_one_way_to_say_what(arguments):
    assert run("encode", "--st", "32", "--pw", "1", "--mn", MN, *arguments).exit_code == 2
