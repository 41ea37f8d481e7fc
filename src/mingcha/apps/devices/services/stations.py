"""How a station is read: dated settings, never edited, and profiles of them that travel between stations."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.devices.models import StationSetting
from mingcha.apps.devices.profiles import Profile, contact_problems
from mingcha.apps.devices.services.rewalks import rewalk_ask
from mingcha.apps.devices.values import why_problem
from mingcha.apps.registry.models import Datalogger
from mingcha.apps.registry.values import EDITIONS, listed_problem
from mingcha.core.errors import BadInput
from mingcha.protocol.hj212 import Dialect


@transaction.atomic
def setting_set(
    *,
    datalogger: Datalogger,
    dialect: Mapping[str, Any],
    valid_from: datetime,
    why: str,
    by: User | None,
    at: datetime,
    edition: str = "",
    contact: Mapping[str, Any] | None = None,
) -> StationSetting:
    """Let a station be read by ``dialect`` (what is left out takes its default) from ``valid_from`` on.

    A setting dated in the past marks the span up to the next later one for the projection to read again.

    Raises:
        BadInput: by field, ``dialect.crc`` and the like for what is wrong inside.
    """
    require(by, "station.set")
    read = _checked(dialect, edition, contact or {}, why)
    made = StationSetting.objects.create(
        datalogger=datalogger, dialect=read.to_json(), edition=edition, contact=dict(contact or {}),
        valid_from=valid_from, set_by=by, set_at=at, why=why.strip(),
    )  # fmt: skip
    past = valid_from <= at  # frames of this very moment may have been read already
    detail = {
        "mn": datalogger.mn, "valid_from": valid_from, "edition": edition, "dialect": _changed(read),
        "contact": made.contact, "why": made.why, "rewalk": past,
    }  # fmt: skip
    audit_record(by=by, action="setting.set", subject=made, at=at, detail=detail)
    if past:
        end = _next_after(datalogger.mn, valid_from, at)
        rewalk_ask(mn=datalogger.mn, start=valid_from, end=end, why="setting.set", by=by, at=at)
    return made


@transaction.atomic
def profile_import(
    *,
    profile: Mapping[str, Any],
    dataloggers: Iterable[Datalogger],
    valid_from: datetime,
    why: str,
    by: User | None,
    at: datetime,
) -> list[StationSetting]:
    """Set every station of ``dataloggers`` to an exported profile; all of them or none.

    Raises:
        BadInput: the file is of another kind or version, or its digest does not fit what it says.
    """
    found = Profile.read(profile)
    return [
        setting_set(
            datalogger=logger, dialect=found.dialect, edition=found.edition, contact=found.contact,
            valid_from=valid_from, why=f"{why.strip()}（配置 {found.name} {found.digest[:12]}）" if why.strip() else "",
            by=by, at=at,
        )
        for logger in _several(dataloggers)
    ]  # fmt: skip


@transaction.atomic
def profile_copy(
    *,
    source: Datalogger,
    dataloggers: Iterable[Datalogger],
    valid_from: datetime,
    why: str,
    by: User | None,
    at: datetime,
) -> list[StationSetting]:
    """Set other stations as ``source`` is set now; all of them or none.

    Raises:
        BadInput: ``source`` has no setting of its own, or none is named.
    """
    held = setting_at(source.mn, at)
    if held is None:
        raise BadInput({"source": f"{source.mn} 没有自己的设置，无可复制 (has no setting of its own)"})
    return [
        setting_set(
            datalogger=logger, dialect=held.dialect, edition=held.edition, contact=held.contact,
            valid_from=valid_from, why=f"{why.strip()}（复制自 {source.mn}）" if why.strip() else "", by=by, at=at,
        )
        for logger in _several(dataloggers)
    ]  # fmt: skip


def setting_at(mn: str, at: datetime) -> StationSetting | None:
    """The setting of an MN that is in force at a moment."""
    found = StationSetting.objects.filter(datalogger__mn=mn, valid_from__lte=at)
    return found.order_by("-valid_from", "-id").first()


def _several(dataloggers: Iterable[Datalogger]) -> list[Datalogger]:
    found = list({logger.mn: logger for logger in dataloggers}.values())
    if not found:
        raise BadInput({"stations": "请至少选一台数采仪 (name at least one logger)"})
    return found


def _checked(dialect: Mapping[str, Any], edition: str, contact: Mapping[str, Any], why: str) -> Dialect:
    problems = {name: text for name, text in contact_problems(contact).items() if text}
    if text := listed_problem(edition, ("", *EDITIONS)):
        problems["edition"] = text
    if text := why_problem(why):
        problems["why"] = text
    read = Dialect()
    try:
        read = Dialect.from_json(dialect)
    except BadInput as error:
        problems |= {f"dialect.{name}" if name else "dialect": text for name, text in error.problems.items()}
    if problems:
        raise BadInput(problems)
    return read


def _changed(dialect: Dialect) -> dict[str, Any]:
    """What differs from the defaults: the rest says nothing in the audit."""
    usual = Dialect().to_json()
    return {name: value for name, value in dialect.to_json().items() if value != usual[name]}


def _next_after(mn: str, valid_from: datetime, at: datetime) -> datetime | None:
    later = StationSetting.objects.filter(datalogger__mn=mn, valid_from__gt=valid_from)
    found = later.order_by("valid_from").values_list("valid_from", flat=True).first()
    return found if found is not None and found < at else None
