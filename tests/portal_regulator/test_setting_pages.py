"""Pages of point settings, schedules and permitted amounts: every role, every form, what is refused and what is kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from conftest import BACKEND, Region
from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.registry.models import PermittedAmount, PointSetting, Schedule
from mingcha.apps.registry.services import point_setting_set
from mingcha.core.clock import beijing

REGULATORS = {
    "city_regulator", "monitoring_centre", "enforcement", "credit_panel", "auditor", "district_regulator",
    "district_enforcement",
}  # fmt: skip
OFFICE = {"city_regulator", "district_regulator"}
KINDS = ("points", "schedules", "amounts")


def signed_in(region: Region, name: str) -> Client:
    client = Client()
    client.force_login(region.people[name], backend=BACKEND)
    return client


def place(region: Region, portal: str = "regulator", far: bool = False) -> str:
    outlet = region.people.stranger_outlet if far else region.people.outlet
    return f"/{portal}/outlets/{outlet.discharger.uscc}/{outlet.code}/settings/"


def text_of(moment: Any) -> str:
    return beijing(moment).strftime("%Y-%m-%dT%H:%M")


def given(region: Region, kind: str, **changes: Any) -> dict[str, Any]:
    dated = {"valid_from": text_of(region.now - timedelta(days=2)), "document": "备案表", "why": "核定"}
    usual = {
        "points": {"factor": "a21002", "unit": "mg/m3", "range_top": "500", **dated},
        "schedules": {"hours": ["8", "9"], "weekdays": ["0", "1"], "cause": "no_discharge", **dated},
        "amounts": {
            "scope": "outlet", "factor": "a21002", "year": "2026", "period": "year", "tonnes": "12.5", "clause": "表3",
            "document": "排污许可证", "why": "换证",
        },
    }[kind]  # fmt: skip
    return usual | changes


MODELS = {"points": PointSetting, "schedules": Schedule, "amounts": PermittedAmount}


def test_every_role_sees_its_own_outlets_settings_and_nobody_elses(region: Region) -> None:
    own = {"discharger": "discharger_", "agency": ("agency_", "technician")}
    for name in region.people.persons:
        client = signed_in(region, name)
        plain = name.removeprefix("stranger_")
        side = name.startswith("stranger_")
        for portal in ("regulator", "discharger", "agency"):
            opens = plain in REGULATORS if portal == "regulator" else plain.startswith(own[portal])
            near = client.get(place(region, portal)).status_code
            far = client.get(place(region, portal, far=True)).status_code
            sees_both = name in REGULATORS - {"district_regulator", "district_enforcement"}
            expected = (
                (403, 403) if not opens else (200, 200) if sees_both else (404, 200) if side else (200, 404)
            )
            assert (near, far) == expected, (name, portal)


@pytest.mark.parametrize("kind", KINDS)
def test_who_may_set_is_told_by_status_and_nothing_is_written_for_others(region: Region, kind: str) -> None:
    allowed = OFFICE | {"monitoring_centre"} if kind == "points" else OFFICE
    for name in region.people.persons:
        client = signed_in(region, name)
        address = f"{place(region)}{kind}/new/"
        if name in allowed:
            assert client.get(address).status_code == 200
        elif name in ("stranger_district_regulator", "stranger_enforcement"):
            assert client.post(address, given(region, kind)).status_code == 404
        else:
            assert client.post(address, given(region, kind)).status_code == 403, name
    assert not MODELS[kind].objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_entered_corrected_and_undone_and_all_stays_in_the_list(region: Region, kind: str) -> None:
    client = signed_in(region, "district_regulator")
    base = place(region)
    made = client.post(f"{base}{kind}/new/", given(region, kind))
    assert (made.status_code, made.headers.get("Location")) == (302, f"{base}?t={kind}")
    first = MODELS[kind].objects.get()
    assert first.set_by == region.people["district_regulator"]
    form = client.get(f"{base}{kind}/new/?replaces={first.pk}").content.decode()
    assert first.document in form  # a correction begins with what it replaces
    again = client.post(f"{base}{kind}/new/?replaces={first.pk}", given(region, kind, why="更正"))
    assert again.status_code == 302
    second = MODELS[kind].objects.get(undone_at=None)
    assert client.get(f"{base}{kind}/{second.pk}/undo/").status_code == 200
    assert client.post(f"{base}{kind}/{second.pk}/undo/", {"why": " "}).status_code == 422
    assert client.post(f"{base}{kind}/{second.pk}/undo/", {"why": "填错"}).status_code == 302
    page = client.get(f"{base}?t={kind}").content.decode()
    assert page.count("m-withdrawn") == 2
    assert "填错" in page
    assert "更正</a>" not in page
    assert client.post(f"{base}{kind}/{second.pk}/undo/", {"why": "填错"}).status_code == 409


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("points", {"unit": ""}, "单位"),
        ("points", {"range_top": "-1"}, "应为正数"),
        ("points", {"range_top": "nan"}, "range_top"),
        ("points", {"valid_from": "yesterday"}, "valid_from"),
        ("points", {"factor": "a99999"}, "factor"),
        ("schedules", {"hours": []}, "hours"),
        (
            "schedules",
            {"hours": [str(n) for n in range(24)], "weekdays": [str(n) for n in range(7)]},
            "选了全部",
        ),
        ("schedules", {"cause": "fault"}, "cause"),
        ("amounts", {"tonnes": "0"}, "应为正数"),
        ("amounts", {"tonnes": "1e999999"}, "应为正数"),
        ("amounts", {"year": "1900"}, "应为 2000–2100"),
        ("amounts", {"document": ""}, "document"),
    ],
)
def test_what_is_refused_stands_beside_its_field_with_the_input_kept(
    region: Region, kind: str, changes: dict[str, Any], said: str
) -> None:
    client = signed_in(region, "city_regulator")
    before = AuditEvent.objects.count()
    page = client.post(f"{place(region)}{kind}/new/", given(region, kind, **changes))
    assert page.status_code == 422
    text = page.content.decode()
    assert said in text
    assert ("核定" if kind != "amounts" else "换证") in text
    assert AuditEvent.objects.count() == before
    assert not MODELS[kind].objects.exists()


def test_a_row_of_another_outlet_can_be_neither_corrected_nor_undone_here(region: Region) -> None:
    far = region.people.stranger_outlet
    row = point_setting_set(
        outlet=far, factor="w01018", unit="mg/L", valid_from=region.now, document="d", why="w", at=region.now
    )
    client = signed_in(region, "city_regulator")
    assert client.get(f"{place(region)}points/{row.pk}/undo/").status_code == 404
    assert client.get(f"{place(region)}points/new/?replaces={row.pk}").status_code == 404
    for odd in ("x", "9" * 30, "-1", "¹"):
        assert client.get(f"{place(region)}points/new/?replaces={odd}").status_code == 404
    assert client.get(f"{place(region)}weather/new/").status_code == 404
    row.refresh_from_db()
    assert row.undone_at is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_list_says_when_it_is_empty_and_goes_into_a_file(region: Region, kind: str) -> None:
    client = signed_in(region, "district_regulator")
    assert "还没有设置" in client.get(f"{place(region)}?t={kind}").content.decode()
    client.post(f"{place(region)}{kind}/new/", given(region, kind, document="=1+1"))
    file = client.get(f"{place(region)}?t={kind}&form=csv")
    assert file.headers["Content-Type"].startswith("text/csv")
    lines = file.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "'=1+1" in lines[1]  # no formula for a spreadsheet


def test_the_discharger_reads_and_finds_no_form(region: Region) -> None:
    signed_in(region, "district_regulator").post(f"{place(region)}points/new/", given(region, "points"))
    for name, portal in (("discharger_officer", "discharger"), ("technician", "agency")):
        page = signed_in(region, name).get(place(region, portal)).content.decode()
        assert "500" in page
        assert "由主管部门设置" in page
        assert "新增一条" not in page


def test_a_page_in_english_has_no_chinese_of_ours(region: Region) -> None:
    client = signed_in(region, "district_regulator")
    for kind in KINDS:
        client.post(f"{place(region)}{kind}/new/", given(region, kind, document="d", why="w"))
        for address in (f"{place(region)}?t={kind}", f"{place(region)}{kind}/new/"):
            page = client.get(address, headers={"accept-language": "en"}).content.decode()
            for word in (
                "测点设置",
                "时间表",
                "许可排放量",
                "生效时间",
                "依据文件",
                "全部因子",
                "每天",
                "全年",
            ):
                assert word not in page, (address, word)
