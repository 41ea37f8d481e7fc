"""Reports of R-75-13 by the API: the numbers of the page, in full digits, with the digest of the files."""

import pytest
from api_world import NOX, World

from conftest import Sign
from mingcha.core.clock import beijing_day
from mingcha.core.digest import digest

COVERED = ("outlet", "kind", "period", "columns", "rows")  # by the digest


@pytest.mark.parametrize(
    ("kind", "form", "rows"), [("day", "%Y-%m-%d", 24), ("month", "%Y-%m", None), ("year", "%Y", 12)]
)
def test_a_report_has_a_row_a_unit_and_a_digest_that_can_be_computed_again(
    kind: str, form: str, rows: int | None, world: World, as_person: Sign
) -> None:
    period = f"{beijing_day(world.first):{form}}"
    body = as_person("discharger_admin").get(f"{world.path('o')}/reports/{kind}?period={period}").json()
    assert body["outlet"] == world.outlet("o").key
    assert body["period"] == period
    assert len(body["rows"]) in ({rows} if rows else set(range(28, 32)))
    assert {len(row["cells"]) for row in body["rows"]} == {len(body["columns"])}
    assert body["digest"] == digest({name: body[name] for name in COVERED})
    assert body["from"].endswith("T00:00:00+08:00")


def test_cells_hold_the_hours_of_the_store(world: World, as_person: Sign) -> None:
    client = as_person("agency_admin")
    day = beijing_day(world.first)
    body = client.get(f"{world.path('o')}/reports/day?period={day}").json()
    place = [column["factor"] for column in body["columns"]].index(NOX)
    serie = client.get(
        f"{world.path('o')}/series?factors={NOX}&kind=hour&from={day}T00:00:00&to={day}T23:59:59"
    ).json()["series"][0]
    known = dict(zip((moment[11:13] for moment in serie["times"]), serie["values"], strict=True))
    shown = {row["name"]: row["cells"][place] for row in body["rows"]}
    assert known
    assert {hour: cell["measured"] for hour, cell in shown.items() if cell["known"]} == known
    assert body["columns"][place]["measured"]["count"] == sum(value is not None for value in known.values())


@pytest.mark.parametrize(("kind", "period"), [("day", "2026-11"), ("month", "x"), ("quarter", "2026-Q9"), ("year", "99")])  # fmt: skip
def test_what_is_no_period_is_said_beside_its_field(
    kind: str, period: str, world: World, as_person: Sign
) -> None:
    answer = as_person("city_regulator").get(f"{world.path('o')}/reports/{kind}?period={period}")
    assert answer.status_code == 422
    assert "period" in answer.json()["error"]["problems"]


def test_an_outlet_of_others_and_a_kind_that_is_none_are_refused(world: World, as_person: Sign) -> None:
    client = as_person("stranger_discharger_admin")
    assert client.get(f"{world.path('o')}/reports/year?period=2026").status_code == 404
    assert client.get(f"{world.path('s')}/reports/week?period=2026").status_code == 422
