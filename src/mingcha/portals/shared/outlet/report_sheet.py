"""A report as texts: the one layout that page, Excel and PDF share. Rounding happens here, after every comparison."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from mingcha.core.aggregates import HourCode
from mingcha.core.facts import Medium, OutletFacts
from mingcha.flow.report_periods import LEVEL, Kind
from mingcha.flow.report_values import Cell, Column, Extremes, Report, Row, State
from mingcha.portals.shared import causes, charts, words
from mingcha.stats.decimals import shown

MEASURED, CONVERTED, TOTAL, STATUS = "measured", "converted", "total", "status"
DASH = "—"
CODES_SHOWN = 3  # beside a day or month; all of them are in the API


@dataclass(frozen=True, slots=True)
class Part:
    """One column of the table. ``digits``: None shows all. ``label``: its head with the factor's name, for cards."""

    name: str
    head: str
    unit: str
    digits: int | None
    label: str


@dataclass(frozen=True, slots=True)
class Group:
    """The columns of one factor."""

    factor: str
    name: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """One cell. ``number``: where it is one, in full digits. ``over``: above its limit. ``missing``: a silence."""

    text: str
    number: float | None = None
    over: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """``boxes``: in the order of all parts of all groups."""

    name: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """``head``: pairs of label and text. ``foot``: maxima, minima, means, sums, counts, limits."""

    title: str
    head: tuple[tuple[str, str], ...]
    first: str
    groups: tuple[Group, ...]
    lines: tuple[Line, ...]
    foot: tuple[Line, ...]
    notes: tuple[str, ...]

    @property
    def parts(self) -> list[Part]:
        return [part for group in self.groups for part in group.parts]


def sheet(found: Report, facts: OutletFacts, discharger: str, outlet_name: str) -> Sheet:
    level = LEVEL[found.period.kind]
    groups = tuple(_group(column, level) for column in found.columns)
    return Sheet(
        title=title(found.period.kind),
        head=tuple(_head(found, facts, discharger, outlet_name)),
        first={"hour": gettext("时段"), "day": gettext("日期"), "month": gettext("月份")}[level],
        groups=groups,
        lines=tuple(_line(row, found.columns, groups, level) for row in found.rows),
        foot=tuple(_foot(found, groups)),
        notes=tuple(_notes(found, facts)),
    )


def title(kind: Kind) -> str:
    return {
        Kind.DAY: gettext("小时数据日报表"), Kind.MONTH: gettext("日数据月报表"),
        Kind.QUARTER: gettext("月数据季报表"), Kind.YEAR: gettext("月数据年报表"),
    }[kind]  # fmt: skip


def state_word(state: State) -> str:
    return {
        State.RUNNING: gettext("未结束"), State.PROVISIONAL: gettext("暂定"), State.COMPLETE: gettext("已截止"),
    }[state]  # fmt: skip


def state_text(found: Report) -> str:
    """What the state means, and what is missing."""
    said = {
        State.RUNNING: gettext("这个时段还没有结束，数值会变。"),
        State.PROVISIONAL: gettext("时段已结束，首次截止前的补传和标记还会改变数值。"),
        State.COMPLETE: gettext("时段已结束并过首次截止；以后的修订另有版本。"),
    }[found.state]
    if found.missing:
        said += gettext("结果不完整：有 %(n)d 个值到时未算出，表中写“缺”。") % {"n": found.missing}
    return said


# --- head, columns, notes -----------------------------------------------------------------------------


def _head(found: Report, facts: OutletFacts, discharger: str, outlet_name: str) -> Iterator[tuple[str, str]]:
    span = found.period.span
    yield gettext("排污单位"), discharger
    yield gettext("排放口"), f"{facts.key.partition('/')[2]} {outlet_name}".strip()
    yield gettext("时段"), f"{found.period.text}（{words.span_text(span.start, span.end)}）"
    yield gettext("状态"), f"{state_word(found.state)}{gettext('。')}{state_text(found)}"


