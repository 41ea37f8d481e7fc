"""Server-sent events: who may listen, and what is told when readings or findings have come."""

import json
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from mingcha.apps.findings import services as findings
from mingcha.core.clock import now
from mingcha.core.clues import Clue
from mingcha.core.packets import REALTIME, FactorReading, Packet
from mingcha.core.refs import FrameRef
from mingcha.core.verdicts import Level
from mingcha.portals.regulator.overview import live
from mingcha.portals.shared import stores


@pytest.fixture(autouse=True)
def _look_at_once(monkeypatch):
    monkeypatch.setattr(live, "SHARED_S", -1.0)


def news_of(user, act):
    listener = live.Listener(user)
    act()
    return listener.step(), listener.step()


def clue(key):
    return Clue(
        outlet=key, factor="a21002", start=now() - timedelta(hours=3), end=now(), detector="S1", version="1", score=0.9,
        level=Level.GENERAL, kind="malfunction", sentence_zh="疑似恒值", sentence_en="suspected constant",
    )  # fmt: skip


NOTHING = live.News(readings=False, findings=0)


def test_a_new_reading_is_told_once(region):
    def arrive():
        reading = FactorReading("a21002", (("Rtd", "22.0"),), "N")
        packet = Packet("X", "31", REALTIME, now().replace(microsecond=0), (reading,), received=now())
        stores.telemetry().write([packet], position=FrameRef("g0-20991231", 1, 0))

    assert news_of(region.people["city_regulator"], arrive) == (live.News(readings=True, findings=0), NOTHING)


def test_a_new_finding_is_told_once_to_those_who_may_see_it(region):
    def find():
        findings.finding_record_clues(clues=[clue(region.people.outlet.key)], at=now())

    assert news_of(region.people["district_regulator"], find) == (
        live.News(readings=False, findings=1),
        NOTHING,
    )


def test_a_foreign_finding_is_not_told(region):
    def find():
        findings.finding_record_clues(clues=[clue(region.people.outlet.key)], at=now())

    assert news_of(region.people["stranger_district_regulator"], find) == (NOTHING, NOTHING)


class Script:
    """Says one thing after the other, then nothing."""

    def __init__(self, *news):
        self.news = list(news)

    def step(self):
        return self.news.pop(0) if self.news else NOTHING


def test_the_stream_opens_tells_and_gives_signs_of_life():
    async def listen():
        stream = live.told(Script(NOTHING, live.News(readings=True, findings=3)), period_s=0.001)
        found = [await stream.__anext__() for _ in range(3)]
        await stream.aclose()
        return found

    opened, news, life = async_to_sync(listen)()
    assert json.loads(opened.decode().split("data: ")[1]) == {"readings": 0, "findings": 0}
    assert json.loads(news.decode().split("data: ")[1]) == {"readings": 1, "findings": 3}
    assert life == b": alive\n\n"


@pytest.mark.parametrize(("name", "status"), [("city_regulator", 200), ("discharger_admin", 403), ("", 403)])
def test_only_authorities_may_listen(name, status, region):
    async def ask():
        client = AsyncClient()
        if name:
            await client.aforce_login(
                region.people[name], backend="django.contrib.auth.backends.ModelBackend"
            )
        response = await client.get("/regulator/live/")
        if status == 200:
            assert response["Content-Type"] == "text/event-stream"
            assert response["Cache-Control"] == "no-cache"
        return response.status_code

    assert async_to_sync(ask)() == status
