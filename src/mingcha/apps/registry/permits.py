"""What a permit allows, as plain values for ``flow.emissions``."""

from mingcha.apps.registry.models import Outlet
from mingcha.apps.registry.selectors import permitted_in_force
from mingcha.flow.permits import Permit


def permits_of(outlet: Outlet, year: int) -> tuple[Permit, ...]:
    """The amounts in force of an outlet the caller may see, and those of its whole discharger."""
    held = permitted_in_force(outlet.discharger, year)
    return tuple(
        Permit(row.factor, row.period, row.tonnes, row.document, row.clause, whole=row.outlet_id is None)
        for row in held
        if row.outlet_id in (None, outlet.pk)
    )