def _group(column: Column, level: str) -> Group:
    name = words.factor_name(column.factor)
    unit, amount = words.unit_text(column.unit), words.unit_text(column.total_unit)
    parts = [(MEASURED, gettext("实测"), unit, column.decimals)]
    if column.has_converted:
        parts.append((CONVERTED, gettext("折算"), unit, column.decimals))
    if column.has_total:
        head = gettext("排放量") if column.total_unit != "m3" else gettext("累计流量")
        parts.append((TOTAL, head, amount, column.total_decimals))
    status = {
        "hour": gettext("状态·有效分"),
        "day": gettext("有效时/运行时"),
        "month": gettext("有效日/应有日"),
    }
    parts.append((STATUS, status[level], "", None))
    return Group(column.factor, name, tuple(Part(*part, f"{name} {part[1]}") for part in parts))


def _notes(found: Report, facts: OutletFacts) -> Iterator[str]:
    if facts.medium is Medium.GAS:
        yield gettext(
            "废气浓度与标干流量按标准状态（273.15 K，101.325 kPa，干基）；折算按基准氧含量。温度、湿度、压力、流速为实际状态。"
        )
    else:
        yield gettext("废水日均值按流量加权；pH、水温、流量不加权。")
    yield gettext("排放量由有效数据算出，未作替代。数据未经审核，可能修订。")
    yield gettext("小时代码：") + gettext("，").join(f"{code} {code_word(code)}" for code in HourCode)
    for column in found.columns:
        for limit in column.limits:
            yield f"{words.factor_name(column.factor)} {charts.limit_text(limit)}"
    if any(column.over for column in found.columns):
        yield gettext("▲ 高于限值；按全部数字比较，是否超标以判定为准。")


def code_word(code: HourCode) -> str:
    """The code words of HJ 75-2017 appendix H."""
    return {
        HourCode.NORMAL: gettext("正常"), HourCode.STOPPED: gettext("停运"), HourCode.START: gettext("启炉"),
        HourCode.SHUTDOWN: gettext("停炉"), HourCode.BANKED: gettext("闷炉"), HourCode.CALIBRATION: gettext("校准"),
        HourCode.MAINTENANCE: gettext("维护"), HourCode.FAULT: gettext("故障"), HourCode.OVER_RANGE: gettext("超量程"),
        HourCode.NO_DATA: gettext("无数据"),
    }[code]  # fmt: skip


# --- rows ---------------------------------------------------------------------------------------------


def _line(row: Row, columns: Sequence[Column], groups: Sequence[Group], level: str) -> Line:
    boxes = [
        _box(part, cell, row, level)
        for cell, group in zip(row.cells, groups, strict=True)
        for part in group.parts
    ]
    return Line(f"{row.name}:00" if level == "hour" else row.name, tuple(boxes))


def _box(part: Part, cell: Cell, row: Row, level: str) -> Box:
    if part.name == STATUS:
        return Box(_status(cell, row, level), missing=not cell.known)
    value = {MEASURED: cell.measured, CONVERTED: cell.converted, TOTAL: cell.total}[part.name]
    if value is not None:
        at_reference = cell.limit is not None and cell.limit.reference_o2 is not None
        compared = part.name == (CONVERTED if at_reference else MEASURED)
        return _number(part, value, cell, compared)
    if part.name == MEASURED:
        return Box(_silence(cell, row, level), missing=True)
    return Box(DASH, missing=True)


def _number(part: Part, value: float, cell: Cell, compared: bool) -> Box:
    over = compared and cell.over is True
    limit = cell.limit.value if over and cell.limit is not None else None
    text = shown(value, None) if part.digits is None else words.number_text(value, part.digits, limit)
    return Box(f"{text} ▲" if over else text, value, over)


def _silence(cell: Cell, row: Row, level: str) -> str:
    """What stands where no measured value does (ui.md §4)."""
    if not cell.known:
        return words.silence("missing") if row.state == "over" and not cell.cause else DASH
    if level == "hour":
        return words.silence(cell.code)
    return words.silence(HourCode.STOPPED.value) if cell.of == 0 else gettext("无效")


def _status(cell: Cell, row: Row, level: str) -> str:
    """``N 60``, ``C 15 校准``; ``22/24``, ``12/24 故障``; why there is nothing at all."""
    why = causes.cause_word(cell.cause) if cell.cause else ""
    if not cell.known:
        if row.state == "future":
            return gettext("未到")
        return why or (gettext("进行中") if row.state == "running" else gettext("未算出"))
    said = f"{cell.code} {cell.count}" if level == "hour" else f"{cell.count}/{cell.of}{_other_codes(cell)}"
    return f"{said} {why}".strip()


