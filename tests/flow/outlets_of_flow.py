"""Outlets and packets made by hand, in a real store."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from mingcha.core.facts import Limit, Medium, OutletFacts, PointSpan, Setting
from mingcha.core.packets import MINUTE, FactorReading, Packet

MN = "31011500000001"
DAY = datetime(2026, 3, 1, 16, tzinfo=UTC)  # 2026-03-02 00:00 Beijing
TEN = timedelta(minutes=10)
HOUR = timedelta(hours=1)
UNITS = {
    "a21026": "mg/m3", "a19001": "%", "a00000": "m3/s", "a01011": "m/s", "w01018": "mg/L", "w00000": "L/s", "w01001": "1",
}  # fmt: skip


def limit(value="35", *, factor="a21026", o2="6", averaging="hour", start=date(2020, 1, 1), end=None):
    return Limit(
        factor, Decimal(value), UNITS[factor], averaging, "排污许可证", "表1", start, end,
        None if o2 is None else Decimal(o2),
    )  # fmt: skip


def facts(*, medium=Medium.GAS, factors=("a21026", "a19001", "a00000"), limits=None, points=None, **rest):
    st = "31" if medium is Medium.GAS else "32"
    return OutletFacts(
        "91310000A/DA001", "一号排放口", medium, "shanghai",
        points or (PointSpan(f"{MN}/{st}", DAY - timedelta(days=400)),),
        (limit(),) if limits is None else limits,
        tuple(Setting(factor, UNITS[factor]) for factor in factors), **rest,
    )  # fmt: skip


def packet(moment, values, *, kind=MINUTE, flags=None, mn=MN, st="31", field=None, cou=None, received=None):
    """One frame's readings: ``values`` by factor as text or number, None leaves the factor out."""
    name = field or ("Rtd" if kind == "2011" else "Avg")
    readings = tuple(
        FactorReading(
            factor,
            ((name, str(value)), *((("Cou", str(cou[factor])),) if cou and factor in cou else ())),
            (flags or {}).get(factor, "N"),
        )
        for factor, value in values.items()
        if value is not None
    )
    return Packet(mn, st, kind, moment, readings, "2017", received=received or moment + TEN)


def hour_of(start, **factors):
    """Six ten-minute packets; a list gives each its own value."""
    return [
        packet(start + n * TEN, {f: v[n] if isinstance(v, list) else v for f, v in factors.items()})
        for n in range(6)
    ]


def day_of(start, hours=24, **factors):
    return [p for n in range(hours) for p in hour_of(start + n * HOUR, **factors)]
