"""The register: what is entered, refused, replaced and handed down as facts."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.people import MN, OTHER_MN, People, uscc

from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.registry import selectors
from mingcha.apps.registry.models import Outlet, OutletLimit
from mingcha.apps.registry.services import (
    datalogger_install,
    datalogger_remove,
    discharger_register,
    instrument_install,
    limit_set,
    outlet_register,
)
from mingcha.core.clock import beijing_day, day_start
from mingcha.core.errors import BadInput, NotAllowed, NotFound, StaleState
from mingcha.core.facts import Medium

DAY = timedelta(days=1)


def refused(act: Any, **values: Any) -> set[str]:
    """The fields complained of; nothing may have been written."""
    before = AuditEvent.objects.count()
    with pytest.raises(BadInput) as error:
        act(**values)
    assert AuditEvent.objects.count() == before
    assert all(text.strip() for text in error.value.problems.values())
    return set(error.value.problems)


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"code": "DW001"}, {"code"}),
        ({"code": "DA1"}, {"code"}),
        ({"code": "DA001"}, {"code"}),  # taken
        ({"code": "DA００2"}, {"code"}),
        ({"name": " "}, {"name"}),
        ({"medium": "soil"}, {"medium"}),
        ({"state": "lost"}, {"state"}),
        ({"latitude": 31.0, "longitude": None}, {"latitude"}),
        ({"latitude": 91.0}, {"latitude"}),
        ({"geofence_m": 49}, {"geofence_m"}),
        ({"minute_interval_s": 700}, {"minute_interval_s"}),
        ({"minute_interval_s": 0}, {"minute_interval_s"}),
        ({"code": "x", "name": "", "geofence_m": 2001}, {"code", "name", "geofence_m"}),
    ],
)
def test_a_bad_outlet_is_refused_by_field(folk: People, at: datetime, given: dict, fields: set[str]) -> None:
    good = {
        "discharger": folk.discharger,
        "code": "DA002",
        "name": "二号",
        "medium": "gas",
        "latitude": 31.0,
        "longitude": 121.0,
    }
    assert refused(outlet_register, **good | given, at=at) == fields


def test_an_agency_has_no_outlets(folk: People, at: datetime) -> None:
    assert refused(outlet_register, discharger=folk.agency, code="DA001", name="一", medium="gas", at=at) == {
        "discharger"
    }


def test_a_discharger_comes_with_its_permit_and_is_there_once(folk: People, at: datetime) -> None:
    new = {
        "uscc": uscc(60),
        "name": "丙厂",
        "district": folk.district,
        "permit_no": "P1",
        "permit_category": "key",
    }
    profile = discharger_register(**new, at=at)
    assert selectors.profile_of(profile.organisation) == profile
    assert refused(discharger_register, **new | {"permit_no": "P2"}, at=at) == {"uscc"}
    assert refused(discharger_register, **new | {"uscc": uscc(61)}, at=at) == {"permit_no"}
    assert refused(
        discharger_register, **new | {"uscc": uscc(61), "permit_no": "", "permit_category": "x"}, at=at
    ) == {"permit_category"}


def limit(folk: People, at: datetime, **given: Any) -> dict[str, Any]:
    usual = {
        "outlet": folk.outlet, "factor": "a21002", "value": "35", "unit": "mg/m3", "averaging": "hour",
        "document": "GB 1", "valid_from": date(2025, 1, 1), "at": at,
    }  # fmt: skip
    return usual | given


def test_a_new_limit_closes_the_former_and_both_stay(folk: People, at: datetime) -> None:
    limit_set(**limit(folk, at))
    rows = list(selectors.limits_of(folk.outlet).values_list("value", "valid_from", "valid_to"))
    assert rows == [
        (Decimal(50), date(2020, 1, 1), date(2025, 1, 1)),
        (Decimal(35), date(2025, 1, 1), None),
    ]
    facts = selectors.outlet_facts(folk.outlet.key, beijing_day(at))
    held = [
        facts.limit("a21002", "hour", day)
        for day in (date(2024, 12, 31), date(2025, 1, 1), date(2019, 12, 31))
    ]
    assert [None if found is None else found.value for found in held] == [Decimal(50), Decimal(35), None]


def test_another_averaging_time_or_factor_closes_nothing(folk: People, at: datetime) -> None:
    limit_set(**limit(folk, at, averaging="day"))
    limit_set(**limit(folk, at, factor="a21026"))
    assert not OutletLimit.objects.exclude(valid_to=None).exists()


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"value": "0"}, {"value"}),
        ({"value": "-3"}, {"value"}),
        ({"value": "NaN"}, {"value"}),
        ({"value": "six"}, {"value"}),
        ({"value": "1.000001"}, {"value"}),
        ({"value": "1e12"}, {"value"}),
        ({"factor": "NOx"}, {"factor"}),
        ({"unit": ""}, {"unit"}),
        ({"averaging": "week"}, {"averaging"}),
        ({"document": ""}, {"document"}),
        ({"sureness": "certain"}, {"sureness"}),
        ({"reference_o2": "21"}, {"reference_o2"}),
        ({"valid_from": date(2020, 1, 1)}, {"valid_from"}),
        ({"valid_from": date(2019, 1, 1)}, {"valid_from"}),
    ],
)
def test_a_bad_limit_is_refused_by_field(folk: People, at: datetime, given: dict, fields: set[str]) -> None:
    assert refused(limit_set, **limit(folk, at, **given)) == fields
    assert OutletLimit.objects.filter(outlet=folk.outlet).count() == 1


def test_limits_are_set_by_authorities_only(folk: People, at: datetime) -> None:
    for name in ("discharger_admin", "agency_admin", "technician", "auditor", "system_admin"):
        with pytest.raises(NotAllowed):
            limit_set(**limit(folk, at), by=folk[name])
    limit_set(**limit(folk, at), by=folk["district_regulator"])
    assert AuditEvent.objects.last().by == folk["district_regulator"]


def logger(folk: People, at: datetime, **given: Any) -> dict[str, Any]:
    new = Outlet.objects.filter(code="DA002").first() or outlet_register(
        discharger=folk.discharger, code="DA002", name="二号", medium="gas", at=at
    )
    return {"outlet": new, "mn": "01" + "C" * 22, "st": "31", "edition": "2017", "at": at} | given


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"mn": MN}, {"mn"}),  # reports elsewhere
        ({"mn": "01" + "c" * 22}, {"mn"}),
        ({"mn": "12345678901234"}, {"mn"}),
        ({"mn": "", "edition": "2005"}, {"mn"}),
        ({"mn": "a b", "edition": "2005"}, {"mn"}),
        ({"st": "32"}, {"st"}),
        ({"edition": "2018"}, {"edition"}),
    ],
)
def test_a_bad_logger_is_refused_by_field(folk: People, at: datetime, given: dict, fields: set[str]) -> None:
    assert refused(datalogger_install, **logger(folk, at, **given)) == fields


def test_a_2005_logger_has_a_shorter_mn(folk: People, at: datetime) -> None:
    made = datalogger_install(**logger(folk, at, mn="31012345678901", edition="2005"))
    assert selectors.outlet_of_point("31012345678901/31", at) == made.outlet.key


def test_an_outlet_has_one_logger_at_a_time_and_old_points_stay_its_own(folk: People, at: datetime) -> None:
    new = {"outlet": folk.outlet, "mn": "01" + "D" * 22, "st": "31", "edition": "2025", "at": at}
    assert refused(datalogger_install, **new) == {"outlet"}
    datalogger_remove(datalogger=folk.datalogger, at=at)
    assert refused(datalogger_install, **new, installed_at=at - DAY) == {"outlet"}
    datalogger_install(**new)
    old, present = selectors.points_of(Outlet.objects.get(pk=folk.outlet.pk))
    assert (old.point, old.end, present.point, present.end) == (f"{MN}/31", at, f"{new['mn']}/31", None)
    assert selectors.outlet_of_point(f"{MN}/31", at - DAY) == folk.outlet.key
    assert selectors.outlet_of_point(f"{MN}/31", at) is None
    with pytest.raises(StaleState):
        datalogger_remove(datalogger=folk.datalogger, at=at + DAY)


def test_a_logger_cannot_be_removed_before_it_came(folk: People, at: datetime) -> None:
    early = folk.datalogger.installed_at
    assert refused(datalogger_remove, datalogger=folk.datalogger, removed_at=early, at=at) == {"removed_at"}


def test_a_replaced_instrument_stays_with_its_day(folk: People, at: datetime) -> None:
    instrument_install(outlet=folk.outlet, factor="a21002", unit="mg/m3", range_top=300.0, at=at)
    rows = selectors.instruments_of(folk.outlet).values_list("range_top", "removed_at")
    assert list(rows) == [(200.0, at), (300.0, None)]
    tops = [
        selectors.outlet_facts(folk.outlet.key, beijing_day(at) + day).setting("a21002").range_top
        for day in (-DAY, DAY)
    ]
    assert tops == [200.0, 300.0]


@pytest.mark.parametrize("field", ["range_top", "resolution", "detection_limit", "cycle_s"])
def test_an_instrument_has_no_negative_or_zero_figures(folk: People, at: datetime, field: str) -> None:
    for value in (0, -1, float("nan")):
        found = refused(
            instrument_install, outlet=folk.outlet, factor="a21002", unit="mg/m3", at=at, **{field: value}
        )
        assert found == {field}


def test_an_instrument_cannot_come_before_its_predecessor(folk: People, at: datetime) -> None:
    early = at - timedelta(days=500)
    found = refused(
        instrument_install, outlet=folk.outlet, factor="a21002", unit="mg/m3", at=at, installed_at=early
    )
    assert found == {"installed_at"}


def test_facts_are_the_register_as_plain_values(folk: People, at: datetime) -> None:
    facts = selectors.outlet_facts(folk.outlet.key, beijing_day(at))
    assert (facts.key, facts.medium, facts.region) == (
        f"{folk.discharger.uscc}/DA001",
        Medium.GAS,
        "shanghai",
    )
    assert [(span.point, span.end) for span in facts.points] == [(f"{MN}/31", None)]
    held = facts.limit("a21002", "hour", beijing_day(at))
    assert (str(held.value), str(held.reference_o2), held.document) == ("50", "6", "排污许可证")
    assert facts.setting("a21002").resolution == 0.1
    assert facts.setting("a21002", at - timedelta(days=500)) is None  # before it was installed
    before = selectors.outlet_facts(folk.outlet.key, beijing_day(at - timedelta(days=500)))
    assert before.settings == facts.settings  # the whole past, whatever the day


def test_all_facts_hold_every_outlet_in_use_in_few_queries(
    folk: People, at: datetime, django_assert_num_queries: Any
) -> None:
    outlet_register(discharger=folk.discharger, code="DA009", name="九", medium="gas", state="retired", at=at)
    with django_assert_num_queries(6):
        found = selectors.all_outlet_facts(at)
    assert {facts.key for facts in found} == {folk.outlet.key, folk.stranger_outlet.key}
    assert found == [selectors.outlet_facts(facts.key, beijing_day(at)) for facts in found]


def test_outlets_are_found_by_key_or_not_at_all(folk: People, at: datetime) -> None:
    assert selectors.outlet_by_key(folk.outlet.key) == folk.outlet
    for key in ("", "x/y", f"{folk.discharger.uscc}/DA999"):
        with pytest.raises(NotFound):
            selectors.outlet_by_key(key)
        with pytest.raises(NotFound):
            selectors.outlet_facts(key, beijing_day(at))


def test_the_day_of_an_instrument_is_the_beijing_day(folk: People, at: datetime) -> None:
    midnight = day_start(beijing_day(at))
    instrument_install(
        outlet=folk.outlet, factor="a21002", unit="mg/m3", range_top=300.0, installed_at=midnight, at=at
    )
    assert selectors.outlet_facts(folk.outlet.key, beijing_day(at) - DAY).setting("a21002").range_top == 200.0
    assert OTHER_MN != MN
