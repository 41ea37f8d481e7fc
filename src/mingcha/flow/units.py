"""Whether a factor is filed in the unit its datalogger reports in. A unit that differs is never used silently."""

from dataclasses import dataclass
from datetime import datetime

from mingcha.core.facts import OutletFacts, Setting
from mingcha.protocol.hj212.factors import unit_of
from mingcha.stats.flow import PER_SECOND

# Ways to write one unit, as people file them → as the factor table writes it.
_WRITTEN = {
    "mg/m³": "mg/m3", "mg/Nm3": "mg/m3", "mg/Nm³": "mg/m3", "mg/m^3": "mg/m3", "毫克/立方米": "mg/m3",
    "ug/m³": "ug/m3", "μg/m3": "ug/m3", "μg/m³": "ug/m3", "µg/m3": "ug/m3", "µg/m³": "ug/m3", "μg/L": "ug/L", "µg/L": "ug/L",
    "mg/l": "mg/L", "毫克/升": "mg/L", "l/s": "L/s", "升/秒": "L/s",
    "m³/s": "m3/s", "m³/h": "m3/h", "Nm3/h": "m3/h", "Nm³/h": "m3/h", "立方米/时": "m3/h", "立方米/秒": "m3/s",
    "℃": "degC", "°C": "degC", "C": "degC", "摄氏度": "degC", "％": "%", "无量纲": "1", "pH": "1", "-": "1",
    "米/秒": "m/s", "千帕": "kPa", "帕": "Pa",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps a factor from being computed since ``start``: found, expected, and what to do."""

    outlet: str
    factor: str
    start: datetime
    found: str
    expected: str

    @property
    def text(self) -> str:
        return (
            f"{self.outlet} {self.factor}: filed in {self.found!r}, the datalogger reports in {self.expected!r}; "
            "nothing is computed from it. Mend the setting of the point, or the unit table of the datalogger"
        )


def written(unit: str) -> str:
    """One way of writing for each unit."""
    return _WRITTEN.get(unit.strip(), unit.strip())


def mismatch(facts: OutletFacts, setting: Setting) -> str:
    """The unit the datalogger reports in where ``setting`` files another; "" where they agree or one is not known.

    A flow in another known unit is converted (``stats.flow``), so it is no mismatch; in an unknown one it stops the
    outlet there.
    """
    reported = written(unit_of(setting.factor, facts.units))
    filed = written(setting.unit)
    if not filed or not reported or filed == reported:
        return ""
    if reported in PER_SECOND:
        return ""
    return reported
