"""decode_batch: the columns say what ``decode`` says, in both back ends, and other programs take them as they are."""

import gc
import math
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocol.hj212_frames import CP_HOUR, CP_WATER, GOOD, MN, QN, SPOILED, good, segment, streams

from mingcha.core.clock import parse_digits
from mingcha.core.errors import BadInput
from mingcha.protocol.hj212 import Frame, Skipped, Splitter, _pure, arrow, codec, columns, decode, wrap
from mingcha.protocol.hj212.codec import BACKEND
from mingcha.protocol.hj212.columns import FIELDS, FRAMES, decode_batch

BACKENDS = [codec, _pure] if BACKEND == "compiled" else [_pure]
both = pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.BACKEND)


def tables(raw, backend, **options):
    """Frames and fields as pyarrow has them, checked to the last offset."""
    batch = decode_batch(raw, backend=backend, **options)
    found = pa.record_batch(batch.frames), pa.record_batch(batch.fields)
    for table in found:
        table.validate(full=True)
    return [table.to_pylist() for table in found]


def fields_of(cp, backend, **header):
    return tables(wrap(segment(cp=cp, **header)), backend)[1]


@pytest.mark.skipif(BACKEND != "compiled", reason="no compiled codec: nothing to compare")
@given(st.lists(streams(), max_size=3).map(b"".join))
def test_both_back_ends_give_the_same_columns(stream):
    assert tables(stream, codec) == tables(stream, _pure)


@both
@given(stream=streams())
def test_the_frames_are_those_of_the_splitter_with_the_verdicts_of_decode(backend, stream):
    splitter = Splitter()
    events = splitter.receive(stream) + splitter.expire()
    rows, _ = tables(stream, backend)
    offset, at = 0, 0
    for event in events:
        if not isinstance(event, Skipped):
            row = rows[at]
            assert (row["offset"], row["size"]) == (offset, len(event.raw))
            if isinstance(event, Frame):
                message = decode(event)
                assert row["verdict"] == message.verdict
                assert row["problems"] == ",".join(problem.code for problem in message.problems)
                assert (row["qn"], row["st"], row["cn"], row["mn"]) == (
                    message.qn,
                    message.st,
                    message.cn,
                    message.mn,
                )
                assert (row["flag"], row["edition"]) == (message.flag, message.edition or "")
                assert (row["marks"], row["supplement"]) == (message.marks, message.supplement)
                assert row["qn_at"] == parse_digits(message.qn)
                assert row["data_time"] == (message.field("DataTime") or "")
            else:
                assert row["verdict"] == ("partial" if event.problem.code == "half_frame" else "rejected")
                assert row["problems"] == event.problem.code
            at += 1
        offset += len(event.raw)
    assert at == len(rows)


def name_of(field):
    return f"{field['factor']}-{field['field']}" if field["factor"] else field["field"]


