"""Who still speaks which edition, and in which dialect."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mingcha.apps.accounts.permissions import Viewer, require
from mingcha.apps.devices.models import StationSetting
from mingcha.apps.devices.selectors.stations import stations_visible_to
from mingcha.core.clock import from_us
from mingcha.protocol.hj212 import PLAIN_DIALECT


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One station. ``registered``: as in the register; ``demanded``: by its setting, "" = none; ``spoken``: as heard.

    ``dialect``: settings that differ from the defaults. ``deviations``: how often each was counted by the gateway.
    """

    mn: str
    st: str
    outlet: str
    outlet_name: str
    discharger: str
    district: str
    registered: str
    demanded: str
    spoken: str
    dialect: Mapping[str, Any]
    since: datetime | None
    frames: int
    deviations: Mapping[str, int] = field(default_factory=dict)
    last_seen: datetime | None = None

    @property
    def differs(self) -> bool:
        """Whether it speaks another edition than it is registered or told to."""
        return bool(self.spoken) and self.spoken != (self.demanded or self.registered)


def editions_board(
    user: Viewer, at: datetime, seen: Mapping[str, Mapping[str, Any]] | None = None
) -> list[BoardRow]:
    """Every station in place that the viewer sees, the oldest edition first.

    ``seen``: by MN what the gateways counted, as ``gateway.stats.boards`` gives it: ``edition``, ``frames``,
    ``deviations`` (code → number), ``last_seen_us``.

    Raises:
        NotAllowed: the role may not.
    """
    require(user, "station.view")
    usual = PLAIN_DIALECT.to_json()
    held = {
        row.datalogger.mn: row
        for row in StationSetting.objects.filter(valid_from__lte=at)
        .select_related("datalogger")
        .order_by("valid_from", "id")
    }
    rows = []
    for logger in stations_visible_to(user).filter(removed_at=None):
        setting, counted = held.get(logger.mn), (seen or {}).get(logger.mn, {})
        outlet = logger.outlet
        district = outlet.discharger.district
        dialect = setting.dialect if setting is not None else {}
        rows.append(
            BoardRow(
                mn=logger.mn, st=logger.st, outlet=outlet.key, outlet_name=outlet.name,
                discharger=outlet.discharger.name, district=district.code if district else "",
                registered=logger.edition, demanded=setting.edition if setting is not None else "",
                spoken=str(counted.get("edition") or ""),
                dialect={name: value for name, value in dialect.items() if value != usual.get(name)},
                since=setting.valid_from if setting is not None else None,
                frames=int(counted.get("frames", 0)), deviations=dict(counted.get("deviations", {})),
                last_seen=from_us(counted["last_seen_us"]) if counted.get("last_seen_us") else None,
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row.spoken or row.demanded or row.registered, row.mn))
