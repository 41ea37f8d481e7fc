"""Series of several factors, files, rates and completeness: the same numbers as on the pages."""

import csv
import io

import pytest
from api_world import NOX, World

from conftest import Sign

SPAN = "from=2020-01-01T00:00:00&to=2035-01-01T00:00:00"


def test_a_series_has_columns_of_one_length_and_tells_what_was_left_out(
    world: World, as_person: Sign
) -> None:
    body = (
        as_person("discharger_admin").get(f"{world.path('o')}/series?factors={NOX}&kind=hour&{SPAN}").json()
    )
    [serie] = body["series"]
    assert serie["total"] == len(serie["times"]) > 0
    assert {len(serie[name]) for name in ("values", "flags", "versions")} == {serie["total"]}
    assert body["thinned"] is False
    assert max(serie["versions"]) == 2  # the hour that was computed again
    assert all(moment.endswith("+08:00") for moment in serie["times"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (f"factors=zzz&{SPAN}", "factors"),
        (f"factors=&{SPAN}", "factors"),
        (f"factors={NOX}&from=2026-02-01T00:00:00&to=2026-01-01T00:00:00", "to"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(
    query: str, field: str, world: World, as_person: Sign
) -> None:
    answer = as_person("city_regulator").get(f"{world.path('o')}/series?{query}")
    assert answer.status_code == 422
    assert field in answer.json()["error"]["problems"]


def test_a_file_of_readings_holds_every_hour(world: World, as_person: Sign) -> None:
    client = as_person("agency_admin")
    serie = client.get(f"{world.path('o')}/series?factors={NOX}&kind=hour&{SPAN}").json()["series"][0]
    answer = client.get(f"{world.path('o')}/readings?factors={NOX}&kind=hour&form=csv&{SPAN}")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert len([row for row in rows if row["factor"] == NOX]) == serie["total"]
    assert rows[0]["outlet"] == world.outlet("o").key
    parquet = client.get(f"{world.path('o')}/readings?factors={NOX}&kind=hour&form=parquet&{SPAN}")
    assert b"".join(parquet.streaming_content)[:4] == b"PAR1"


@pytest.mark.parametrize("by", ["outlet", "discharger", "district", "month", "day", "factor"])
def test_rates_of_every_grouping_sum_to_the_same_counts(by: str, world: World, as_person: Sign) -> None:
    client = as_person("city_regulator")
    totals = [
        sum(row["counts"]["due"] for row in client.get(f"/api/rates?by={one}&limit=200").json()["items"])
        for one in ("outlet", by)
    ]
    assert totals[0] == totals[1] > 0


def test_days_the_wrong_way_round_are_refused(world: World, as_person: Sign) -> None:
    answer = as_person("city_regulator").get("/api/rates?first_day=2026-02-01&last_day=2026-01-01")
    assert answer.status_code == 422
    assert "last_day" in answer.json()["error"]["problems"]
