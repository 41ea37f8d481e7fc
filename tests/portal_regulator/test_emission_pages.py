"""排放量: totals, what stands in, the permit, files and comparison, in three portals and the API, for one's own outlets."""

from datetime import timedelta

import pytest

from mingcha.apps.registry.services import permitted_amount_set
from mingcha.core.aggregates import DayValue, HourCode, HourValue
from mingcha.core.clock import beijing_day, day_start, hour_start
from mingcha.core.packets import FactorReading, Packet
from mingcha.portals.shared import stores

NOX, HOUR = "a21002", timedelta(hours=1)
PORTALS = {"city_regulator": "regulator", "discharger_admin": "discharger", "agency_reviewer": "agency"}


def begun(region):
    """A start after which 206 hours lie in the past and in one year."""
    start = hour_start(region.now) - 206 * HOUR
    return start if beijing_day(start).year == beijing_day(region.now).year else start - 30 * 24 * HOUR


@pytest.fixture
def emitted(region):
    """Two hundred hours, one of 9 kg and the others of 2, then a fault of three hours; hour records beside them."""
    key, store = region.people.outlet.key, stores.telemetry()
    start = begun(region)
    made = []
    for n in range(203):
        valid = n < 200
        made.append(HourValue(
            key, NOX, start + n * HOUR, HourCode.NORMAL if valid else HourCode.FAULT, 60 if valid else 0, 20.0 if valid else None,
            converted=24.0 if valid else None, total=(9.0 if n == 150 else 2.0) if valid else None, cause="" if valid else "fault",
        ))  # fmt: skip
    store.write_hours(made, at=region.now)
    logger = region.people.datalogger
    fields = (("Avg", "20.0"), ("ZsAvg", "25.0"), ("Cou", "2.0"))
    store.write(
        [Packet(logger.mn, logger.st, "2061", start + n * HOUR, (FactorReading(NOX, fields, "N"),), "2017", received=start + (n + 1) * HOUR) for n in range(150)],
        position=None,
    )  # fmt: skip
    return start + 200 * HOUR


def allowed(region, tonnes, period="year", outlet=True):
    return permitted_amount_set(
        discharger=region.people.discharger, outlet=region.people.outlet if outlet else None, factor=NOX,
        year=beijing_day(begun(region)).year, period=period, tonnes=tonnes, document="排污许可证", why="核发",
        at=region.now, by=region.people["city_regulator"],
    )  # fmt: skip


def page_of(client, region, portal, query):
    url = region.outlet_url.replace("regulator", portal, 1)
    return client.get(f"{url}?t=emissions&{query}")


def whole_year(region):
    return f"year={beijing_day(begun(region)).year}"


@pytest.mark.parametrize(("name", "portal"), PORTALS.items())
def test_the_tab_tells_totals_what_stands_in_and_why(name, portal, region, emitted, as_person):
    allowed(region, "0.5")
    page = page_of(as_person(name), region, portal, whole_year(region))
    text = page.content.decode()
    assert page.status_code == 200
    held = page.context["emissions"]
    [row] = [row for row in held["rows"] if row.factor == NOX]
    fault = [r for r in held["runs"] if r.run.start == emitted]
    assert row.total.measured_kg == pytest.approx(199 * 2 + 9)
    assert row.permit == "0.5"
    assert row.share == f"已用 {row.total.used * 100:.1f}%"
    assert f"{row.total.total_kg:.2f}" in text
    assert "0.5&nbsp;t" in text
    assert [r.run.kg for r in fault] in (
        [9.0],
        [None],
    )  # None where so little of the year ran that the capture is too low
    assert "故障" in fault[0].why
    assert "hj_75_2017.short_look_back_hours = 180" in text
    assert "炉膛温度" not in text


def test_the_comparison_names_what_differs(region, emitted, as_person):
    held = page_of(as_person("city_regulator"), region, "regulator", whole_year(region)).context["emissions"]
    counts = {one.field: one.counts for one, _, _ in held["compared"] if one.factor == NOX}
    assert counts["Avg"].differing == 0
    assert (counts["ZsAvg"].both, counts["ZsAvg"].differing, counts["ZsAvg"].greatest) == (150, 150, 1.0)
    assert {one.field: unit for one, _, unit in held["compared"]} == {
        "Avg": "mg/m³",
        "ZsAvg": "mg/m³",
        "Cou": "kg",
    }


def test_an_amount_passed_is_said_and_one_of_the_whole_discharger_is_shown_without_a_share(
    region, emitted, as_person
):
    client = as_person("discharger_admin")
    allowed(region, "0.1")
    page = page_of(client, region, "discharger", whole_year(region))
    assert page.context["emissions"]["rows"][0].state == "over"
    assert "已超许可量" in page.content.decode()


def test_an_amount_of_the_whole_discharger_has_no_share(region, emitted, as_person):
    allowed(region, "12", outlet=False)
    page = page_of(as_person("discharger_admin"), region, "discharger", whole_year(region))
    [row] = [row for row in page.context["emissions"]["rows"] if row.factor == NOX]
    assert (row.permit, row.whole_permit, row.share, row.state) == ("", "12", "", "none")
    assert "全厂 12&nbsp;t" in page.content.decode()