def rows_expected(message):
    """Every value sent, but the first DataTime and the flags of factors that have values."""
    sent = [
        (name, one)
        for item in message.cp
        for name, value in item.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    factors = {name.partition("-")[0] for name, _ in sent if "-" in name and name.partition("-")[2] != "Flag"}
    out, timed = [], False
    for name, text in sent:
        factor, dash, field = name.partition("-")
        first_time = name == "DataTime" and not timed
        timed = timed or first_time
        if not first_time and not (dash and field == "Flag" and factor in factors):
            out.append((name if factor else field, text))
    return out


@both
@given(stream=streams())
def test_every_field_of_every_frame_is_there_with_the_flag_of_its_factor(backend, stream):
    rows, fields = tables(stream, backend)
    for number, row in enumerate(rows):
        own = fields[row["first_field"] : row["first_field"] + row["fields"]]
        assert all(field["frame"] == number for field in own)
        splitter = Splitter()
        events = splitter.receive(stream[row["offset"] : row["offset"] + row["size"]]) + splitter.expire()
        if row["verdict"] in ("accepted", "deviating") and len(events) == 1:
            message = decode(events[0])
            assert [(name_of(field), field["text"]) for field in own] == rows_expected(message)
            for field in own:
                flag = message.field(f"{field['factor']}-Flag")
                if field["factor"] and flag is not None:
                    assert field["flag"] == flag
    assert sum(row["fields"] for row in rows) == len(fields)


@both
def test_a_plain_frame_has_its_values_as_text_as_decimal_and_as_float(backend):
    (row,), fields = tables(good(), backend)
    assert row == {
        "offset": 0, "size": len(good()) - 2, "verdict": "accepted", "marks": 0, "problems": "", "edition": "2017",
        "st": "32", "cn": "2011", "mn": MN, "flag": 5, "supplement": False, "qn": QN,
        "qn_at": datetime(2026, 3, 1, 0, 5, 30, 250_000, tzinfo=UTC), "data_time": "20260301080500",
        "data_at": datetime(2026, 3, 1, 0, 5, tzinfo=UTC), "first_field": 0, "fields": 2,
    }  # fmt: skip
    assert fields == [
        {"frame": 0, "factor": "w01018", "field": "Rtd", "text": "36.4", "mantissa": 364, "scale": 1, "value": 36.4, "flag": "N"},
        {"frame": 0, "factor": "w01001", "field": "Rtd", "text": "7.31", "mantissa": 731, "scale": 2, "value": 7.31, "flag": "N"},
    ]  # fmt: skip


@both
@pytest.mark.parametrize(
    ("text", "mantissa", "scale", "value"),
    [
        ("0", 0, 0, 0.0), ("-0.00", 0, 2, 0.0), ("-1.50", -150, 2, -1.5), ("007", 7, 0, 7.0),
        ("999999999999999999", 999999999999999999, 0, 1e18), ("1000000000000000000", None, None, 1e18),
        ("0.1234567890123456789", None, None, 0.1234567890123456789),
        ("0.0000000000000000000000000001", 1, 28, 1e-28), ("00000000000000000000000000000012", 12, 0, 12.0),
        ("9007199254740993", 9007199254740993, 0, 9007199254740992.0), ("0.3", 3, 1, 0.3),
        ("123456789012345.678", 123456789012345678, 3, 123456789012345.678),
        ("NaN", None, None, None), ("", None, None, None), ("1e3", None, None, None), ("+1", None, None, None),
        ("1_0", None, None, None), (".5", None, None, None), ("5.", None, None, None), ("-", None, None, None),
    ],
)  # fmt: skip
def test_numbers_follow_the_grammar_of_the_wire_and_keep_their_digits(backend, text, mantissa, scale, value):
    decode_batch(good(), backend=backend)  # the names are known: the compiled codec reads by itself
    for _ in range(2):
        field = fields_of(CP_WATER.replace("36.4", text), backend)[0]
        assert (field["text"], field["mantissa"], field["scale"], field["value"]) == (
            text,
            mantissa,
            scale,
            value,
        )


@both
@given(st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,12})?", fullmatch=True).filter(lambda text: len(text) <= 32))
def test_the_float_is_the_nearest(backend, text):
    value = fields_of(CP_WATER.replace("36.4", text), backend)[0]["value"]
    assert value == float(text)
    assert math.copysign(1, value) == math.copysign(1, float(text)) or value == 0


@both
def test_a_flag_stands_beside_its_values_wherever_it_was_sent_and_alone_where_there_are_none(backend):
    cp = "DataTime=20260301070000;w01018-Flag=D,w01018-Avg=1,w01018-Max=2;w01001-Flag=B;w01018-Min=0"
    found = [(f["factor"], f["field"], f["text"], f["flag"]) for f in fields_of(cp, backend, CN="2061")]
    assert found == [
        ("w01018", "Avg", "1", "D"), ("w01018", "Max", "2", "D"), ("w01001", "Flag", "B", "B"), ("w01018", "Min", "0", "D"),
    ]  # fmt: skip


