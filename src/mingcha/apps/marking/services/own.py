"""Marks and codes are the discharger's own."""

from mingcha.apps.accounts.models import User
from mingcha.apps.maintenance.words import say
from mingcha.apps.registry.models import Outlet
from mingcha.core.errors import NotAllowed


def own(by: User, outlet: Outlet) -> None:
    """Let pass who is of the outlet's discharger.

    Raises:
        NotAllowed: others.
    """
    if by.organisation_id != outlet.discharger_id:
        name = outlet.discharger.name
        raise NotAllowed(
            say(
                f"该排放口属于 {name}。标记和状态码由排污单位自行办理。",
                f"The outlet is {name}'s, and so are its marks and codes.",
            ),
            needs=name,
        )
