"""``mingcha hj212``: the printed contract, exit codes, and no password on the screen."""

import hashlib
import json

from click.testing import CliRunner
from tests.protocol.hj212_frames import MN, QN, good, segment

from mingcha.cli.hj212 import hj212
from mingcha.protocol.hj212 import wrap


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
    assert "189 of 192" in run("selftest").output
