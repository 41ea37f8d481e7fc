"""What looks odd about a visit (WF-8.1). Flags never block work; findings are made of them elsewhere."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from mingcha.apps.maintenance.forms import Field, form_get
from mingcha.apps.maintenance.forms.kinds import number
from mingcha.apps.maintenance.models import Record, Visit
from mingcha.apps.maintenance.values import activity_get, distance_m, settings
from mingcha.apps.registry.models import Outlet
from mingcha.core.clock import beijing, beijing_day

COPY_LOOKS_AT = 50  # earlier records of the same form at the same outlet: about a year of weekly ones


def station_distance(outlet: Outlet, latitude: float | None, longitude: float | None) -> float | None:
    """Metres from the station, None where one of the two positions is not known."""
    if latitude is None or longitude is None or outlet.latitude is None or outlet.longitude is None:
        return None
    return round(distance_m(latitude, longitude, outlet.latitude, outlet.longitude), 1)


def sign_in_flags(visit: Visit) -> list[str]:
    checks = {
        "out_of_fence": out_of_fence(visit),
        "no_position": visit.sign_in_latitude is None or visit.sign_in_longitude is None,
        "no_photo": not visit.sign_in_photo,
        "clock_skew": clock_skew(visit),
        "night_visit": at_night(visit.sign_in_at),
        "unplanned": visit.task is None,
    }
    return [flag for flag, raised in checks.items() if raised]


def sign_out_flags(visit: Visit, at: datetime) -> list[str]:
    minutes = (at - visit.sign_in_at).total_seconds() / 60
    return ["too_short"] if minutes < activity_get(visit.activity).least_minutes else []


def copy_flags(visit: Visit, records: Mapping[str, Record], at: datetime) -> list[str]:
    return (
        ["copy_of_earlier_record"] if any(is_copy(visit, record, at) for record in records.values()) else []
    )


def out_of_fence(visit: Visit) -> bool:
    """Farther from the station than its fence, after the accuracy the device itself admits."""
    if visit.sign_in_distance_m is None:
        return False
    return visit.sign_in_distance_m - (visit.sign_in_accuracy_m or 0) > visit.outlet.geofence_m


def clock_skew(visit: Visit) -> bool:
    if visit.sign_in_device_at is None:
        return False
    allowed = settings()["clock_skew_s"].whole(beijing_day(visit.sign_in_at))
    return abs((visit.sign_in_device_at - visit.sign_in_at).total_seconds()) > allowed


def at_night(moment: datetime) -> bool:
    day = beijing_day(moment)
    first, last = (settings()[key].whole(day) for key in ("night_from_hour", "night_to_hour"))
    hour = beijing(moment).hour
    return hour >= first or hour < last


def is_copy(visit: Visit, record: Record, at: datetime) -> bool:
    """Whether every measured number equals those of an earlier record of the form at the outlet.

    A list of ticks is no evidence: with fewer numbers than the setting asks for nothing is said.
    """
    mine = measured(record)
    if len(mine) < settings()["copy_numbers"].whole(beijing_day(at)):
        return False
    earlier = Record.objects.filter(form=record.form, visit__outlet=visit.outlet, submitted=True)
    latest = earlier.exclude(visit=visit).order_by("-saved_at", "-id")[:COPY_LOOKS_AT]
    return any(measured(other) == mine for other in latest)


def measured(record: Record) -> list[tuple[str, Decimal]]:
    """Every number a person typed into the record, with its place."""
    return list(_numbers(form_get(record.form).fields, record.values, ""))


def _numbers(
    fields: tuple[Field, ...], values: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, Decimal]]:
    for field in fields:
        value = values.get(field.key)
        if field.type == "table" and isinstance(value, list):
            for index, row in enumerate(value):
                yield from _numbers(field.columns, row, f"{prefix}{field.key}.{index}.")
        elif (
            field.type in ("decimal", "integer") and not field.given and (found := number(value)) is not None
        ):
            yield prefix + field.key, found
