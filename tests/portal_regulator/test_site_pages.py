"""Sign-in, home, language, theme, notices, errors: pages of no portal."""

import pytest
from django.test import Client
from tests.people import people, with_password

from mingcha.apps.notices.services import notice_send
from mingcha.core.clock import now

HOMES = {
    "city_regulator": "/regulator/", "district_regulator": "/regulator/", "discharger_admin": "/discharger/",
    "agency_reviewer": "/agency/", "technician": "/m/", "system_admin": "/regulator/frames/",
}  # fmt: skip


@pytest.fixture
def site(db):
    return people(now())


def client(**headers):
    return Client(HTTP_HOST="localhost", HTTP_ACCEPT_LANGUAGE="zh-hans", **headers)


def test_each_role_comes_home_to_its_portal(site):
    for role, home in HOMES.items():
        browser = client()
        browser.force_login(site[role], backend="django.contrib.auth.backends.ModelBackend")
        assert browser.get("/home/")["Location"] == home, role
    assert client().get("/home/")["Location"] == "/"


def test_sign_in_goes_where_one_wanted_to_go(site):
    password = with_password(site["city_regulator"], now())
    values = {"username": "city_regulator", "password": password, "next": "/regulator/cases/"}
    response = client().post("/sign-in/", values)
    assert (response.status_code, response["Location"]) == (302, "/regulator/cases/")
    foreign = client().post("/sign-in/", values | {"next": "https://example.com/"})
    assert foreign["Location"] == "/home/"


def test_a_wrong_password_is_said_and_the_name_kept(site):
    response = client().post("/sign-in/", {"username": "city_regulator", "password": "wrong"})
    text = response.content.decode()
    assert response.status_code == 422
    assert "用户名或密码不对" in text
    assert 'value="city_regulator"' in text
    assert "wrong" not in text.split("<main")[1]


def test_too_many_wrong_passwords_pause_the_sign_in(site):
    browser = client()
    for _ in range(8):
        response = browser.post("/sign-in/", {"username": "city_regulator", "password": "wrong"})
    assert response.status_code == 429
    assert "登录已暂停" in response.content.decode()


def test_language_changes_and_the_address_stays(site):
    browser = client()
    response = browser.post("/language/", {"language": "en", "next": "/sign-in/?next=/regulator/"})
    assert response["Location"] == "/sign-in/?next=/regulator/"
    text = browser.get("/sign-in/").content.decode()
    assert '<html lang="en"' in text
    assert "User name" in text
    assert browser.post("/language/", {"language": "xx", "next": "https://example.com/"})["Location"] == "/"


def test_the_theme_is_kept_in_a_cookie_and_nothing_else_is_accepted(site):
    browser = client()
    browser.post("/theme/", {"theme": "dark", "next": "/sign-in/"})
    assert 'data-bs-theme="dark"' in browser.get("/sign-in/").content.decode()
    browser.post("/theme/", {"theme": '"><script>', "next": "/sign-in/"})
    assert 'data-bs-theme="dark"' in browser.get("/sign-in/").content.decode()


def test_sign_out_is_a_deed_not_a_link(site):
    browser = client()
    browser.force_login(site["city_regulator"], backend="django.contrib.auth.backends.ModelBackend")
    assert browser.get("/sign-out/").status_code == 405
    assert browser.post("/sign-out/").status_code == 302
    assert browser.get("/regulator/").status_code == 302


def test_notices_are_counted_opened_and_private(site):
    notice_send(
        users=[site["city_regulator"]],
        kind="must",
        cause="t:1",
        title_zh="请核实案件",
        link="/regulator/cases/",
        at=now(),
    )
    browser = client()
    browser.force_login(site["city_regulator"], backend="django.contrib.auth.backends.ModelBackend")
    page = browser.get("/notices/")
    assert "请核实案件" in page.content.decode()
    assert 'class="m-count"' in page.content.decode()
    pk = page.context["page"].object_list[0].pk
    stranger = client()
    stranger.force_login(site["auditor"], backend="django.contrib.auth.backends.ModelBackend")
    assert stranger.post(f"/notices/{pk}/").status_code == 404
    assert browser.post(f"/notices/{pk}/")["Location"] == "/regulator/cases/"
    assert 'class="m-count"' not in browser.get("/notices/").content.decode()


def test_an_unknown_address_is_a_page_of_ours(site):
    response = client().get("/nowhere/")
    assert response.status_code == 404
    assert "不存在或您无权查看" in response.content.decode()


def test_our_own_failure_has_a_number_that_is_in_the_log(site, monkeypatch, caplog):
    from mingcha.portals.regulator.overview import views

    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(views, "work_context", fail)
    browser = client()
    browser.raise_request_exception = False
    browser.force_login(site["city_regulator"], backend="django.contrib.auth.backends.ModelBackend")
    response = browser.get("/regulator/")
    text = response.content.decode()
    assert response.status_code == 500
    number = text.split("编号 ")[1][:4]
    assert any(number in record.getMessage() for record in caplog.records)


def test_an_old_form_is_refused_in_words(site):
    browser = Client(HTTP_HOST="localhost", enforce_csrf_checks=True, HTTP_ACCEPT_LANGUAGE="zh-hans")
    response = browser.post("/language/", {"language": "en"})
    assert response.status_code == 403
    assert "表单已过期" in response.content.decode()


def test_pages_forbid_inline_script(site):
    response = client().get("/sign-in/")
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_the_health_page_answers(db):
    assert client().get("/healthz").json() == {"ok": True}
