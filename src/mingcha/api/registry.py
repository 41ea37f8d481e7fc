"""The register: outlets with their limits, instruments and data loggers."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from mingcha.api.access import viewer
from mingcha.api.shapes import Moment, Named, Page, Paging, answers, exact, named, page_of
from mingcha.apps.maintenance.selectors import serving_agency
from mingcha.apps.registry import selectors
from mingcha.core.clock import beijing_day, now

router = Router()


class OutletOut(Schema):
    """``key``: ``USCC/DA001``, its name in all other answers. Positions are WGS 84."""

    key: str
    uscc: str
    code: str
    name: str
    discharger: str
    district: str | None
    medium: str
    source_type: str
    region: str
    state: str
    latitude: float | None
    longitude: float | None
    minute_interval_s: int


class LimitOut(Schema):
    """``valid_to`` is the first day without it. ``value`` and ``reference_o2`` are numbers of the law: text."""

    factor: str
    value: str
    unit: str
    averaging: str
    reference_o2: str | None
    document: str
    clause: str
    sureness: str
    valid_from: date
    valid_to: date | None


class InstrumentOut(Schema):
    factor: str
    maker: str
    model: str
    serial: str
    principle: str
    unit: str
    range_top: float | None
    resolution: float | None
    detection_limit: float | None
    cycle_s: int | None
    installed_at: Moment
    removed_at: Moment | None


class DataloggerOut(Schema):
    mn: str
    st: str
    edition: str
    model: str
    installed_at: Moment
    removed_at: Moment | None


class OutletWhole(OutletOut):
    """``agency``: who answers for its O&M today. Old limits, instruments and loggers are there with their end."""

    agency: Named | None
    limits: list[LimitOut]
    instruments: list[InstrumentOut]
    dataloggers: list[DataloggerOut]


class OutletFilter(Paging):
    medium: str = ""
    district: str = ""


@router.get("/outlets", response=answers(Page[OutletOut]))
def outlet_list(request: HttpRequest, asked: Query[OutletFilter]) -> dict[str, Any]:
    """The outlets I may see; ``district`` is a code."""
    found = selectors.outlets_visible_to(viewer(request))
    if asked.medium:
        found = found.filter(medium=asked.medium)
    if asked.district:
        found = found.filter(discharger__district__code=asked.district)
    return page_of(found, asked, lambda row: OutletOut(**_outlet(row)))


@router.get("/outlets/{uscc}/{code}", response=answers(OutletWhole))
def outlet(request: HttpRequest, uscc: str, code: str) -> OutletWhole:
    found = selectors.outlet_get(viewer(request), uscc, code)
    return OutletWhole(
        agency=named(serving_agency(found, beijing_day(now()))),
        limits=[_limit(row) for row in selectors.limits_of(found)],
        instruments=[_instrument(row) for row in selectors.instruments_of(found)],
        dataloggers=[_datalogger(row) for row in selectors.dataloggers_of(found)],
        **_outlet(found),
    )


def _outlet(row: Any) -> dict[str, Any]:
    discharger = row.discharger
    return {
        "key": row.key,
        "uscc": discharger.uscc,
        "code": row.code,
        "name": row.name,
        "discharger": discharger.name,
        "district": discharger.district and discharger.district.code,
        "medium": row.medium,
        "source_type": row.source_type,
        "region": row.region,
        "state": row.state,
        "latitude": row.latitude,
        "longitude": row.longitude,
        "minute_interval_s": row.minute_interval_s,
    }


def _limit(row: Any) -> LimitOut:
    return LimitOut(
        factor=row.factor,
        value=exact(row.value),
        unit=row.unit,
        averaging=row.averaging,
        reference_o2=None if row.reference_o2 is None else exact(row.reference_o2),
        document=row.document,
        clause=row.clause,
        sureness=row.sureness,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def _instrument(row: Any) -> InstrumentOut:
    return InstrumentOut(**{name: getattr(row, name) for name in InstrumentOut.model_fields})


def _datalogger(row: Any) -> DataloggerOut:
    return DataloggerOut(**{name: getattr(row, name) for name in DataloggerOut.model_fields})