def _other_codes(cell: Cell) -> str:
    """`` C2 F1``: the hours of a day or month that are not valid, by their code, the most frequent ones."""
    others = [f" {code}{hours}" for code, hours in cell.tally.codes if code != HourCode.NORMAL]
    return "".join(others[:CODES_SHOWN])


# --- foot ---------------------------------------------------------------------------------------------


def _foot(found: Report, groups: Sequence[Group]) -> Iterator[Line]:
    def line(name: str, box: Callable[[Part, Column], Box]) -> Line:
        pairs = [
            (part, column)
            for group, column in zip(groups, found.columns, strict=True)
            for part in group.parts
        ]
        return Line(name, tuple(box(part, column) for part, column in pairs))

    yield line(gettext("最大值"), lambda part, column: _of(part, _extremes(part, column), "maximum"))
    yield line(gettext("最小值"), lambda part, column: _of(part, _extremes(part, column), "minimum"))
    yield line(gettext("平均值"), lambda part, column: _of(part, _extremes(part, column), "mean"))
    yield line(
        gettext("合计"), lambda part, column: _plain(part, column.total if part.name == TOTAL else None)
    )
    yield line(gettext("样本数"), _samples)
    if found.period.kind in (Kind.DAY, Kind.MONTH):
        name = gettext("日均值") if found.period.kind is Kind.DAY else gettext("月均值")
        yield line(name, _whole)
    if found.period.kind in (Kind.DAY, Kind.MONTH):
        yield line(gettext("限值"), _limit)
        yield line(gettext("高于限值"), _over)


def _extremes(part: Part, column: Column) -> Extremes | None:
    return {MEASURED: column.measured, CONVERTED: column.converted}.get(part.name)


def _of(part: Part, found: Extremes | None, name: str) -> Box:
    return _plain(part, None if found is None else getattr(found, name))


def _nothing(part: Part) -> Box:
    """Not applicable; under the codes nothing stands at all."""
    return Box("" if part.name == STATUS else DASH, missing=True)


def _plain(part: Part, value: float | None) -> Box:
    if value is None:
        return _nothing(part)
    return Box(shown(value, None) if part.digits is None else words.number_text(value, part.digits), value)


def _samples(part: Part, column: Column) -> Box:
    found = _extremes(part, column)
    return _nothing(part) if found is None else Box(str(found.count), float(found.count))


def _whole(part: Part, column: Column) -> Box:
    """The value kept of the whole day or month; it has its own rule of how many hours or days it needs."""
    whole = column.whole
    if whole is None:
        return Box(gettext("未算出") if part.name == STATUS else DASH, missing=True)
    if part.name == STATUS:
        return Box(f"{whole.count}/{whole.of}")
    value = {MEASURED: whole.measured, CONVERTED: whole.converted, TOTAL: whole.total}[part.name]
    if value is None and part.name == MEASURED:
        silent = words.silence(HourCode.STOPPED.value) if whole.of == 0 else gettext("无效")
        return Box(silent, missing=True)
    return _plain(part, value)


def _limit(part: Part, column: Column) -> Box:
    texts = [f"{limit.value:f}" for limit in column.limits if part.name == _limited(limit.reference_o2)]
    return Box("→".join(texts)) if texts else _nothing(part)


def _over(part: Part, column: Column) -> Box:
    """Rows above the limit, of those compared."""
    limited = column.limits and part.name == _limited(column.limits[-1].reference_o2)
    if not limited:
        return _nothing(part)
    return Box(f"{column.over}/{column.judged}", over=column.over > 0)


def _limited(reference_o2: object) -> str:
    return MEASURED if reference_o2 is None else CONVERTED


def made_text(at: datetime, as_of: datetime | None, person: str) -> str:
    """The foot of a file: when, as of when, by whom."""
    said = gettext("生成 %(at)s，截至 %(as_of)s，%(person)s") % {
        "at": words.table_time(at), "as_of": words.table_time(as_of or at), "person": person,
    }  # fmt: skip
    return str(said)
