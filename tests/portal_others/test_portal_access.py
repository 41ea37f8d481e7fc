"""Every role tries every page: its own opens, a foreign object is 404, another role's page is 403."""

import pytest
from portal_world import ROLES, uscc

from mingcha.apps.accounts.roles import AGENCY_ROLES, DISCHARGER_ROLES, REGULATOR_ROLES, Role

PHONE_ROLES = AGENCY_ROLES | REGULATOR_ROLES
OWN, FOREIGN = f"{uscc(1)}/DA001", f"{uscc(2, '310115')}/DW001"
DISCHARGER_PAGES = (
    "/discharger/", "/discharger/visits/", "/discharger/outlets/", "/discharger/marks/", "/discharger/duties/",
    "/discharger/duties/?show=all", "/discharger/codes/", "/discharger/codes/?state=late", "/discharger/findings/", "/discharger/cases/",
)  # fmt: skip
AGENCY_PAGES = (
    "/agency/", "/agency/tasks/", "/agency/tasks/?show=missed", "/agency/visits/", "/agency/outlets/",
    "/agency/people/", "/agency/credit/", "/agency/cases/",
)  # fmt: skip
PHONE_PAGES = ("/m/", "/m/me/")
PUBLIC_PAGES = (
    "/",
    "/?q=热电&district=310101&medium=gas",
    "/?page=999",
    f"/outlets/{OWN}/",
    f"/outlets/{OWN}/versions/",
    "/agencies/",
)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_the_pages_of_its_portal_and_no_other(role, region, as_person):
    browser = as_person(region.people[role])
    for pages, allowed in (
        (DISCHARGER_PAGES, role in DISCHARGER_ROLES),
        (AGENCY_PAGES, role in AGENCY_ROLES),
        (PHONE_PAGES, role in PHONE_ROLES),
        (PUBLIC_PAGES, True),
    ):
        for page in pages:
            response = browser.get(page)
            assert response.status_code == (200 if allowed else 403), (role, page)
            if not allowed:
                assert "您的角色是" in response.content.decode()


def test_a_stranger_reads_the_public_pages_and_is_asked_to_sign_in_elsewhere(region, as_person):
    browser = as_person(None)
    assert [browser.get(page).status_code for page in PUBLIC_PAGES] == [200] * len(PUBLIC_PAGES)
    for page in (*DISCHARGER_PAGES, *AGENCY_PAGES, *PHONE_PAGES):
        response = browser.get(page)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize(
    ("role", "portal"), [(Role.DISCHARGER_OFFICER, "discharger"), (Role.AGENCY_ADMIN, "agency")]
)
def test_an_outlet_of_others_is_not_found(role, portal, region, as_person):
    browser = as_person(region.people[role])
    assert browser.get(f"/{portal}/outlets/{OWN}/").status_code == 200
    for tail in ("", "data/", "export/", "evidence/?at=1790000000"):
        assert browser.get(f"/{portal}/outlets/{FOREIGN}/{tail}").status_code == 404, tail
    assert browser.get(f"/{portal}/outlets/{uscc(9)}/DA001/").status_code == 404


def test_a_task_of_another_agency_is_not_found_and_cannot_be_signed_in_to(region, as_person):
    browser = as_person(region.people["technician"])
    assert browser.get(f"/m/tasks/{region.task.pk}/").status_code == 200
    assert browser.get(f"/m/tasks/{region.foreign_task.pk}/").status_code == 404
    place = {"latitude": 31.2304, "longitude": 121.4737, "accuracy_m": 5}
    assert browser.post(f"/m/tasks/{region.foreign_task.pk}/sign-in/", place).status_code == 404


def test_an_inspector_reads_tasks_and_cannot_sign_in(region, as_person):
    browser = as_person(region.people["enforcement"])
    page = browser.get(f"/m/tasks/{region.task.pk}/").content.decode()
    assert "在站房签到" not in page
    assert "这里只供查看" in page
    assert browser.post(f"/m/tasks/{region.task.pk}/sign-in/").status_code == 403


