"""Results in use out of history, as values and as columns, without going through their texts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mingcha.core.aggregates import HourCode
from mingcha.core.clock import from_epoch, to_us
from mingcha.store.telemetry.history import results, schema
from mingcha.store.telemetry.history.readings import SECOND_US, flat, one_piece
from mingcha.store.telemetry.history.results import V
from mingcha.store.telemetry.recent.columns import COUNTED, RAN, Columns
from mingcha.store.telemetry.recent.results import WITHDRAWN

# What ``columns_of`` reads: the digest of the inputs alone is half of a file.
ASKED = ("outlet", "factor", "start", "version", "at", "text", "mean", "converted", "minimum", "maximum", "code",
         "cause", "first")  # fmt: skip


def asked_of(level: str) -> list[str]:
    """The columns of a level that ``columns_of`` needs."""
    there = schema.results(level).names
    return [name for name in (*ASKED, COUNTED[level], RAN[level]) if name in there]


def in_use(table: pa.Table, as_of: datetime | None) -> pa.Table:
    """The last version (written by ``as_of``) of each value of one outlet, withdrawals left out; by factor and start."""
    if as_of is not None:
        written = _numbers(table, "at")
        table = table.filter(pa.array(written <= to_us(as_of)))
    if not table.num_rows:
        return table
    starts, factors = _numbers(table, "start"), _codes(table["factor"])
    last = np.append((starts[1:] != starts[:-1]) | (factors[1:] != factors[:-1]), True)
    withdrawn = np.array([text == WITHDRAWN for text in flat(table["text"]).to_pylist()], dtype=np.bool_)
    return table.filter(pa.array(last & ~withdrawn))


def values_of(kind: type[V], level: str, table: pa.Table) -> list[V]:
    """Rows of ``in_use`` as values."""
    names = list(schema.value_fields(level))
    columns = [flat(table[name]).to_pylist() for name in names]
    outlets, factors, texts = (flat(table[name]).to_pylist() for name in ("outlet", "factor", "text"))
    starts = (_numbers(table, "start") // SECOND_US).tolist()
    found: list[V] = []
    for place, typed in enumerate(zip(*columns, strict=True)):
        if texts[place] is not None:
            found += [results.value_of(kind, row) for row in results.decode(level, table.slice(place, 1))]
            continue
        said = dict(zip(names, typed, strict=True))
        if "code" in said:
            said["code"] = HourCode(said["code"])
        found.append(
            kind(outlet=outlets[place], factor=factors[place], start=from_epoch(starts[place]), **said)
        )
    return found


def columns_of(level: str, table: pa.Table) -> dict[str, Columns] | None:
    """Rows of ``in_use`` as columns by factor; None where a text has what no column has."""
    if table["text"].null_count < table.num_rows:
        return None
    factors = flat(table["factor"]).to_pylist()
    turns = [place for place in range(len(factors)) if not place or factors[place] != factors[place - 1]]
    edges = [*turns, len(factors)]
    return {
        factors[start]: _columns(level, table.slice(start, end - start)) for start, end in pairwise(edges)
    }


def _columns(level: str, table: pa.Table) -> Columns:
    def numbers(name: str) -> NDArray[np.float64]:
        if name not in table.column_names:
            return np.full(table.num_rows, np.nan)
        found: NDArray[np.float64] = one_piece(table[name]).to_numpy(zero_copy_only=False)
        return found.astype(np.float64)

    def counts(name: str) -> NDArray[np.int64]:
        if name not in table.column_names:
            return np.zeros(table.num_rows, dtype=np.int64)
        found: NDArray[np.int64] = one_piece(table[name]).fill_null(0).to_numpy(zero_copy_only=False)
        return found.astype(np.int64)

    def texts(name: str) -> list[str]:
        return _texts(table[name]) if name in table.column_names else [""] * table.num_rows

    return Columns(
        starts=_numbers(table, "start") // SECOND_US,
        mean=numbers("mean"),
        converted=numbers("converted"),
        minimum=numbers("minimum"),
        maximum=numbers("maximum"),
        counted=counts(COUNTED[level]),
        ran=counts(RAN[level]),
        codes=texts("code"),
        causes=texts("cause"),
        firsts=texts("first"),
        versions=_numbers(table, "version"),
        written=_numbers(table, "at"),
    )


def joined(parts: Sequence[dict[str, Columns]]) -> dict[str, Columns]:
    """Columns of different starts as one, by factor."""
    found = {}
    for factor in dict.fromkeys(chain.from_iterable(parts)):
        some = [part[factor] for part in parts if factor in part]
        found[factor] = some[0] if len(some) == 1 else _joined(some)
    return found


def _joined(parts: Sequence[Columns]) -> Columns:
    order = np.argsort(np.concatenate([part.starts for part in parts]), kind="stable")
    places = order.tolist()

    def arrays(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])[order]

    def texts(held: Iterable[Sequence[str]]) -> list[str]:
        whole = list(chain.from_iterable(held))
        return [whole[place] for place in places]

    numbers = ("starts", "mean", "converted", "minimum", "maximum", "counted", "ran", "versions", "written")
    return Columns(
        **{name: arrays(name) for name in numbers},
        codes=texts(part.codes for part in parts),
        causes=texts(part.causes for part in parts),
        firsts=texts(part.firsts for part in parts),
    )


def _numbers(table: pa.Table, name: str) -> NDArray[np.int64]:
    found: NDArray[np.int64] = one_piece(table[name]).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return found


def _codes(column: pa.ChunkedArray) -> NDArray[np.int64]:
    whole = one_piece(column)
    coded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    found: NDArray[np.int64] = coded.indices.to_numpy(zero_copy_only=False)
    return found


def _texts(column: pa.ChunkedArray) -> list[str]:
    whole = one_piece(column)
    coded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    words = np.array([*coded.dictionary.to_pylist(), ""], dtype=object)
    found: list[str] = words[coded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)].tolist()
    return found
