"""Every page of the regulator's portal × every role × foreign objects; what the first page counts."""

import pytest

PAGES = (
    "/regulator/", "/regulator/?view=table", "/regulator/overview/region/", "/regulator/overview/work/",
    "/regulator/outlets/", "/regulator/findings/", "/regulator/findings/?state=all&kind=rule", "/regulator/cases/",
    "/regulator/duties/", "/regulator/duties/?state=today", "/regulator/agencies/", "/regulator/frames/",
)  # fmt: skip
REGULATORS = (
    "city_regulator",
    "district_regulator",
    "monitoring_centre",
    "enforcement",
    "credit_panel",
    "auditor",
)
OTHERS = (
    "discharger_admin",
    "discharger_confirmer",
    "agency_admin",
    "technician",
    "agency_reviewer",
    "laboratory",
)


def test_every_page_opens_for_every_authority(region, as_person):
    for role in REGULATORS:
        client = as_person(role)
        for page in PAGES if role in REGULATORS[:2] else PAGES[::3]:
            assert client.get(page).status_code == 200, (role, page)


def test_other_roles_are_told_who_may(region, as_person):
    for role in OTHERS:
        client = as_person(role)
        for page in PAGES if role == OTHERS[0] else PAGES[:2]:
            response = client.get(page)
            assert response.status_code == 403, (role, page)
            assert "生态环境主管部门" in response.content.decode()


def test_nobody_is_sent_to_the_sign_in(region, as_person):
    response = as_person("").get("/regulator/findings/?kind=rule")
    assert response.status_code == 302
    assert response["Location"] == "/sign-in/?next=/regulator/findings/%3Fkind%3Drule"


def test_the_system_administrator_sees_frames_and_nothing_else(region, as_person):
    client = as_person("system_admin")
    assert client.get("/regulator/frames/").status_code == 200
    assert client.get("/regulator/quarantine/").status_code == 200
    assert client.get("/regulator/findings/").status_code == 403
    assert client.get("/home/")["Location"] == "/regulator/frames/"


def test_a_foreign_object_reads_as_missing(region, as_person):
    client = as_person("stranger_district_regulator")
    missing = client.get("/regulator/findings/F-1999-000001/")
    foreign = client.get(f"/regulator/findings/{region.finding.number}/")
    assert missing.status_code == foreign.status_code == 404
    assert "不存在或您无权查看" in foreign.content.decode()
    for url in (region.outlet_url, region.outlet_url + "data/", region.outlet_url + "export/"):
        assert client.get(url).status_code == 404
    assert region.people.outlet.discharger.name not in client.get("/regulator/outlets/").content.decode()
    assert region.finding.number not in client.get("/regulator/findings/?state=all").content.decode()


def test_a_district_sees_no_frame_of_another(region, as_person):
    own = as_person("district_regulator").get("/regulator/frames/").content.decode()
    assert region.people.datalogger.mn in own
    assert region.people.stranger_datalogger.mn not in own
    client = as_person("stranger_district_regulator")
    assert client.get(f"/regulator/frames/{region.ref}/").status_code == 404
    assert as_person("district_regulator").get(f"/regulator/frames/{region.ref}/").status_code == 200


def test_a_frame_is_shown_verified_with_its_password_hidden(region, as_person):
    page = as_person("city_regulator").get(f"/regulator/frames/{region.ref}/").content.decode()
    assert "已核验" in page
    assert "PW=******" in page
    assert "654321" not in page
    assert "36 35 34 33 32 31" not in page  # the same in hexadecimal
    assert "2a 2a 2a" in page


@pytest.mark.parametrize("ref", ["g0-20260101/1/0", "nonsense", "g0-20260101/x/0"])
def test_a_frame_that_is_not_there_is_a_404(ref, region, as_person):
    assert as_person("city_regulator").get(f"/regulator/frames/{ref}/").status_code == 404


def test_the_cockpit_counts_and_each_cell_opens_its_list(region, as_person):
    client = as_person("city_regulator")
    page = client.get("/regulator/")
    assert page.context["total"] == 2
    assert dict(page.context["links"])["online"] == 2
    home = next(row for row in page.context["districts"] if row.district == region.people.district)
    assert (home.outlets, home.online, home.offline, home.exceeded) == (1, 1, 0, 1)
    text = page.content.decode()
    assert region.finding.number in text
    assert f"/regulator/outlets/?district={home.district.code}" in text
    table = client.get("/regulator/?view=table").content.decode()
    assert f"/regulator/findings/?district={home.district.code}&amp;kind=rule" in table


def test_the_list_of_outlets_filters_and_exports(region, as_person):
    client = as_person("city_regulator")
    ours, theirs = region.people.outlet.discharger.name, region.people.stranger_outlet.discharger.name
    for query, found in (("?q=甲厂", True), (f"?q={region.people.datalogger.mn}", True), ("?medium=water", False),
                         ("?link=online", True), ("?link=offline", False)):  # fmt: skip
        assert (ours in client.get(f"/regulator/outlets/{query}").content.decode()) is found, query
    file = client.get("/regulator/outlets/?medium=water&form=csv")
    assert file["Content-Type"].startswith("text/csv")
    assert theirs in file.content.decode("utf-8-sig")
    assert ours not in file.content.decode("utf-8-sig")


def test_an_unknown_choice_in_the_address_is_said_not_swallowed(region, as_person):
    assert as_person("city_regulator").get("/regulator/outlets/?district=nowhere").status_code == 422
    assert as_person("city_regulator").get("/regulator/findings/?state=nonsense").status_code == 422


def test_newest_values_carry_their_unit(region, as_person):
    page = as_person("city_regulator").get("/regulator/outlets/").content.decode()
    assert "21.5" in page
    assert "mg/m³" in page
