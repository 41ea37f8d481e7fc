"""The engine of the readings is away: pages say so and stay polite, metrics say so in a number."""

import pytest

AWAY = "postgresql://127.0.0.1:1/readings"  # nothing listens there


@pytest.fixture
def away(region, settings, monkeypatch, tmp_path):
    settings.READINGS, settings.HISTORY = AWAY, str(tmp_path / "history")
    monkeypatch.setenv("MINGCHA_READINGS", AWAY)
    monkeypatch.setenv("MINGCHA_HISTORY", str(tmp_path / "history"))
    return region


def test_a_page_that_needs_readings_says_that_they_are_away(away, as_person, caplog):
    answer = as_person("city_regulator").get(f"/regulator/outlets/{away.people.outlet.key}/")
    assert answer.status_code == 503
    assert "测量数据暂时无法读取" in answer.content.decode()
    assert "127.0.0.1" not in answer.content.decode()
    assert "see that the server runs" in caplog.text


def test_a_page_without_readings_goes_on(away, as_person):
    assert as_person("city_regulator").get("/regulator/findings/").status_code == 200


def test_the_api_says_that_one_may_try_again(away, as_person):
    answer = as_person("city_regulator").get(
        f"/api/outlets/{away.people.outlet.key}/values?factor=a21002&kind=minute"
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")


def test_the_metrics_go_on_and_say_it(away, client):
    text = client.get("/metrics").content.decode()
    assert "mingcha_readings_up 0.0" in text
    assert "mingcha_commands" in text