@both
def test_a_bare_flag_stands_for_every_factor_without_its_own(backend):
    cp = "DataTime=20260301080500;w01018-Rtd=1,w01018-Flag=D;w01001-Rtd=2;Flag=N"
    assert [(f["factor"], f["field"], f["flag"]) for f in fields_of(cp, backend)] == [
        ("w01018", "Rtd", "D"), ("w01001", "Rtd", "N"), ("", "Flag", ""),
    ]  # fmt: skip


@both
def test_every_value_of_a_field_sent_twice_has_its_row(backend):
    cp = "DataTime=20260301080500;w01018-Rtd=1,w01018-Rtd=2;DataTime=20260301080600"
    assert [f["text"] for f in fields_of(cp, backend)] == ["1", "2", "20260301080600"]


@both
def test_refused_bytes_and_half_frames_have_rows_without_fields(backend):
    rows, fields = tables(b"junk\r\n" + good() + good()[:40], backend)
    assert [(row["verdict"], row["problems"], row["mn"]) for row in rows] == [
        ("rejected", "garbage", ""), ("accepted", "", MN), ("partial", "half_frame", ""),
    ]  # fmt: skip
    assert {field["frame"] for field in fields} == {1}


@both
def test_a_buffer_may_end_inside_a_frame_when_more_will_come(backend):
    batch = decode_batch(good() + good()[:40], backend=backend, final=False)
    assert (batch.frames.rows, batch.used) == (1, len(good()))
    assert decode_batch(b"", backend=backend).frames.rows == 0


@both
def test_a_buffer_over_the_limit_is_refused(backend, monkeypatch):
    monkeypatch.setattr(columns, "BUFFER_MAX", 10)
    with pytest.raises(BadInput, match="final=False"):
        decode_batch(good(), backend=backend)


@both
def test_text_that_is_not_ascii_is_utf8_whatever_it_was_sent_in(backend):
    cp = "DataTime=20260301080500;PolId=w01018;i11001-Info=//更换试剂//"
    for encoding in ("utf-8", "gb18030"):
        raw = wrap(segment(CN="3020", cp=cp).decode().encode(encoding))
        assert tables(raw, backend)[1][1]["text"] == "//更换试剂//"


@both
def test_the_memory_is_handed_over_and_given_back(backend):
    kept = len(arrow._kept)
    batch = decode_batch(b"".join(GOOD + SPOILED), backend=backend)
    table = pa.record_batch(batch.fields)
    values = batch.fields.values[[c.name for c in FIELDS].index("value")]
    assert table.column("value").buffers()[1].address == arrow._address(values)[0]  # not copied
    child = table.column("text")
    expected = child.to_pylist()
    del table, batch, values
    gc.collect()
    assert child.to_pylist() == expected  # a child lives on alone
    del child
    gc.collect()
    assert len(arrow._kept) == kept


@both
def test_capsules_nobody_takes_are_released(backend):
    kept = len(arrow._kept)
    batch = decode_batch(good(cn="2061", cp=CP_HOUR), backend=backend)
    capsules = [
        batch.frames.__arrow_c_schema__(),
        batch.frames.__arrow_c_array__(),
        batch.fields.__arrow_c_stream__(),
    ]
    assert len(arrow._kept) > kept
    del capsules
    gc.collect()
    assert len(arrow._kept) == kept


@both
def test_a_stream_gives_the_batch_once(backend):
    batch = decode_batch(b"".join(GOOD), backend=backend)
    reader = pa.RecordBatchReader.from_stream(batch.frames)
    assert [column.name for column in FRAMES] == reader.schema.names
    assert [part.num_rows for part in reader] == [len(GOOD)]
    assert pa.table(batch.fields).num_rows == batch.fields.rows == len(batch.fields)


def test_each_column_says_what_it_is():
    for column in FRAMES + FIELDS:
        assert column.meaning
        assert column.kind in {
            "int64",
            "int32",
            "int16",
            "int8",
            "uint8",
            "float64",
            "time",
            "bool",
            "text",
            "word",
        }
    assert len({column.name for column in FRAMES}) == len(FRAMES)
    assert len({column.name for column in FIELDS}) == len(FIELDS)
