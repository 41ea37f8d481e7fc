"""Kept rows of a point as columns, and back: the same rows to the letter."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mingcha.core.clock import parse_digits, to_us
from mingcha.core.refs import FrameRef
from mingcha.store.telemetry.history import decimals, schema
from mingcha.store.telemetry.recent.merge import FLAG, Content, Name
from mingcha.store.telemetry.values import RawRow

SECOND_US = 1_000_000
_EIGHT_HOURS_MS = 8 * 3_600_000
_QN_DIGITS = 17


def encode(point: str, rows: Sequence[RawRow]) -> tuple[pa.Table, pa.Table]:
    """Tables ``readings`` and ``frames`` of a point, sorted."""
    return _values(point, rows), _frames(point, rows)


def _frames(point: str, rows: Sequence[RawRow]) -> pa.Table:
    layouts: dict[tuple[Name, ...], str] = {}
    said = [_layout(layouts, tuple(row.content)) for row in rows]
    offsets = [qn_ms(row.qn, row.time) for row in rows]
    refs = [row.ref for row in rows]
    columns: dict[str, Any] = {
        "point": [point] * len(rows),
        "time": pa.array([row.time * SECOND_US for row in rows], pa.int64()).cast(schema.TIME),
        "seq": [row.seq for row in rows],
        "delay": [
            None if row.received_us is None else row.received_us - row.time * SECOND_US for row in rows
        ],
        "journal": [None if ref is None else ref.journal for ref in refs],
        "block": [None if ref is None else ref.block for ref in refs],
        "idx": [None if ref is None else ref.index for ref in refs],
        "qn_ms": offsets,
        "qn": [row.qn if offset is None else None for row, offset in zip(rows, offsets, strict=True)],
        "edition": [row.edition for row in rows],
        "supplement": [row.supplement for row in rows],
        "layout": said,
    }
    given = [
        columns[f.name] if f.name == "time" else pa.array(columns[f.name], f.type) for f in schema.FRAMES
    ]
    table = pa.table(given, schema=schema.FRAMES)
    return table if _in_order(rows) else table.sort_by([("time", "ascending"), ("seq", "ascending")])


def _in_order(rows: Sequence[RawRow]) -> bool:
    return all((a.time, a.seq) < (b.time, b.seq) for a, b in pairwise(rows))


def _layout(known: dict[tuple[Name, ...], str], names: tuple[Name, ...]) -> str:
    text = known.get(names)
    if text is None:
        text = known[names] = json.dumps(names, separators=(",", ":"), ensure_ascii=False)
    return text


def _values(point: str, rows: Sequence[RawRow]) -> pa.Table:
    alike: dict[tuple[Name, ...], list[RawRow]] = {}
    for row in rows:
        alike.setdefault(tuple(row.content), []).append(row)
    parts: dict[Name, list[tuple[list[RawRow], Sequence[str], Sequence[str] | None]]] = {}
    for names, held in alike.items():
        for name, texts, flags in _columns(names, held):
            parts.setdefault(name, []).append((held, texts, flags))
    return _table(point, parts)


def _columns(
    names: tuple[Name, ...], rows: Sequence[RawRow]
) -> Iterable[tuple[Name, Sequence[str], Sequence[str] | None]]:
    """Texts and flags of each field of rows that have the same names."""
    columns = dict(zip(names, zip(*[row.content.values() for row in rows], strict=True), strict=True))
    measured = {factor for factor, field in names if field != FLAG}
    for name, texts in columns.items():
        if name[1] != FLAG:
            yield name, texts, columns.get((name[0], FLAG))
        elif name[0] not in measured:
            yield name, texts, None


def _table(
    point: str, parts: dict[Name, list[tuple[list[RawRow], Sequence[str], Sequence[str] | None]]]
) -> pa.Table:
    names = sorted(parts)
    sizes = [sum(len(held) for held, _, _ in parts[name]) for name in names]
    times: list[int] = []
    seqs: list[int] = []
    texts: list[str] = []
    flags: list[str | None] = []
    for name in names:
        for held, said, flagged in parts[name]:
            times += [row.time for row in held]
            seqs += [row.seq for row in held]
            texts += said
            flags += flagged if flagged is not None else [None] * len(held)
    rank = np.repeat(np.arange(len(names)), sizes)
    order = np.lexsort((np.array(seqs, dtype=np.int64), np.array(times, dtype=np.int64), rank))
    mantissa, scale, odd = decimals.split(pa.array(texts, pa.string()))
    sorted_rank = pa.array(rank[order].astype(np.int32))
    place = pa.array(order)
    columns = [
        pa.array([point] * len(order), pa.string()),
        pa.array([factor for factor, _ in names], pa.string()).take(sorted_rank),
        pa.array([field for _, field in names], pa.string()).take(sorted_rank),
        pa.array(np.array(times, dtype=np.int64)[order] * SECOND_US).cast(schema.TIME),
        pa.array(np.array(seqs, dtype=np.int32)[order]),
        mantissa.take(place), scale.take(place), odd.take(place),
        pa.array(flags, pa.string()).take(place),
    ]  # fmt: skip
    return pa.table(columns, schema=schema.READINGS)


def partial(values: pa.Table, frames: pa.Table) -> list[tuple[int, Content]]:
    """Times (epoch seconds) of ``frames``, and what their rows say of the factors of which ``values`` are.

    Of a row that names none of these factors the content is empty.
    """
    texts, flags = _texts(values)
    said: dict[tuple[int, int], Content] = {}
    for (factor, field), held in texts.items():
        for key, text in held.items():
            said.setdefault(key, {})[factor, field] = text
    for factor, flagged in flags.items():
        for key, text in flagged.items():
            said.setdefault(key, {})[factor, FLAG] = text
    keys = zip(*(column.tolist() for column in keys_of(frames)), strict=True)
    return [(key[0], said.get(key, {})) for key in keys]


def decode(values: pa.Table, frames: pa.Table) -> list[RawRow]:
    """The rows of one point again, by time and seq."""
    texts, flags = _texts(values)
    times, seqs = keys_of(frames)
    columns = {name: frames[name].to_pylist() for name in schema.FRAMES.names[3:]}
    layouts: dict[str, tuple[Name, ...]] = {}
    found = []
    for place, key in enumerate(zip(times.tolist(), seqs.tolist(), strict=True)):
        layout = columns["layout"][place]
        names = layouts.get(layout)
        if names is None:
            names = layouts[layout] = tuple((factor, field) for factor, field in json.loads(layout))
        delay, journal, offset = (columns[name][place] for name in ("delay", "journal", "qn_ms"))
        row = RawRow(
            time=key[0],
            seq=key[1],
            received_us=None if delay is None else key[0] * SECOND_US + delay,
            ref=None
            if journal is None
            else FrameRef(journal, columns["block"][place], columns["idx"][place]),
            qn=columns["qn"][place] if offset is None else qn_of(offset, key[0]),
            edition=columns["edition"][place],
            supplement=columns["supplement"][place],
            content={name: _said(texts, flags, name, key) for name in names},
        )
        found.append(row)
    return found


_ByKey = dict[tuple[int, int], str]


def _said(texts: dict[Name, "_ByKey"], flags: dict[str, "_ByKey"], name: Name, key: tuple[int, int]) -> str:
    """A text of a row; a flag stands with the values of its factor, or, where it came alone, by itself."""
    if name[1] == FLAG and key in flags.get(name[0], ()):
        return flags[name[0]][key]
    return texts[name][key]


def _texts(values: pa.Table) -> tuple[dict[Name, _ByKey], dict[str, _ByKey]]:
    """Texts by name and key, and the flags that came with values by factor and key."""
    texts: dict[Name, _ByKey] = {}
    flags: dict[str, _ByKey] = {}
    times, seqs = (column.tolist() for column in keys_of(values))
    keys = list(zip(times, seqs, strict=True))
    said = written(values)
    flagged = values["flag"].to_pylist()
    for (factor, field), start, end in runs(values):
        texts.setdefault((factor, field), {}).update(zip(keys[start:end], said[start:end], strict=True))
        if field != FLAG:
            held = flags.setdefault(factor, {})
            some = zip(keys[start:end], flagged[start:end], strict=True)
            held.update((key, flag) for key, flag in some if flag is not None)
    return texts, flags


def runs(values: pa.Table) -> list[tuple[Name, int, int]]:
    """Where each field of each factor begins and ends in a sorted table of one point."""
    if not values.num_rows:
        return []
    factor, field = (_codes(values[name]) for name in ("factor", "field"))
    turns = np.flatnonzero((np.diff(factor[0]) != 0) | (np.diff(field[0]) != 0)) + 1
    edges = [0, *turns.tolist(), values.num_rows]
    return [
        ((factor[1][factor[0][start]], field[1][field[0][start]]), start, end)
        for start, end in pairwise(edges)
    ]


def _codes(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], list[str]]:
    whole = one_piece(column)
    coded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    return coded.indices.to_numpy(zero_copy_only=False), coded.dictionary.to_pylist()


def written(values: pa.Table) -> list[str]:
    """The texts of all rows."""
    return decimals.joined(*(flat(values[name]) for name in ("mantissa", "scale", "text")))


def one_piece(column: pa.ChunkedArray) -> pa.Array:
    """One array; of texts perhaps with a dictionary."""
    if column.num_chunks == 1:
        return column.chunk(0)
    if not column.num_chunks:
        return pa.array([], column.type)
    return pa.concat_arrays(column.unify_dictionaries().chunks)


def flat(column: pa.ChunkedArray) -> pa.Array:
    """One array of plain values."""
    whole = one_piece(column)
    return whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole


def keys_of(table: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Times (epoch seconds) and seqs."""
    return (
        table["time"].cast(pa.int64()).to_numpy() // SECOND_US,
        table["seq"].to_numpy().astype(np.int64, copy=False),
    )


def qn_ms(qn: str, time: int) -> int | None:
    """Milliseconds from ``time`` (epoch seconds) to the moment that a QN of 17 digits says; None where it says none."""
    moment = parse_digits(qn) if len(qn) == _QN_DIGITS else None
    if moment is None:
        return None
    offset = to_us(moment) // 1000 - time * 1000
    return offset if qn_of(offset, time) == qn else None


def qn_of(offset: int, time: int) -> str:
    """The 17 digits again."""
    milliseconds = time * 1000 + offset + _EIGHT_HOURS_MS
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y%m%d%H%M%S}{milliseconds % 1000:03d}"
