"""``mingcha restate | judge | screen`` on a real register and store."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from click.testing import CliRunner
from tests.flow.outlets_of_flow import DAY, HOUR, MN, TEN, hour_of, packet

from mingcha.cli.compute import judge, restate, screen
from mingcha.store.telemetry import Telemetry

USCC = "91310000607284577L"
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def outlet(db, tmp_path, monkeypatch):
    """One registered gas outlet with a limit of 35 at 6 % oxygen; its key. Readings go to a folder of the test."""
    from mingcha.apps.accounts.models import District
    from mingcha.apps.registry import services

    monkeypatch.setenv("MINGCHA_DATA", str(tmp_path))
    district = District.objects.create(code="310199", name="试验区")
    profile = services.discharger_register(uscc=USCC, name="试验厂", district=district, at=LONG_AGO)
    made = services.outlet_register(
        discharger=profile.organisation, code="DA001", name="一号排放口", medium="gas", at=LONG_AGO
    )
    services.datalogger_install(outlet=made, mn=MN, st="31", edition="2005", at=LONG_AGO)
    for factor, unit in (("a21026", "mg/m3"), ("a19001", "%")):
        services.instrument_install(outlet=made, factor=factor, unit=unit, at=LONG_AGO)
    services.limit_set(
        outlet=made, factor="a21026", value="35", unit="mg/m3", averaging="hour", document="排污许可证",
        clause="表1", valid_from=date(2025, 1, 1), reference_o2="6", at=LONG_AGO,
    )  # fmt: skip
    return made.key


@pytest.fixture
def store(tmp_path):
    return Telemetry(tmp_path / "readings.sqlite3")


def run(command, outlet, span, *more):
    return CliRunner().invoke(command, ["--outlet", outlet, "--span", span, *more])


def test_restate_prints_hours_with_their_codes_and_keeps_them_only_when_told(outlet, store):
    store.write(hour_of(DAY, a21026=30, a19001=9.5), position=None)
    done = run(restate, outlet, "2026-03-02T00:00/2026-03-02T01:00", "--json")
    shown = {hour["factor"]: hour for hour in json.loads(done.output)["hours"]}
    assert (done.exit_code, shown["a21026"]["code"]) == (0, "N")
    assert shown["a21026"]["start"] == "2026-03-02T00:00:00+08:00"
    assert store.hours(outlet, whole_day()) == []
    kept = run(restate, outlet, "2026-03-02", "--write")
    assert kept.exit_code == 0
    assert len(store.hours(outlet, whole_day())) == 48
    assert "a21026" in kept.output


def whole_day():
    from mingcha.core.spans import Span

    return Span(DAY, DAY + 24 * HOUR)


def test_judge_ends_with_1_where_something_exceeds_and_prints_the_row(outlet, store):
    store.write([p for n in range(3) for p in hour_of(DAY + n * HOUR, a21026=30, a19001=9.5)], position=None)
    done = run(judge, outlet, "2026-03-02")
    assert done.exit_code == 1
    assert "serious" in done.output
    assert "3 exceeded" in done.output
    contract = json.loads(run(judge, outlet, "2026-03-02", "--json").output)
    assert {"rule", "result", "code", "inputs_sha256", "why_version"} <= contract[0].keys()


def test_judge_ends_with_0_where_nothing_exceeds(outlet, store):
    store.write(hour_of(DAY, a21026=10, a19001=9.5), position=None)
    assert run(judge, outlet, "2026-03-02").exit_code == 0


def test_screen_ends_with_1_and_the_clue_in_the_form_of_the_exchange(outlet, store):
    rng = np.random.default_rng(1)
    values = np.round(rng.normal(20, 2, 5 * 144), 1)
    values[500:530] = values[500]
    start = DAY - 4 * 24 * HOUR
    store.write([packet(start + n * TEN, {"a21026": v}) for n, v in enumerate(values)], position=None)
    done = run(screen, outlet, "2026-03-01", "--json")
    [clue] = json.loads(done.output)
    assert done.exit_code == 1
    assert (clue["detector"], clue["class"], clue["factor"]) == ("S1", "malfunction", "a21026")
    assert "S1" in run(screen, outlet, "2026-03-01").output
    assert run(screen, outlet, "2026-02-26").exit_code == 0


@pytest.mark.parametrize("span", ["yesterday", "2026-03-02/2026-03-01", "2026-13-01", ""])
def test_a_span_that_is_none_is_wrong_use(outlet, span):
    done = run(restate, outlet, span)
    assert done.exit_code == 2
    assert "expected 2026-11-16" in done.output


def test_an_unknown_outlet_is_wrong_use(outlet):
    done = run(judge, "91310000A/DA999", "2026-03-02")
    assert done.exit_code == 2
    assert "DA999" in done.output


def test_a_zone_may_be_given(outlet, store):
    store.write(hour_of(DAY, a21026=30, a19001=9.5), position=None)
    done = run(restate, outlet, f"{DAY.isoformat()}/{(DAY + timedelta(hours=1)).isoformat()}", "--json")
    assert {hour["start"] for hour in json.loads(done.output)["hours"]} == {"2026-03-02T00:00:00+08:00"}
