"""What the platform knows goes into a record by itself: from the visit, the register and the clock."""

from datetime import datetime
from typing import Any

from mingcha.apps.accounts.models import User
from mingcha.apps.maintenance.forms import Form
from mingcha.apps.maintenance.forms.sheets import GIVEN
from mingcha.apps.maintenance.models import Visit
from mingcha.apps.registry.models import Instrument
from mingcha.core.clock import beijing

PM = ("a34013", "a34001", "a34002", "a34004")  # particulate matter: their maker stands in fields of its own


def given_values(form: Form, visit: Visit, technician: User, at: datetime) -> dict[str, Any]:
    """The header nobody types; kept as it was when the record was saved."""
    known = {
        "visit_id": visit.number,
        "discharger_name": visit.outlet.discharger.name,
        "outlet_code": visit.outlet.code,
        "om_agency": visit.agency.name,
        "technician": technician.name or technician.username,
        "record_time": beijing(at).isoformat(timespec="seconds"),
    }
    return {key: known[key] for key in GIVEN if form.field(key)}


def suggested_values(form: Form, visit: Visit, technician: User, at: datetime) -> dict[str, Any]:
    """A first draft: the given header, and what the register can propose for the person to correct."""
    local = beijing(at)
    instruments = list(visit.outlet.instruments.filter(removed_at=None))
    gas = next((i for i in instruments if i.factor not in PM), None)
    dust = next((i for i in instruments if i.factor in PM), None)
    proposed: dict[str, Any] = {
        "station_name": visit.outlet.name,
        "patrol_date": local.date().isoformat(),
        "test_date": local.date().isoformat(),
        "patrol_start": beijing(visit.sign_in_at).isoformat(timespec="seconds"),
        **_named("gas_cems", gas, "maker", "model"),
        **_named("pm_cems", dust, "maker", "model"),
        **_named("equipment", gas or dust, "id", "name", "model", "serial"),
    }
    fitting = {key: value for key, value in proposed.items() if form.field(key) and value}
    return fitting | given_values(form, visit, technician, at)


def _named(prefix: str, instrument: Instrument | None, *parts: str) -> dict[str, str]:
    if instrument is None:
        return {}
    known = {
        "id": str(instrument.pk), "name": f"{instrument.maker} {instrument.model}".strip(), "maker": instrument.maker,
        "model": instrument.model, "serial": instrument.serial,
    }  # fmt: skip
    return {f"{prefix}_{part}": known[part] for part in parts}
