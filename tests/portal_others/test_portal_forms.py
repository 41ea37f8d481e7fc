"""Bad values are told beside their field, and what was typed stays; pages work without script."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from portal_filling import JPEG, fill_record
from portal_world import STATION, uscc

from mingcha.apps.maintenance.selectors import tasks_visible_to, visits_visible_to
from mingcha.apps.marking.selectors import marks_visible_to
from mingcha.core.clock import beijing

PLACE = {"latitude": STATION[0], "longitude": STATION[1], "accuracy_m": 12}
KEY = f"{uscc(1)}/DA001"


@pytest.fixture
def technician(region, as_person):
    return as_person(region.people["technician"])


def sign_in(browser, region, **data):
    return browser.post(f"/m/tasks/{region.task.pk}/sign-in/", data)


def the_visit(region):
    return visits_visible_to(region.people["technician"]).get()


# Signing in


def test_without_a_position_a_reason_is_asked_for_and_then_it_counts_with_a_flag(region, technician):
    response = sign_in(technician, region)
    assert response.status_code == 422
    assert "没有取到位置" in response.content.decode()
    assert sign_in(technician, region, reason="地下室没有信号").status_code == 302
    assert "no_position" in the_visit(region).flags


def test_outside_the_fence_the_distance_is_said_and_the_reason_kept_in_the_audit(region, technician):
    from mingcha.apps.audit.selectors import timeline

    away = PLACE | {"latitude": STATION[0] + 0.01}
    response = sign_in(technician, region, **away)
    assert response.status_code == 422
    assert "距站房 1,112 m" in response.content.decode()
    assert sign_in(technician, region, **away, reason="临时封路").status_code == 302
    visit = the_visit(region)
    assert "out_of_fence" in visit.flags
    assert timeline("visit", visit.pk).first().detail["reason"] == "临时封路"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"latitude": "91", "longitude": "0"}, "终端给出的纬度不可用。应在 -90 至 90 之间"),
        ({"latitude": "north", "longitude": "0"}, "终端给出的纬度不可用"),
    ],
)
def test_an_impossible_position_is_refused(data, said, region, technician):
    response = sign_in(technician, region, **data)
    assert response.status_code == 422
    assert said in response.content.decode()


def test_a_file_that_is_no_picture_is_refused_and_the_reason_typed_stays(region, technician):
    response = sign_in(
        technician, region, reason="没有信号", photo=SimpleUploadedFile("a.jpg", b"%PDF-1.7 no picture")
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert "这个文件不是照片" in page
    assert "没有信号</textarea>" in page


def test_signing_in_twice_gives_the_same_visit(region, technician):
    first, second = (sign_in(technician, region, **PLACE).headers["Location"] for _ in range(2))
    assert first == second


# Records


@pytest.fixture
def record(region, technician):
    """The address of a drift calibration record in an open visit."""
    task = tasks_visible_to(region.people["technician"]).filter(activity="calibration").first()
    technician.post(f"/m/tasks/{task.pk}/sign-in/", PLACE)
    return f"/m/visits/{the_visit(region).number}/records/gas_drift_calibration/"


def test_the_header_comes_from_the_register_and_cannot_be_typed(region, technician, record):
    page = technician.get(record).content.decode()
    assert "来自备案" in page
    assert region.outlet.discharger.name in page
    technician.post(record + "?page=1", {"discharger_name": "别的单位", "cal_start": "", "go": "next"})
    assert the_visit(region).records.get().values["discharger_name"] == region.outlet.discharger.name


def test_computed_drift_stands_in_the_page_and_nobody_types_it(technician, record, region):
    data = {
        "rows.0.range": "200",
        "rows.0.zero_prev": "0.2",
        "rows.0.zero_before": "1.2",
        "rows.0.zero_drift": "99",
    }
    assert technician.post(record + "?page=2", data).status_code == 302
    assert the_visit(region).records.get().values["rows"][0]["zero_drift"] == "0.5"
    assert "0.5\N{NO-BREAK SPACE}%F.S." in technician.get(record + "?page=2").content.decode()


def test_a_number_that_is_none_is_told_beside_its_cell_and_kept(technician, record, region):
    response = technician.post(record + "?page=2", {"rows.0.range": "2oo", "rows.0.unit": "mg/m3"})
    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="2oo"' in page
    assert 'aria-describedby="f-rows-0-range-error"' in page
    assert 'href="#f-rows-0-range"' in page
    assert 'value="mg/m3"' in page
    assert not the_visit(region).records.exists()


def test_rows_are_added_copied_and_dropped_without_script(technician, record, region):
    row = {"rows.0.analyser": "SO2", "rows.0.range": "200"}
    technician.post(record + "?page=2", row | {"rows": "copy:rows.0"})
    assert [r["range"] for r in the_visit(region).records.get().values["rows"]] == ["200", "200"]
    twice = row | {"rows.1.analyser": "NOx", "rows.1.range": "100"}
    technician.post(record + "?page=2", twice | {"rows": "drop:rows.0"})
    assert [r["range"] for r in the_visit(region).records.get().values["rows"]] == ["100"]
    added = technician.post(
        record + "?page=2", {"rows.0.analyser": "NOx", "rows.0.range": "100", "rows": "add:rows"}, follow=True
    )
    assert added.status_code == 200
    assert 'name="rows.1.range"' in added.content.decode()


def test_autosave_answers_when_it_was_saved_and_what_is_wrong(technician, record):
    quiet = {"HTTP_X_AUTOSAVE": "1"}
    good = technician.post(
        record + "?page=2",
        {"rows.0.range": "200", "rows.0.zero_prev": "0", "rows.0.zero_before": "1"},
        **quiet,
    )
    assert good.status_code == 200
    assert [j["value"] for j in good.json()["judgements"] if j["field"] == "rows.0.zero_drift"] == ["0.5"]
    bad = technician.post(record + "?page=2", {"rows.0.range": "x"}, **quiet)
    assert bad.status_code == 422
    assert list(bad.json()["problems"]) == ["rows.0.range"]


def test_the_form_of_another_activity_is_not_found(technician, record):
    assert technician.get(record.replace("gas_drift_calibration", "ww_patrol")).status_code == 404
    assert technician.get(record.replace("gas_drift_calibration", "no_such_form")).status_code == 404


def test_a_record_photo_that_is_none_is_refused_and_the_rest_kept(technician, record):
    fake = SimpleUploadedFile("x.jpg", b"MZ\x00 a program")
    response = technician.post(record + "?page=2", {"photos": fake, "remark": "记录说明"})
    assert response.status_code == 422
    assert "这个文件不是照片" in response.content.decode()
    assert "记录说明" in response.content.decode()


def test_a_picture_kept_once_stays_when_the_page_is_saved_again(technician, record, region):
    technician.post(record + "?page=2", {"photos": SimpleUploadedFile("x.jpg", JPEG)})
    [digest] = the_visit(region).records.get().values["photos"]
    technician.post(record + "?page=2", {"photos": digest, "remark": "两次保存"})
    assert the_visit(region).records.get().values["photos"] == [digest]


def test_a_submitted_record_can_no_longer_be_changed(technician, record, region):
    visit = the_visit(region)
    fill_record(technician, visit, "gas_drift_calibration")
    assert technician.post(f"/m/visits/{visit.number}/submit/").status_code == 302
    assert technician.post(record + "?page=1", {"cal_start": "2026-01-01T00:00"}).status_code == 409


# Marks


@pytest.fixture
def officer(region, as_person):
    return as_person(region.people["discharger_officer"])


def a_mark(region, **changes):
    now = beijing(region.now)
    times = {
        name: (now - timedelta(hours=h)).strftime("%Y-%m-%dT%H:%M") for name, h in (("start", 5), ("end", 3))
    }
    return {"outlet": KEY, "factor": "", "item": "stop", "reason": "计划检修停运"} | times | changes


def test_a_mark_is_made_listed_and_withdrawn(region, officer):
    assert officer.post("/discharger/marks/new/", a_mark(region)).status_code == 302
    mark = marks_visible_to(region.people["discharger_officer"]).get()
    assert "计划检修停运" in officer.get("/discharger/marks/").content.decode()
    assert officer.post(f"/discharger/marks/{mark.pk}/withdraw/").status_code == 302
    mark.refresh_from_db()
    assert mark.state == "withdrawn"


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"end": "2026-01-01T00:00"}, "end", "不晚于开始"),
        ({"item": "holiday"}, "item", "holiday"),
        ({"reason": " "}, "reason", "必填"),
        ({"start": "yesterday"}, "start", "输入一个有效的日期/时间"),
        ({"end": "2099-01-01T00:00"}, "end", "天"),
    ],
)
def test_a_bad_mark_is_refused_beside_its_field_and_kept(changes, field, said, region, officer):
    response = officer.post("/discharger/marks/new/", a_mark(region, **changes))
    page = response.content.decode()
    assert response.status_code == 422
    assert f'id="id_{field}-error"' in page
    assert said in page[page.index(f'id="id_{field}-error"') :]
    assert field == "reason" or "计划检修停运" in page
    assert not marks_visible_to(region.people["discharger_officer"]).exists()


def test_an_outlet_of_others_cannot_be_marked(region, officer):
    response = officer.post("/discharger/marks/new/", a_mark(region, outlet=f"{uscc(2, '310115')}/DW001"))
    assert response.status_code == 422
    assert 'id="id_outlet-error"' in response.content.decode()


def test_a_span_given_in_the_address_stands_in_the_form(officer):
    page = officer.get(
        "/discharger/marks/new/?start=2026-11-20T02:00&end=2026-11-20T05:00&item=fault"
    ).content.decode()
    assert 'value="2026-11-20T02:00"' in page
    assert '<option value="fault" selected' in page


# Assigning


def test_tasks_are_assigned_by_ticking_them(region, as_person):
    admin = as_person(region.people["agency_admin"])
    tasks = list(tasks_visible_to(region.people["agency_admin"]).filter(state="planned"))
    person = region.people["technician"]
    answer = admin.post("/agency/tasks/assign/", {"task": [t.pk for t in tasks], "assignee": person.pk})
    assert answer.status_code == 302
    for task in tasks:
        task.refresh_from_db()
    assert {(task.state, task.assignee_id) for task in tasks} == {("assigned", person.pk)}


def test_assigning_nothing_or_to_nobody_says_so_and_keeps_the_ticks(region, as_person):
    admin = as_person(region.people["agency_admin"])
    task = tasks_visible_to(region.people["agency_admin"]).filter(state="planned").first()
    nothing = admin.post("/agency/tasks/assign/", {"assignee": region.people["technician"].pk})
    assert (nothing.status_code, "没有勾选任务" in nothing.content.decode()) == (422, True)
    nobody = admin.post("/agency/tasks/assign/", {"task": [task.pk]})
    assert (nobody.status_code, "没有选运维人员" in nobody.content.decode()) == (422, True)
    assert f'id="task-{task.pk}" aria-labelledby="task-{task.pk}-name" checked' in nobody.content.decode()


def test_a_task_or_person_of_another_agency_cannot_be_chosen(region, as_person):
    admin = as_person(region.people["agency_admin"])
    foreign = {"task": [region.foreign_task.pk], "assignee": region.people["technician"].pk}
    stranger = {"task": [region.task.pk], "assignee": region.strangers["technician"].pk}
    assert admin.post("/agency/tasks/assign/", foreign).status_code == 422
    assert admin.post("/agency/tasks/assign/", stranger).status_code == 422
