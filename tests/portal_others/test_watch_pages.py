"""/metrics and /health of the web process: for this machine, or who shows the token."""

import json
from pathlib import Path

import pytest
from django.test import Client

from mingcha.site import data

STATUS = {"at_us": 5_000_000, "frames": 7, "verdicts": {"accepted": 6, "quarantine": 1}}
ABROAD = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(data, "data_folder", lambda: tmp_path)
    monkeypatch.setattr(data, "readings_file", lambda: tmp_path / "readings.sqlite3")
    (tmp_path / "gateway-g0.status.json").write_text(json.dumps(STATUS))
    return tmp_path


@pytest.mark.django_db
def test_metrics_tell_of_gateway_and_records(folder: Path, client: Client) -> None:
    answer = client.get("/metrics")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'mingcha_frames_total{gateway="g0"} 7.0' in text
    assert 'mingcha_verdicts_total{gateway="g0",verdict="quarantine"} 1.0' in text
    assert "mingcha_quarantine 0.0" in text
    assert "# TYPE mingcha_projection_lag_seconds gauge" in text


@pytest.mark.django_db
def test_metrics_are_not_given_to_other_machines_without_the_token(
    folder: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/metrics", **ABROAD).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer "}, **ABROAD).status_code == 403
    monkeypatch.setenv("MINGCHA_METRICS_TOKEN", "s3same")
    assert client.get("/metrics", headers={"Authorization": "Bearer s3same"}, **ABROAD).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}, **ABROAD).status_code == 403
    assert client.get("/metrics", **ABROAD).status_code == 403


@pytest.mark.django_db
def test_health_answers_everybody(client: Client) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = client.get(path, **ABROAD)
        assert (answer.status_code, answer.json()["ok"]) == (200, True)
