"""Values of an outlet and the frames they came in."""

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from api_world import HOUR, MN, NOX, PASSWORD, World

from conftest import Sign
from mingcha.api import stores
from mingcha.core.clock import beijing, to_us
from mingcha.protocol.hj212 import codec, mask
from mingcha.store.journal import Direction, Entry, Journal


def values(client: Any, world: World, **asked: Any) -> Any:
    asked = {name.rstrip("_"): v.isoformat() if isinstance(v, datetime) else v for name, v in asked.items()}
    return client.get(f"{world.path('o')}/values?{urlencode({'factor': NOX, **asked})}")


def test_minute_values_come_as_received_with_frame_moment_and_versions(world: World, as_person: Sign) -> None:
    answer = values(as_person("technician"), world, kind="minute", from_=world.first, to=world.first + HOUR)
    body = answer.json()
    assert (body["outlet"], body["unit"], body["converted"]) == (world.people.outlet.key, "mg/m3", False)
    assert [row["text"] for row in body["values"]] == ["20.50", "99.50", "22.50", "-", "24.50", "25.50"]
    first, second, _, missing, *_ = body["values"]
    assert first["time"] == beijing(world.first).isoformat()
    assert first["time"].endswith("+08:00")
    assert (first["value"], first["flag"], first["frame"]) == (20.5, "N", str(world.refs["o"]))
    assert datetime.fromisoformat(first["known_at"]) == world.first + timedelta(minutes=1)
    assert (first["versions"], second["versions"]) == (1, 2)
    assert (missing["value"], missing["flag"]) == (None, "D")


def test_as_of_shows_the_value_that_was_known_then(world: World, as_person: Sign) -> None:
    client, span = as_person("agency_admin"), {"from_": world.first, "to": world.first + 3 * HOUR}
    then = values(client, world, kind="minute", as_of=world.first + timedelta(minutes=30), **span).json()
    assert [row["text"] for row in then["values"]] == ["20.50", "21.50", "22.50"]
    assert then["values"][1]["versions"] == 1
    now, before = (
        values(client, world, kind="hour", **span, **more).json()["values"]
        for more in ({}, {"as_of": world.first + 4 * HOUR})
    )
    assert [(row["value"], row["versions"]) for row in now] == [(20.25, 1), (44.125, 2), (None, 1)]
    assert [(row["value"], row["versions"]) for row in before] == [(20.25, 1), (21.25, 1), (None, 1)]
    assert datetime.fromisoformat(before[1]["known_at"]) == world.first + 3 * HOUR
    assert now[2]["flag"] == "Md"


def test_hours_come_converted_where_asked_for_and_days_by_themselves(world: World, as_person: Sign) -> None:
    client = as_person("city_regulator")
    body = values(client, world, converted="true", from_=world.first, to=world.first + HOUR).json()
    assert (body["converted"], body["values"][0]["text"]) == (True, "30.5")
    days = values(client, world, kind="day").json()["values"]
    assert [(row["value"], row["frame"], row["versions"]) for row in days] == [(21.5, None, 1)]


def test_a_span_is_refused_where_it_is_too_long_or_runs_backwards(world: World, as_person: Sign) -> None:
    client, end = as_person("city_regulator"), world.now
    for kind, days in (("realtime", 7), ("minute", 31), ("hour", 400), ("day", 4000)):
        fits = values(client, world, kind=kind, from_=end - timedelta(days=days), to=end)
        assert fits.status_code == 200
        longer = values(client, world, kind=kind, from_=end - timedelta(days=days, seconds=1), to=end)
        assert longer.status_code == 422
        assert str(days) in longer.json()["error"]["problems"]["to"]
    backwards = values(client, world, from_=end, to=end)
    assert backwards.status_code == 422
    assert "later" in backwards.json()["error"]["problems"]["to"]


def test_a_factor_kind_or_time_nobody_knows_is_told_by_field(world: World, as_person: Sign) -> None:
    client = as_person("city_regulator")
    for asked, name in (
        ({"factor": "a99999"}, "factor"),
        ({"kind": "week"}, "kind"),
        ({"from_": "soon"}, "from"),
    ):
        answer = values(client, world, **asked)
        assert answer.status_code == 422, asked
        assert set(answer.json()["error"]["problems"]) == {name}
    assert NOX in values(client, world, factor="a99999").json()["error"]["problems"]["factor"]


def test_a_frame_comes_masked_with_the_hash_of_the_bytes_received(world: World, as_person: Sign) -> None:
    answer = as_person("district_regulator").get(f"/api/frames/{world.refs['o']}")
    assert PASSWORD not in answer.content.decode()
    body, raw = answer.json(), world.raw["o"]
    shown = base64.b64decode(body["base64"])
    assert shown == mask(raw) != raw
    assert body["text"] == shown.decode("latin-1")
    assert (body["sha256"], body["size"]) == (hashlib.sha256(raw).hexdigest(), len(raw))
    assert (body["mn"], body["verdict"], body["sent"]) == (MN, "accepted", False)
    assert body["described"]["fields"]["PW"] == "*" * len(PASSWORD)
    assert body["described"]["fields"]["CN"] == "2051"


def test_what_names_no_frame_is_not_found(world: World, as_person: Sign) -> None:
    client = as_person("city_regulator")
    for ref in ("g0-20200101/1/0", "nonsense", f"{world.refs['o'].journal}/1/9999"):
        assert client.get(f"/api/frames/{ref}").status_code == 404


def test_a_password_behind_blanks_is_hidden_too(world: World, as_person: Sign) -> None:
    segment = f"QN=20260101000000000;ST=31;CN=1072;PW={PASSWORD};MN={MN};Flag=5;CP= &&NewPW=SECRET&&".encode()
    raw = b"##%04d%s%04X\r\n" % (len(segment), segment, codec.crc(segment))
    journal = Journal(stores.journal().folder, gateway="g1")
    (ref,) = journal.append([Entry(Direction.IN, to_us(world.now), "c1", MN, "deviating", raw)])
    journal.close()
    answer = as_person("city_regulator").get(f"/api/frames/{ref}")
    assert answer.json()["described"]["trimmed"] == [{"NewPW": "******"}]
    assert "SECRET" not in answer.content.decode()
