"""How times, deadlines and numbers read on a page (ui.md §4, §6). Pure: ``now`` is an argument."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from django.utils.translation import get_language, gettext, gettext_noop, pgettext

from mingcha.core.clock import beijing, beijing_day, day_end, day_start
from mingcha.protocol.hj212 import factors

PLAIN_UNITS = {"1": "", "degC": "°C", "%": "%"}
RAISED = str.maketrans("23", "²³")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LAST_HOURS = timedelta(hours=2)
COMMAS_FROM = 10_000
# Digits after the point where the table of codes gives another number: ui.md §4.
DIGITS = {"a19001": 2, "a01014": 2, "a01011": 2, "a01012": 1, "a00000": 0, "w00000": 1}
GAS_DIGITS = 1


def table_time(moment: datetime) -> str:
    """``2026-11-23 14:05`` on the Beijing clock."""
    return beijing(moment).strftime("%Y-%m-%d %H:%M")


def table_time_seconds(moment: datetime) -> str:
    """``2026-11-23 14:05:20`` on the Beijing clock."""
    return beijing(moment).strftime("%Y-%m-%d %H:%M:%S")


def sentence_time(moment: datetime) -> str:
    """``11月23日14:05``; the end of a day is 24:00 of that day."""
    local = beijing(moment)
    if local.hour == local.minute == 0:
        before = local - timedelta(minutes=1)
        return gettext("%(month)d月%(day)d日 24:00") % {"month": before.month, "day": before.day}
    clock = local.strftime("%H:%M")
    return gettext("%(month)d月%(day)d日%(clock)s") % {"month": local.month, "day": local.day, "clock": clock}


def span_text(start: datetime, end: datetime) -> str:
    """``2026-11-23 02:00 至 05:00``; the later day is said only where it differs, midnight is 24:00."""
    first, last = beijing(start), beijing(end)
    if last.hour == last.minute == 0 and end > start:
        day, clock = (last - timedelta(minutes=1)).date(), "24:00"
    else:
        day, clock = last.date(), last.strftime("%H:%M")
    tail = clock if day == first.date() else f"{day:%Y-%m-%d} {clock}"
    return gettext("%(start)s 至 %(end)s") % {"start": table_time(start), "end": tail}


def hour_text(start: datetime) -> str:
    """``14时（14:00–15:00）``."""
    hour = beijing(start).hour
    return gettext("%(hour)d时（%(hour)02d:00–%(next)02d:00）") % {"hour": hour, "next": hour + 1}


def length_text(length: timedelta) -> str:
    """``3 天 2 小时``, ``3 小时 20 分``, ``20 分``: the two largest parts."""
    minutes = int(length.total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        tail = gettext(" %(n)d 小时") % {"n": hours} if hours else ""
        return gettext("%(n)d 天") % {"n": days} + tail
    if hours:
        tail = gettext(" %(n)d 分") % {"n": rest} if rest else ""
        return gettext("%(n)d 小时") % {"n": hours} + tail
    return gettext("%(n)d 分") % {"n": rest}


def ago_text(moment: datetime, now: datetime) -> str:
    """``刚刚``, ``5 分前``: relative time, to stand beside the absolute one."""
    if now - moment < timedelta(minutes=1):
        return gettext("刚刚")
    return gettext("%(length)s前") % {"length": length_text(now - moment)}


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline chip. ``tone`` and ``shape`` as in badges; ``text`` the time left or lost; ``at`` the moment."""

    text: str
    at: str
    tone: str
    shape: str


def deadline(
    due: datetime, now: datetime, *, met: datetime | None = None, counted_days: Sequence[str] = ()
) -> Deadline:
    """What the chip says; orange on the last (working) day or within two hours, red once late."""
    at = sentence_time(due)
    if met is not None:
        if met <= due:
            return Deadline(gettext("按期完成"), at, "good", "good")
        return Deadline(gettext("逾期%(length)s完成") % {"length": _after(met - due)}, at, "grace", "good")
    if now > due:
        return Deadline(gettext("逾期%(length)s") % {"length": _after(now - due)}, at, "breach", "late")
    left = [day for day in counted_days if date.fromisoformat(day) > beijing_day(now)]
    last = beijing_day(due - timedelta(microseconds=1)) == beijing_day(now) or due - now <= LAST_HOURS
    tone, shape = ("suspicion", "near") if last else ("notice", "waiting")
    if left and not last:
        text = gettext("剩 %(n)d 个工作日") % {"n": len(left)}
    else:
        text = gettext("剩 %(length)s") % {"length": length_text(due - now)}
    return Deadline(text, at, tone, shape)


def _after(length: timedelta) -> str:
    return f" {length_text(length)}"


