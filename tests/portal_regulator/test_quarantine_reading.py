"""Frames of a logger nobody registered, read on trial: by the settings of a known station, and with a key somebody has."""

from datetime import timedelta

import pytest
from django.test import Client
from tests.people import MN, OTHER_MN

from mingcha.apps.devices import services
from mingcha.apps.devices.models import StationKey
from mingcha.core.clock import format_digits, now, to_us
from mingcha.portals.shared import stores
from mingcha.protocol.hj212 import encode
from mingcha.protocol.hj212.exchanges.cipher import encrypted
from mingcha.store.journal import Direction, Entry, Journal

UNKNOWN = "0E" * 12
KEY = "msbE74gsiSHSEh5e"  # the one printed in an example of 2025
CLOSED = "数据区已加密，没有可用的密钥"


def kept(raw):
    """A frame in the journal and its row in quarantine; the address of its page."""
    at = now()
    journal = Journal(stores.journal().folder)
    (ref,) = journal.append([Entry(Direction.IN, to_us(at), "c9", UNKNOWN, "quarantine", raw)])
    journal.close()
    row = services.quarantine_seen(mn=UNKNOWN, at=at, ref=str(ref), st="31")
    return f"/regulator/quarantine/{row.pk}/"


def frame(edition="2025"):
    at = now()
    return encode(edition=edition, qn=format_digits(at, milliseconds=True), st="31", cn="2011", pw="secret", mn=UNKNOWN,
                  flag={"2017": 5, "2025": 9}[edition], cp=f"DataTime={format_digits(at)};a21002-Rtd=1812.5,a21002-Flag=N")  # fmt: skip


def text(response):
    return response.content.decode()


def test_ciphertext_opens_with_the_key_that_is_typed_in_and_nothing_is_stored(region, as_person):
    address = kept(encrypted(frame(), KEY.encode()))
    client = as_person("city_regulator")
    page = text(client.get(address))
    assert "1812.5" not in page
    assert CLOSED in page
    opened = client.post(address + "read/", {"like": "", "key": KEY})
    assert opened.status_code == 200
    assert "1812.5" in text(opened)
    assert KEY not in text(opened), "the key is not sent back"
    assert opened["Cache-Control"] == "no-store"
    assert "1812.5" not in text(client.get(address)), "the next look is plain again"
    assert not StationKey.objects.exists()
    wrong = text(client.post(address + "read/", {"key": "0" * 16}))
    assert "1812.5" not in wrong


def test_settings_of_a_known_station_decide_how_frames_are_read(region, as_person):
    address = kept(frame("2017"))
    client = as_person("city_regulator")
    services.setting_set(
        datalogger=region.people.outlet.dataloggers.get(mn=MN), dialect={"mn_pattern": "9{24}"},
        valid_from=now() - timedelta(days=1), why="同型号", by=region.people["city_regulator"], at=now(),
    )  # fmt: skip
    plain, like = text(client.get(address)), text(client.post(address + "read/", {"like": MN, "key": ""}))
    assert "mn_format" not in plain
    assert "mn_format" in like
    assert "上面的报文按所给的设置和密钥显示" in like


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"key": "short"}, "密钥应为 16 个字母和数字"),
        ({"key": "0123456789abcde;"}, "密钥应为 16 个字母和数字"),
        ({"like": "9" * 24}, "没有这台数采仪，或您无权查看"),
        ({"like": OTHER_MN}, "没有这台数采仪，或您无权查看"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field(region, as_person, sent, said):
    address = kept(frame("2017"))
    answer = as_person("district_regulator").post(address + "read/", sent)
    assert answer.status_code == 422
    assert said in text(answer)
    assert "1812.5" in text(answer)


def test_who_may_not_see_quarantine_may_not_read_it(region, as_person):
    address = kept(frame())
    for role in ("enforcement", "auditor", "agency_admin", "discharger_admin"):
        assert as_person(role).post(address + "read/", {"key": KEY}).status_code == 403, role
    client = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    client.force_login(region.people["city_regulator"], backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(address + "read/", {"key": KEY}).status_code == 403


def test_the_page_is_english_for_who_reads_english(region, as_person):
    address = kept(frame("2017"))
    page = as_person("city_regulator").get(address, headers={"accept-language": "en"})
    assert "Read by the settings of this logger" in text(page)
