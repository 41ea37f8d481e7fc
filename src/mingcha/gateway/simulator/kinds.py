"""What plants are like: one table row a kind. Typical magnitudes of real outlets, not limits.

Concentrations of gas are mg/m³ at the reference oxygen and full load, of water mg/L.
"""

from dataclasses import dataclass

from mingcha.core.facts import Medium

PM, SO2, NOX = "a34013", "a21026", "a21002"
O2, TEMPERATURE, HUMIDITY, VELOCITY, PRESSURE, GAS_FLOW = (
    "a19001",
    "a01012",
    "a01014",
    "a01011",
    "a01013",
    "a00000",
)
PH, WATER_TEMPERATURE, WATER_FLOW = "w01001", "w01010", "w00000"
COD, NH3N, TP, TN = "w01018", "w21003", "w21011", "w21001"

# Digits after the point that analysers of the kind report; finer than the wire format asks where devices are.
DECIMALS = {
    PM: 2, SO2: 2, NOX: 1, O2: 2, TEMPERATURE: 1, HUMIDITY: 1, VELOCITY: 2, PRESSURE: 3, GAS_FLOW: 2,
    PH: 2, WATER_TEMPERATURE: 1, WATER_FLOW: 2, COD: 1, NH3N: 3, TP: 3, TN: 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Load over the day and week: between ``low`` and ``high`` with its peak at ``peak_h`` o'clock Beijing.

    ``weekend`` multiplies Saturdays and Sundays. ``open_h``: hours in which the works discharges at
    all, None where it never stops.
    """

    low: float
    high: float
    peak_h: float
    weekend: float = 1.0
    open_h: tuple[float, float] | None = None
    swing: float = 0.04


@dataclass(frozen=True, slots=True)
class Pollutant:
    """``swing``: relative standard deviation. ``follows``: power with which it follows the load."""

    factor: str
    level: float
    swing: float
    follows: float
    range_top: float


@dataclass(frozen=True, slots=True)
class GasKind:
    """A stack. ``o2_idle`` is how many points of oxygen a fall to zero load adds."""

    name_zh: str
    rhythm: Rhythm
    reference_o2: float
    o2: float
    o2_idle: float
    temperature: float
    humidity: float
    velocity: float
    area_m2: float
    pressure_kpa: float
    pollutants: tuple[Pollutant, ...]
    medium: Medium = Medium.GAS
    st: str = "31"


@dataclass(frozen=True, slots=True)
class WaterKind:
    """A waste-water outlet. ``cycle_s``: how often the analysers take a sample; between, the value is held."""

    name_zh: str
    rhythm: Rhythm
    flow: float
    ph: float
    temperature: float
    cycle_s: int
    pollutants: tuple[Pollutant, ...]
    medium: Medium = Medium.WATER
    st: str = "32"


def _gas(pm: float, so2: float, nox: float) -> tuple[Pollutant, ...]:
    return (
        Pollutant(PM, pm, 0.12, 0.5, 50.0),
        Pollutant(SO2, so2, 0.22, 0.9, 200.0),
        Pollutant(NOX, nox, 0.10, 0.6, 400.0),
    )


def _water(cod: float, nh3n: float, tp: float, tn: float) -> tuple[Pollutant, ...]:
    return (
        Pollutant(COD, cod, 0.14, 0.4, 200.0),
        Pollutant(NH3N, nh3n, 0.22, 0.6, 20.0),
        Pollutant(TP, tp, 0.18, 0.4, 5.0),
        Pollutant(TN, tn, 0.12, 0.4, 50.0),
    )


_STEADY = Rhythm(0.82, 0.96, 14.0)
_HEAT = Rhythm(0.55, 0.95, 10.0, weekend=0.85, swing=0.06)
_TOWN = Rhythm(0.45, 0.95, 21.0, swing=0.06)
_SHIFT = Rhythm(0.6, 0.95, 13.0, weekend=0.8, open_h=(7.0, 22.0), swing=0.08)

KINDS: dict[str, GasKind | WaterKind] = {
    "coal_boiler": GasKind("燃煤锅炉", _HEAT, 9.0, 8.6, 4.0, 62.0, 11.5, 11.0, 4.2, -0.35, _gas(4.2, 14.0, 31.0)),
    "gas_boiler": GasKind("燃气锅炉", _HEAT, 3.5, 3.9, 2.5, 84.0, 14.0, 8.5, 0.8, -0.12, _gas(1.6, 3.2, 28.0)),
    "waste_incinerator": GasKind(
        "垃圾焚烧炉", _STEADY, 11.0, 8.4, 3.5, 148.0, 21.0, 14.5, 3.1, -0.48, _gas(2.8, 17.0, 88.0)
    ),
    "cement_kiln": GasKind("水泥窑", _STEADY, 10.0, 9.6, 3.0, 104.0, 8.5, 13.0, 9.6, -0.62, _gas(5.5, 12.0, 62.0)),
    "sewage_plant": WaterKind("污水处理厂", _TOWN, 420.0, 7.15, 21.0, 7200, _water(22.0, 0.62, 0.19, 8.6)),
    "chemical_works": WaterKind("化工厂", _STEADY, 26.0, 7.42, 27.0, 7200, _water(48.0, 2.1, 0.31, 14.5)),
    "food_factory": WaterKind("食品厂", _SHIFT, 9.5, 7.05, 25.0, 3600, _water(56.0, 3.4, 0.58, 16.0)),
    "hospital": WaterKind(
        "医院", Rhythm(0.3, 0.95, 11.0, weekend=0.75, swing=0.1), 4.2, 7.3, 23.0, 14_400, _water(36.0, 5.2, 0.66, 19.0)
    ),
}  # fmt: skip
