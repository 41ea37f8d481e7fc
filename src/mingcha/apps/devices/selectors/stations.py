"""Stations: as the gateway needs them, and their settings for people."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict

from django.db.models import QuerySet

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import Viewer, require
from mingcha.apps.accounts.roles import Role
from mingcha.apps.devices import sealing
from mingcha.apps.devices.models import ACCEPTED, RUNNING, SENT, Access, Command, Contact, StationSetting
from mingcha.apps.devices.profiles import Profile
from mingcha.apps.devices.selectors.decodings import decodings
from mingcha.apps.devices.values import setting
from mingcha.apps.registry.models import Datalogger
from mingcha.apps.registry.selectors import outlets_visible_to
from mingcha.core import clock
from mingcha.core.errors import NotFound
from mingcha.protocol.hj212 import PLAIN_DIALECT, Decoding, Dialect
from mingcha.protocol.hj212.dialect import MINUTE_INTERVALS
from mingcha.protocol.hj212.exchanges.catalogue import first_contact

Step = tuple[str, Mapping[str, Any]]


class StationValues(TypedDict):
    """The arguments of ``gateway.Station``."""

    mn: str
    password: str
    outlet: str
    sts: tuple[str, ...]
    reject_bad_password: bool
    other_passwords: tuple[str, ...]
    decoding: Decoding
    edition: str | None
    contact: Mapping[str, Any]
    first_contact: tuple[Step, ...]
    overtime_s: float | None
    recount: int | None


def stations(at: datetime | None = None) -> list[StationValues]:
    """Every logger in place as of ``at`` (default: now), for the gateway process: no viewer, passwords opened.

    A logger without a password of its own has "". One MN with several STs is one station.

    Raises:
        BrokenEvidence: a secret does not open with the key of this data folder.
    """
    moment = at or clock.now()
    decoding_at, settings, changing = decodings(), _settings_in_force(moment), _passwords_under_way()
    found: dict[str, StationValues] = {}
    loggers = Datalogger.objects.filter(removed_at=None)
    loggers = loggers.select_related("outlet__discharger", "access", "contact").order_by("mn", "st")
    for logger in loggers:
        known = found.get(logger.mn)
        if known is not None:
            known["sts"] = (*known["sts"], logger.st)
            continue
        held = settings.get(logger.mn)
        found[logger.mn] = _station(logger, held, decoding_at(logger.mn, moment), changing, moment)
    return list(found.values())


def _station(
    logger: Datalogger,
    held: StationSetting | None,
    decoding: Decoding,
    changing: Mapping[str, tuple[str, ...]],
    at: datetime,
) -> StationValues:
    access: Access | None = getattr(logger, "access", None)
    dialect = decoding.dialect
    return {
        "mn": logger.mn,
        "password": "" if access is None else sealing.opened(access.sealed_password),
        "outlet": logger.outlet.key,
        "sts": (logger.st,),
        "reject_bad_password": access is not None and access.reject_bad_password,
        "other_passwords": changing.get(logger.mn, ()) + _former(access, at),
        "decoding": decoding,
        "edition": (held.edition or None) if held is not None else None,
        "contact": held.contact if held is not None else {},
        "first_contact": _steps(logger, held, dialect, at),
        "overtime_s": None if held is None else float(dialect.timeout_s),
        "recount": None if held is None else dialect.resends,
    }


def _former(access: Access | None, at: datetime) -> tuple[str, ...]:
    if access is None or access.former_until is None or access.former_until <= at:
        return ()
    return (sealing.opened(access.sealed_former),)


def _passwords_under_way() -> dict[str, tuple[str, ...]]:
    """By MN the passwords that loggers are just being told: they may use them before we hear that they do."""
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    told = Command.objects.filter(command="set_password", state__in=(SENT, ACCEPTED, RUNNING))
    for mn, sealed in told.values_list("datalogger__mn", "sealed_values"):
        found[mn] += (sealing.opened_json(sealed)["new_password"],)
    return found


def _settings_in_force(at: datetime) -> dict[str, StationSetting]:
    rows = StationSetting.objects.filter(valid_from__lte=at).order_by("valid_from", "id")
    return {row.datalogger.mn: row for row in rows.select_related("datalogger")}


def _steps(
    logger: Datalogger, held: StationSetting | None, dialect: Dialect, at: datetime
) -> tuple[Step, ...]:
    """What the host is to set at first contact, in the order of the edition; () where nothing is due."""
    contact: Contact | None = getattr(logger, "contact", None)
    if contact is None or contact.begun_at is not None:
        return ()
    wished = held.contact if held is not None else {}
    minutes = logger.outlet.minute_interval_s // 60
    values: dict[str, Mapping[str, Any]] = {
        "set_time": {},
        "set_timeouts": {"overtime_s": dialect.timeout_s, "recount": dialect.resends},
        "set_realtime_interval": {
            "realtime_interval_s": wished.get("realtime_interval_s", setting("contact_realtime_s", at))
        },
        "set_minute_interval": {
            "minute_interval_min": str(minutes if minutes in MINUTE_INTERVALS else dialect.minutes)
        },
        "start_realtime": {},
        "start_states": {},
    }
    off = {f"start_{what}": f"stop_{what}" for what in ("realtime", "states") if not wished.get(what, 1)}
    edition = (held.edition if held is not None else "") or logger.edition
    return tuple((off.get(name, name), values[name]) for name in first_contact(edition) if name in values)


def stations_visible_to(user: Viewer) -> QuerySet[Datalogger]:
    """Loggers of the outlets the viewer sees, old ones too; all for who runs the system."""
    found = Datalogger.objects.select_related("outlet__discharger__district").order_by(
        "mn", "st", "-installed_at"
    )
    if isinstance(user, User) and user.is_active and user.role == Role.SYSTEM_ADMIN:
        return found
    return found.filter(outlet__in=outlets_visible_to(user))


def station_get(user: Viewer, mn: str, st: str = "") -> Datalogger:
    """The logger in place with this MN, of several STs the first where none is named.

    Raises:
        NotFound: there is none, or ``user`` may not know of it.
    """
    found = stations_visible_to(user).filter(mn=mn, removed_at=None)
    logger = (found.filter(st=st) if st else found).first()
    if logger is None:
        raise NotFound(f"no logger {mn}")
    return logger


def settings_of(user: Viewer, datalogger: Datalogger) -> QuerySet[StationSetting]:
    """All settings of a station the caller may see, those that begin last first.

    Raises:
        NotAllowed: the role may not.
    """
    require(user, "station.view")
    found = StationSetting.objects.filter(datalogger__mn=datalogger.mn)
    return found.select_related("set_by", "datalogger").order_by("-valid_from", "-id")


def setting_in_force(user: Viewer, datalogger: Datalogger, at: datetime) -> StationSetting | None:
    """The setting by which a station is read at a moment; None where it is read plainly."""
    return settings_of(user, datalogger).filter(valid_from__lte=at).first()


def profile_export(user: Viewer, datalogger: Datalogger, at: datetime) -> dict[str, Any]:
    """The setting in force as the content of a file; the plain dialect where there is none."""
    held = setting_in_force(user, datalogger, at)
    if held is None:
        return Profile(datalogger.mn, PLAIN_DIALECT.to_json(), "", {}).written(at)
    return Profile(datalogger.mn, held.dialect, held.edition, held.contact).written(at)