def today(now: datetime) -> tuple[datetime, datetime]:
    """The present Beijing day as UTC moments."""
    day = beijing_day(now)
    return day_start(day), day_end(day)


def factor_name(code: str) -> str:
    """The name in the language of the page; the code itself where no table knows it."""
    known = factors.lookup(code)
    if known is None:
        return code or gettext("全部因子")
    return known.name_en if get_language() == "en" and known.name_en else known.name_zh


def factor_unit(code: str) -> str:
    """The unit of the table of codes, as pages write it."""
    known = factors.lookup(code)
    return unit_text(known.unit) if known is not None else ""


def field_unit(factor: str, field: str) -> str:
    """The unit of a sub-field: amounts (Cou) are masses or volumes, all others concentrations."""
    known = factors.lookup(factor)
    if field == "Cou" and known is not None:
        return unit_text(known.unit_mass)
    return factor_unit(factor)


def principle_name(principle: str) -> str:
    """How a gas is taken to the analyser."""
    return {
        "extractive": gettext("完全抽取式"), "dilution": gettext("稀释抽取式"), "in_situ": gettext("直接测量式"),
        "nmhc": gettext("非甲烷总烃"),
    }.get(principle, principle)  # fmt: skip


def field_name(field: str) -> str:
    """A sub-field of HJ 212 in words, with its name on the wire: ``实时值 Rtd``."""
    said = {
        "Rtd": gettext("实时值"),
        "Min": gettext("最小"),
        "Avg": gettext("均值"),
        "Max": gettext("最大"),
        "Cou": gettext("累计"),
    }
    known = said.get(field.removeprefix("Zs"))
    if known is None:
        return field
    return f"{gettext('折算')} {known} {field}" if field.startswith("Zs") else f"{known} {field}"


def value_name(name: str) -> str:
    """What a value in a receipt is called; one without a word reads as its name."""
    return {
        "value": gettext("值"), "limit": gettext("限值"), "shown": gettext("显示为"), "unit": gettext("单位"),
        "multiple": gettext("超标倍数"), "converted": gettext("已折算"), "near_share": gettext("接近限值的比例"),
        "urgent_multiple": gettext("严重超标的倍数"), "valid_minutes": gettext("有效分钟"), "code": gettext("小时标识"),
        "mean": gettext("均值"), "minimum": gettext("最小"), "maximum": gettext("最大"), "factor": gettext("因子"),
    }.get(name, name)  # fmt: skip


def unit_text(unit: str) -> str:
    """``mg/m3`` as ``mg/m³``, ``degC`` as ``°C``; a dimensionless 1 is no unit."""
    if unit in PLAIN_UNITS:
        return PLAIN_UNITS[unit]
    return unit.translate(RAISED) if "/m" in unit or unit.startswith("m") else unit


def factor_digits(code: str) -> int:
    """Digits after the point: gas 1, O₂, humidity and velocity 2, flow 0, water by the table of codes."""
    if code in DIGITS:
        return DIGITS[code]
    known = factors.lookup(code)
    if known is None or code.startswith("a"):
        return GAS_DIGITS
    return known.decimals if known.decimals is not None else GAS_DIGITS


def number_text(value: float | Decimal, digits: int, limit: float | Decimal | None = None) -> str:
    """``value`` with ``digits``; more where rounding would hide that it is over ``limit``; commas from 10,000."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    shown = _rounded(exact, digits)
    if limit is not None:
        bound = limit if isinstance(limit, Decimal) else Decimal(repr(limit))
        while exact > bound >= shown and digits < 8:
            digits += 1
            shown = _rounded(exact, digits)
    return f"{shown:,f}" if abs(shown) >= COMMAS_FROM else f"{shown:f}"


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)


# What stands where no number does; by state of the hour or flag of the reading.
def silence(code: str) -> str:
    """``停``, ``无效 C``, ``缺`` or ``未判``: silences differ (ui.md §4)."""
    if code == "F":
        return pgettext("cell", "停")
    if code in ("", "Md", "missing"):
        return pgettext("cell", "缺")
    if code == "not_judged":
        return pgettext("cell", "未判")
    return gettext("无效 %(code)s") % {"code": code}


def rate_text(part: int, whole: int) -> str:
    """``96.2%(2078/2160)``; ``—`` where nothing was due."""
    if whole == 0:
        return "—"
    return f"{part * 100 / whole:.1f}%({part}/{whole})"


# Words of choices in the apps' tables, which templates hand to ``translate`` as they are.
CHOICES = (
    gettext_noop("必办"), gettext_noop("应知"), gettext_noop("可看"), gettext_noop("小时"), gettext_noop("日"),
    gettext_noop("排污单位"), gettext_noop("运维机构"), gettext_noop("无"),
)  # fmt: skip
