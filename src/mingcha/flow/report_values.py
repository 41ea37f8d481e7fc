"""What a report holds, and the same as plain values for its digest and for the API. R-75-13."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from mingcha.core.causes import Cause
from mingcha.core.digest import digest
from mingcha.core.facts import Limit
from mingcha.core.spans import Span
from mingcha.flow.report_periods import Period


class State(StrEnum):
    """How final a report is: its period runs on; is over, before the first cut (R-TR-3); after it."""

    RUNNING = "running"
    PROVISIONAL = "provisional"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Tally:
    """The hours of one factor in one row: how many by code and by cause; least and greatest valid hourly mean."""

    codes: tuple[tuple[str, int], ...] = ()
    causes: tuple[tuple[str, int], ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One factor in one row.

    ``known``: a value, or that there is none, was computed. ``code``: HJ 75 code of an hour, "" in other rows.
    ``count`` of ``of``: valid minutes of 60, valid hours of running hours, valid days of days due. ``cause``: why there
    is no value (of days and months the most frequent one of their hours). ``over``: above ``limit`` in full digits;
    None where there is nothing to compare. ``tally``: of days and months.
    """

    known: bool = False
    code: str = ""
    count: int = 0
    of: int = 0
    measured: float | None = None
    converted: float | None = None
    total: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    cause: str = ""
    limit: Limit | None = None
    over: bool | None = None
    tally: Tally = Tally()


@dataclass(frozen=True, slots=True)
class Extremes:
    """Of the values of one column. ``mean``: arithmetic mean of the rows; ``count``: rows with a value."""

    count: int
    maximum: float | None
    minimum: float | None
    mean: float | None


@dataclass(frozen=True, slots=True)
class Column:
    """One factor. ``decimals``: digits to show, None: all. ``total_unit``: "" where its amount has no meaning.

    ``has_converted``, ``has_total``: whether any row has one. ``total``: sum of the rows. ``whole``: the value of the
    whole day or month as kept (R-75-3.4, R-356-7.2, R-356-7.3); None for quarters and years, which no clause averages.
    ``limits``: in force in the period. ``over``: rows above them, of ``judged``.
    """

    factor: str
    unit: str
    decimals: int | None
    total_unit: str
    total_decimals: int | None
    has_converted: bool
    has_total: bool
    measured: Extremes
    converted: Extremes
    total: float | None
    whole: Cell | None
    limits: tuple[Limit, ...]
    over: int
    judged: int


@dataclass(frozen=True, slots=True)
class Row:
    """``state``: ``over``, ``running`` or ``future`` at the moment of the report. ``cells``: one a column."""

    name: str
    span: Span
    state: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """``at``: the moment it speaks of: now, or ``as_of``. ``missing``: cells of rows that are over, not computed."""

    outlet: str
    period: Period
    at: datetime
    as_of: datetime | None
    state: State
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def missing(self) -> int:
        return sum(
            not cell.known and cell.cause != Cause.NOT_CONNECTED
            for row in self.rows if row.state == "over" for cell in row.cells
        )  # fmt: skip

    @property
    def empty(self) -> bool:
        return not any(cell.known for row in self.rows for cell in row.cells)

    @property
    def digest(self) -> str:
        """SHA-256 of the content: the same values give the same digest, whenever and by whom the report is made."""
        return digest(content(self))


def content(found: Report) -> dict[str, Any]:
    """What the digest covers: outlet, period, columns, values; not when, for whom or as of when it was made."""
    return {
        "outlet": found.outlet,
        "kind": found.period.kind.value,
        "period": found.period.text,
        "columns": [_column_content(column) for column in found.columns],
        "rows": [
            {"name": row.name, "cells": [_cell_content(cell) for cell in row.cells]} for row in found.rows
        ],
    }


def _column_content(column: Column) -> dict[str, Any]:
    whole = column.whole
    return {
        "factor": column.factor, "unit": column.unit, "total_unit": column.total_unit,
        "measured": _extremes_content(column.measured), "converted": _extremes_content(column.converted),
        "total": column.total, "over": column.over, "judged": column.judged,
        "whole": None if whole is None else {"mean": whole.measured, "converted": whole.converted, "total": whole.total,
                                             "count": whole.count, "of": whole.of},
        "limits": [{"value": str(limit.value), "unit": limit.unit, "document": limit.document, "clause": limit.clause,
                    "from": limit.valid_from.isoformat()} for limit in column.limits],
    }  # fmt: skip


def _extremes_content(found: Extremes) -> dict[str, Any]:
    return {"count": found.count, "maximum": found.maximum, "minimum": found.minimum, "mean": found.mean}


def _cell_content(cell: Cell) -> dict[str, Any]:
    return {
        "known": cell.known, "code": cell.code, "count": cell.count, "of": cell.of, "measured": cell.measured,
        "converted": cell.converted, "total": cell.total, "minimum": cell.minimum, "maximum": cell.maximum,
        "cause": cell.cause, "limit": None if cell.limit is None else str(cell.limit.value), "over": cell.over,
        "codes": dict(cell.tally.codes), "causes": dict(cell.tally.causes),
    }  # fmt: skip
