"""Pages of the quarterly confirmation and of marks: who opens them, who confirms, reopens and decides, what they say."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from conftest import BACKEND, Region
from mingcha.apps.marking import lock, quarters
from mingcha.apps.marking.codes import HOUR
from mingcha.apps.marking.models import CodeConfirmation, Mark
from mingcha.apps.marking.services import codes_open, mark_submit
from mingcha.core.aggregates import HourCode, HourValue
from mingcha.portals.shared import stores

REGULATORS = {
    "city_regulator", "monitoring_centre", "enforcement", "credit_panel", "auditor", "district_regulator",
    "district_enforcement",
}  # fmt: skip
SEES_ALL = REGULATORS - {"district_regulator", "district_enforcement"}


def signed_in(region: Region, name: str) -> Client:
    client = Client()
    client.force_login(region.people[name], backend=BACKEND)
    return client


@pytest.fixture
def row(region: Region) -> CodeConfirmation:
    """A quarter past its term, with two of its hours computed."""
    year, quarter = lock.before(lock.last_ended(region.now))
    made = codes_open(outlet=region.people.outlet, year=year, quarter=quarter, at=region.now)
    compute(made, "ND")
    return made


def compute(made: CodeConfirmation, codes: str, since: int = 0) -> None:
    hours = [
        HourValue(made.outlet.key, "a21002", made.start + (since + n) * HOUR, HourCode(code), 60, 1.0)
        for n, code in enumerate(codes)
    ]
    stores.telemetry().write_hours(hours, at=made.opened_at + timedelta(hours=since))


def place(made: CodeConfirmation, portal: str) -> str:
    key = f"{made.outlet.discharger.uscc}/{made.outlet.code}"
    return f"/{portal}/codes/{key}/{made.year}/{made.quarter}/"


def digest(made: CodeConfirmation) -> str:
    return quarters.figures_now(stores.telemetry(), made.outlet, made.year, made.quarter)["digest"]


def test_every_role_opens_its_own_list_and_quarter(region: Region, row: CodeConfirmation) -> None:
    for name in region.people.persons:
        client = signed_in(region, name)
        plain, side = name.removeprefix("stranger_"), name.startswith("stranger_")
        for portal in ("regulator", "discharger"):
            opens = plain in REGULATORS if portal == "regulator" else plain.startswith("discharger_")
            listed = client.get(f"/{portal}/codes/")
            assert listed.status_code == (200 if opens else 403), (name, portal)
            sees = opens and not side
            assert (row.outlet.discharger.name in listed.content.decode()) is sees or not opens
            status = client.get(place(row, portal)).status_code
            assert status == (403 if not opens else 200 if sees else 404), (name, portal)


def test_who_may_confirm_and_who_may_reopen(region: Region, row: CodeConfirmation) -> None:
    for name in region.people.persons:
        client = signed_in(region, name)
        plain, side = name.removeprefix("stranger_"), name.startswith("stranger_")
        if plain.startswith("discharger_") and name not in ("discharger_admin", "discharger_officer"):
            answer = client.post(place(row, "discharger"), {"seen": digest(row)})
            assert answer.status_code == (404 if side else 403), name
        if plain in REGULATORS and name not in ("district_regulator", "city_regulator"):
            answer = client.post(place(row, "regulator"), {"why": "核查"})
            assert answer.status_code == (404 if side else 403), name
    row.refresh_from_db()
    assert row.state == "open"


def test_a_quarter_is_confirmed_changed_and_reopened(region: Region, row: CodeConfirmation) -> None:
    officer, desk = signed_in(region, "discharger_officer"), signed_in(region, "district_regulator")
    page = officer.get(place(row, "discharger")).content.decode()
    assert "确认本季度的状态码" in page
    assert "逾期" in page
    assert officer.post(place(row, "discharger"), {"seen": "0" * 64}).status_code == 409
    done = officer.post(place(row, "discharger"), {"seen": digest(row), "comment": "已核对"})
    assert done.status_code == 302
    row.refresh_from_db()
    assert (row.state, row.confirmed_by, row.comment) == (
        "confirmed",
        region.people["discharger_officer"],
        "已核对",
    )
    page = officer.get(place(row, "discharger")).content.decode()
    assert "确认后没有变化" in page
    assert "确认本季度的状态码" not in page
    compute(row, "CC", since=7)
    shown = desk.get(place(row, "regulator")).content.decode()
    assert "校准 C" in shown
    assert "确认后没有变化" not in shown
    assert desk.post(place(row, "regulator"), {"why": " "}).status_code == 422
    assert desk.post(place(row, "regulator"), {"why": "补传数据"}).status_code == 302
    assert "补传数据" in officer.get(place(row, "discharger")).content.decode()
    assert officer.post(place(row, "discharger"), {"seen": digest(row)}).status_code == 302
    assert "以前的确认" in desk.get(place(row, "regulator")).content.decode()


def test_the_list_is_filtered_and_goes_into_a_file(region: Region, row: CodeConfirmation) -> None:
    client = signed_in(region, "district_regulator")
    name = row.outlet.discharger.name
    for query, there in (
        ("state=late", True),
        ("state=open", True),
        ("state=confirmed", False),
        (f"quarter={row.year}-{row.quarter}", True),
        ("quarter=2019-1", False),
    ):
        page = client.get(f"/regulator/codes/?{query}").content.decode()
        assert (name in page) is there, query
        assert ("筛选后没有季度" in page) is not there, query
    assert client.get("/regulator/codes/?quarter=2019-7").status_code == 422
    officer = signed_in(region, "discharger_officer")
    officer.post(place(row, "discharger"), {"seen": digest(row)})
    lines = client.get("/regulator/codes/?form=csv").content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "a21002" in lines[1]
    assert (
        "还没有要确认的季度"
        in signed_in(region, "stranger_district_regulator").get("/regulator/codes/").content.decode()
    )


def test_a_locked_quarter_refuses_a_mark_on_the_page(region: Region, row: CodeConfirmation) -> None:
    officer = signed_in(region, "discharger_officer")
    given = {
        "outlet": row.outlet.key, "factor": "", "item": "fault", "reason": "x",
        "start": (row.start + 9 * HOUR).strftime("%Y-%m-%dT%H:%M"), "end": (row.start + 10 * HOUR).strftime("%Y-%m-%dT%H:%M"),
    }  # fmt: skip
    answer = officer.post("/discharger/marks/new/", given)
    assert answer.status_code == 422
    assert "锁定" in answer.content.decode()
    assert not Mark.objects.exists()


# Marks as the authority sees them


@pytest.fixture
def late(region: Region) -> Any:
    return mark_submit(
        outlet=region.people.outlet, start=region.now - timedelta(days=4), end=region.now - timedelta(days=4, hours=-1),
        item="fault", reason="采样泵故障", by=region.people["discharger_officer"], at=region.now,
    )  # fmt: skip


def test_marks_are_listed_and_decided_by_who_may(region: Region, late: Any) -> None:
    for name in region.people.persons:
        client = signed_in(region, name)
        plain, side = name.removeprefix("stranger_"), name.startswith("stranger_")
        opens = plain in REGULATORS
        listed = client.get("/regulator/marks/")
        assert listed.status_code == (200 if opens else 403), name
        if opens:
            assert ("采样泵故障" in listed.content.decode()) is not side
            assert client.get(f"/regulator/marks/{late.pk}/").status_code == (404 if side else 200)
        if opens and plain not in ("district_regulator", "city_regulator", "monitoring_centre"):
            answer = client.post(f"/regulator/marks/{late.pk}/", {"decision": "accept"})
            assert answer.status_code == (404 if side else 403), name
    late.refresh_from_db()
    assert late.state == "submitted"


def test_a_late_mark_is_questioned_with_words_and_accepted(region: Region, late: Any) -> None:
    desk = signed_in(region, "district_regulator")
    assert "采样泵故障" in desk.get("/regulator/marks/?show=waiting").content.decode()
    page = desk.get(f"/regulator/marks/{late.pk}/").content.decode()
    assert "接受以前不影响任何数值" in page
    assert desk.post(f"/regulator/marks/{late.pk}/", {"decision": "question"}).status_code == 422
    assert desk.post(f"/regulator/marks/{late.pk}/", {}).status_code == 422
    assert (
        desk.post(f"/regulator/marks/{late.pk}/", {"decision": "question", "comment": "疑点"}).status_code
        == 302
    )
    assert desk.post(f"/regulator/marks/{late.pk}/", {"decision": "accept"}).status_code == 302
    late.refresh_from_db()
    assert (late.state, late.decided_by) == ("accepted", region.people["district_regulator"])
    assert "提交结论" not in desk.get(f"/regulator/marks/{late.pk}/").content.decode()
    assert "筛选后没有标记" in desk.get("/regulator/marks/?show=waiting").content.decode()
    assert desk.get("/regulator/marks/?show=odd").status_code == 422