@pytest.mark.parametrize(
    "query", ["", "year=1999", "year=x&quarter=9", "year=2024&month=2", "year=2024&quarter=4"]
)
def test_any_address_gives_a_page(query, region, emitted, as_person):
    page = page_of(as_person("city_regulator"), region, "regulator", query)
    assert page.status_code == 200
    current = [word for word, _, now in page.context["emissions"]["picker"]["links"] if now]
    assert len(current) == 1


@pytest.mark.parametrize("what", ["totals", "runs", "steps", "compared"])
def test_files_hold_what_the_page_says(what, region, emitted, as_person):
    client, url = (
        as_person("agency_reviewer"),
        region.outlet_url.replace("regulator", "agency", 1) + "emissions/",
    )
    query = f"{whole_year(region)}&what={what}"
    text = client.get(f"{url}?{query}&form=csv").content.decode("utf-8-sig")
    assert NOX in text
    assert client.get(f"{url}?{query}&form=xlsx").content[:2] == b"PK"
    if what == "steps":
        assert sum(line.split(",")[3] == "实测" for line in text.splitlines() if line.startswith(NOX)) == 200
    assert client.get(f"{url}?{query}&form=doc").status_code == 422


def test_a_furnace_has_its_own_section(region, emitted, as_person):
    logger = region.people.datalogger
    start = hour_start(region.now) - 48 * HOUR
    packets = [
        Packet(logger.mn, logger.st, "2111", start + n * timedelta(minutes=5), (FactorReading("a01901", (("Avg", "840" if n < 3 else "900"),), "N"),), "2025", received=region.now)
        for n in range(12)
    ]  # fmt: skip
    stores.telemetry().write(packets, position=None)
    page = page_of(as_person("city_regulator"), region, "regulator", f"year={beijing_day(start).year}")
    furnace = page.context["emissions"]["furnace"]
    assert (furnace["low"], furnace["count"]) == (3, 1)
    assert [state for _, state in furnace["days"]] == ["open"]
    assert "炉膛温度五分钟均值" in page.content.decode()


@pytest.mark.parametrize(
    ("name", "portal"),
    [("stranger_discharger_admin", "discharger"), ("stranger_agency_reviewer", "agency"), ("stranger_district_regulator", "regulator")],
)  # fmt: skip
def test_a_foreign_outlet_is_not_found(name, portal, region, emitted, as_person):
    client, outlet = as_person(name), region.people.outlet
    assert page_of(client, region, portal, "").status_code == 404
    assert (
        client.get(region.outlet_url.replace("regulator", portal, 1) + "emissions/?form=csv").status_code
        == 404
    )
    assert client.get(f"/api/outlets/{outlet.key}/emissions?year=2026").status_code == 404


def test_roles_of_other_portals_are_refused(region, as_person):
    assert page_of(as_person("discharger_admin"), region, "regulator", "").status_code == 403
    assert page_of(as_person(""), region, "regulator", "").status_code == 302


def test_the_api_gives_the_same_numbers(region, emitted, as_person):
    allowed(region, "0.5")
    client, key = as_person("discharger_admin"), region.people.outlet.key
    year = beijing_day(begun(region)).year
    body = client.get(f"/api/outlets/{key}/emissions?year={year}").json()
    [one] = [row for row in body["factors"] if row["factor"] == NOX]
    page = page_of(client, region, "discharger", f"year={year}").context["emissions"]
    [row] = [row for row in page["rows"] if row.factor == NOX]
    assert one["period"] == one["year"]
    assert one["period"]["total_kg"] == row.total.total_kg
    assert one["period"]["permitted_t"] == "0.5"
    assert one["period"]["used"] == row.total.used
    assert body["clauses"] == ["R-75-12.2", "R-75-12.3", "R-75-C.8"]
    both = client.get(f"/api/outlets/{key}/emissions?year={year}&quarter=1&month=2")
    assert both.status_code == 422
    assert "month" in both.json()["error"]["problems"]
    assert client.get(f"/api/outlets/{key}/emissions?year={year}&quarter=5").status_code == 422


def test_the_tab_reads_in_english(region, emitted, as_person):
    client = as_person("city_regulator")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    text = page_of(client, region, "regulator", whole_year(region)).content.decode()
    assert "Compared with the datalogger" in text
    assert "Usable for accounting" in text


def test_water_is_counted_by_days_and_replaced_by_the_rule_of_water(region, as_person):
    outlet, store = region.people.stranger_outlet, stores.telemetry()
    last = beijing_day(begun(region))
    days = [day_start(last - timedelta(days=n)) for n in range(40, 0, -1)]
    for n, start in enumerate(days):
        mean = None if n == 38 else 20.0
        store.write_days(
            [DayValue(outlet.key, "w01018", start, 24 if mean else 3, 24, mean), DayValue(outlet.key, "w00000", start, 24, 24, 11.6, total=1000.0)],
            at=region.now,
        )  # fmt: skip
    client, url = as_person("stranger_discharger_admin"), f"/discharger/outlets/{outlet.key}/"
    held = client.get(f"{url}?t=emissions&year={beijing_day(days[38]).year}").context["emissions"]
    [run] = [row for row in held["runs"] if row.run.start == days[38]]
    assert (run.kg, run.run.found, run.run.kg) == ("20.00 kg/d", 30, 20.0)
    assert "R-356-8" in run.why
    assert held["rows"][0].captured[0].endswith(")")
    assert client.get(f"{url}emissions/?what=steps&year={beijing_day(days[38]).year}").status_code == 200