def test_a_district_inspector_sees_no_task_of_another_district(region, as_person):
    browser = as_person(region.people["district_regulator"])
    assert browser.get(f"/m/tasks/{region.task.pk}/").status_code == 200
    assert browser.get(f"/m/tasks/{region.foreign_task.pk}/").status_code == 404


@pytest.fixture
def visit(region, as_person):
    """An open visit at the outlet, with a photo."""
    from django.core.files.uploadedfile import SimpleUploadedFile
    from portal_filling import JPEG

    from mingcha.apps.maintenance.selectors import visits_visible_to

    form = {
        "latitude": 31.2304,
        "longitude": 121.4737,
        "accuracy_m": 5,
        "photo": SimpleUploadedFile("a.jpg", JPEG),
    }
    as_person(region.people["technician"]).post(f"/m/tasks/{region.task.pk}/sign-in/", form)
    return visits_visible_to(region.people["technician"]).get()


VISIT_PAGES = {
    "discharger_confirmer": "/discharger/visits/{number}/",
    "agency_reviewer": "/agency/visits/{number}/",
    "technician": "/m/visits/{number}/",
}


@pytest.mark.parametrize("role", VISIT_PAGES)
def test_a_visit_and_its_photo_are_seen_by_its_parties_alone(role, region, as_person, visit):
    page = VISIT_PAGES[role].format(number=visit.number)
    own, stranger = as_person(region.people[role]), as_person(region.strangers[role])
    assert own.get(page).status_code == 200
    assert stranger.get(page).status_code == 404
    photo = f"{page}photos/{visit.sign_in_photo}/"
    answer = own.get(photo)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert stranger.get(photo).status_code == 404
    assert own.get(f"{page}photos/{'0' * 64}/").status_code == 404


def test_strangers_cannot_confirm_review_record_or_leave(region, as_person, visit):
    number = visit.number
    attempts = {
        "discharger_confirmer": (
            f"/discharger/visits/{number}/confirm/",
            f"/discharger/visits/{number}/reject/",
        ),
        "agency_reviewer": (f"/agency/visits/{number}/review/",),
        "technician": (
            f"/m/visits/{number}/submit/",
            f"/m/visits/{number}/sign-out/",
            f"/m/visits/{number}/records/gas_patrol_extractive/",
        ),
    }
    for role, addresses in attempts.items():
        browser = as_person(region.strangers[role])
        for address in addresses:
            data = {"reason": "x", "decision": "approve"}
            assert browser.post(address, data).status_code == 404, address
    visit.refresh_from_db()
    assert visit.state == "open"


def test_only_the_confirmer_confirms_and_only_the_reviewer_reviews(region, as_person, visit):
    officer, admin = as_person(region.people["discharger_officer"]), as_person(region.people["agency_admin"])
    assert officer.post(f"/discharger/visits/{visit.number}/confirm/").status_code == 403
    assert officer.get("/discharger/visits/confirm/").status_code == 403
    assert admin.post(f"/agency/visits/{visit.number}/review/", {"decision": "approve"}).status_code == 403
    assert as_person(region.people["discharger_confirmer"]).get("/discharger/marks/new/").status_code == 403


def test_nothing_is_written_by_reading(region, as_person, visit):
    writes = {
        "discharger_confirmer": (
            "/discharger/visits/{n}/confirm/",
            "/discharger/visits/{n}/reject/",
            "/discharger/visits/{n}/withdraw/",
        ),
        "agency_reviewer": ("/agency/visits/{n}/review/", "/agency/tasks/assign/"),
        "technician": ("/m/visits/{n}/submit/", "/m/visits/{n}/sign-out/", "/m/tasks/1/sign-in/"),
    }
    for role, addresses in writes.items():
        for address in addresses:
            assert as_person(region.people[role]).get(address.format(n=visit.number)).status_code == 405, (
                address
            )


def test_a_form_without_its_token_is_refused(region):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True, HTTP_HOST="localhost")
    browser.force_login(region.people["technician"], backend="django.contrib.auth.backends.ModelBackend")
    assert browser.post(f"/m/tasks/{region.task.pk}/sign-in/").status_code == 403
