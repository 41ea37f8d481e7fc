"""What the gateway must know of the loggers, and who waits in quarantine."""

from typing import TypedDict

from django.conf import settings
from django.db.models import QuerySet

from mingcha.apps.accounts.permissions import Viewer, require
from mingcha.apps.devices.models import Quarantine
from mingcha.apps.devices.values import unseal
from mingcha.apps.registry.models import Datalogger


class StationValues(TypedDict):
    """The arguments of ``gateway.Station``."""

    mn: str
    password: str
    outlet: str
    sts: tuple[str, ...]
    reject_bad_password: bool


def stations() -> list[StationValues]:
    """Every logger in place, for the gateway process: no viewer, passwords opened.

    A logger without a password of its own has "". One MN with several STs is one station.

    Raises:
        BrokenEvidence: a password does not open with the key of this data folder.
    """
    found: dict[str, StationValues] = {}
    loggers = Datalogger.objects.filter(removed_at=None).select_related("outlet__discharger", "access")
    for logger in loggers.order_by("mn", "st"):
        known = found.get(logger.mn)
        if known is not None:
            known["sts"] = (*known["sts"], logger.st)
            continue
        found[logger.mn] = _station(logger)
    return list(found.values())


def _station(logger: Datalogger) -> StationValues:
    access = getattr(logger, "access", None)
    secrets = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return {
        "mn": logger.mn,
        "password": "" if access is None else unseal(bytes(access.sealed_password), secrets),
        "outlet": logger.outlet.key,
        "sts": (logger.st,),
        "reject_bad_password": access is not None and access.reject_bad_password,
    }


def quarantine_list(user: Viewer) -> QuerySet[Quarantine]:
    """Unknown MNs that sent frames and are still not registered, the latest first.

    Raises:
        NotAllowed: the role may not.
    """
    require(user, "quarantine.view")
    registered = Datalogger.objects.filter(removed_at=None).values("mn")
    return Quarantine.objects.exclude(mn__in=registered)
