"""Stations, live frames, commands, settings, keys, quarantine and forwarding: every page × role × foreign object."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from tests.people import MN, OTHER_MN

from mingcha.apps.devices import selectors, services
from mingcha.apps.devices.models import Command
from mingcha.apps.registry.services import datalogger_install, outlet_register
from mingcha.core.clock import format_digits, now, to_us
from mingcha.gateway.stats import status_write
from mingcha.portals.shared import stores
from mingcha.protocol.hj212 import encode
from mingcha.store.journal import Direction, Entry, Journal

STATION = f"/regulator/devices/stations/{MN}/"
FAR = f"/regulator/devices/stations/{OTHER_MN}/"
NEW_MN, UNKNOWN = "0200000000000000000000C3", "0F" * 12
TABS = ("", "live/", "commands/", "commands/get_time/", "commands/calibrate/", "settings/", "settings/new/")
LISTS = ("/regulator/devices/", "/regulator/devices/commands/")
EVERYBODY = (
    "city_regulator",
    "district_regulator",
    "monitoring_centre",
    "enforcement",
    "credit_panel",
    "auditor",
    "system_admin",
)
OUTSIDE = (
    "discharger_admin",
    "agency_admin",
    "technician",
    "laboratory",
    "agency_reviewer",
    "discharger_confirmer",
)
OFFICE = ("city_regulator", "district_regulator", "monitoring_centre", "system_admin")


@pytest.fixture
def waits(region):
    """An MN nobody knows, with one frame in the journal."""
    at = now()
    raw = encode(edition="2017", qn=format_digits(at, milliseconds=True), st="31", cn="2011", pw="secret", mn=UNKNOWN, flag=5,
                 cp=f"DataTime={format_digits(at)};a21002-Rtd=12.5,a21002-Flag=N")  # fmt: skip
    journal = Journal(stores.journal().folder)
    (ref,) = journal.append([Entry(Direction.IN, to_us(at), "c9", UNKNOWN, "quarantine", raw)])
    journal.close()
    return services.quarantine_seen(mn=UNKNOWN, at=at, ref=str(ref), st="31")


@pytest.fixture
def encrypting(region):
    folk, at = region.people, region.now
    outlet = outlet_register(discharger=folk.discharger, code="DA002", name="二号", medium="gas", at=at)
    return datalogger_install(outlet=outlet, mn=NEW_MN, st="31", edition="2025", at=at)


def arrives(mn, at, nox=44.4, cn="2011", verdict="accepted"):
    raw = encode(edition="2017", qn=format_digits(at, milliseconds=True), st="31", cn=cn, pw="654321", mn=mn, flag=5,
                 cp=f"DataTime={format_digits(at)};a21002-Rtd={nox},a21002-Flag=N")  # fmt: skip
    journal = Journal(stores.journal().folder)
    (ref,) = journal.append([Entry(Direction.IN, to_us(at), "c1", mn, verdict, raw)])
    journal.close()
    return ref


def text(response):
    return response.content.decode()


# --- who may -----------------------------------------------------------------------------------------


def test_every_authority_and_who_runs_the_system_opens_the_pages(region, as_person):
    for role in EVERYBODY:
        client = as_person(role)
        for page in (*LISTS, *(STATION + tab for tab in TABS)):
            assert client.get(page).status_code == 200, (role, page)


def test_others_are_told_who_may_and_nobody_signs_in(region, as_person):
    for role in OUTSIDE:
        for page in (
            *LISTS,
            STATION,
            STATION + "keys/",
            "/regulator/quarantine/",
            "/regulator/devices/targets/",
        ):
            assert as_person(role).get(page).status_code == 403, (role, page)
    assert as_person("").get(STATION)["Location"].startswith("/sign-in/")


def test_keys_passwords_quarantine_and_targets_are_for_fewer(region, waits, as_person):
    pages = {
        STATION + "keys/": {*OFFICE, "auditor"}, STATION + "access/": set(OFFICE),
        "/regulator/quarantine/": set(OFFICE), f"/regulator/quarantine/{waits.pk}/": set(OFFICE),
        "/regulator/devices/targets/": {"city_regulator", "auditor", "monitoring_centre", "system_admin"},
    }  # fmt: skip
    for page, roles in pages.items():
        for role in EVERYBODY:
            assert as_person(role).get(page).status_code == (200 if role in roles else 403), (role, page)


def test_a_foreign_station_reads_as_missing_whatever_is_asked(region, as_person):
    client = as_person("district_regulator")
    for tab in (*TABS, "keys/", "access/", "settings/profile.json"):
        assert client.get(FAR + tab).status_code == 404, tab
    for post in (
        "commands/get_time/",
        "settings/new/",
        "settings/import/",
        "settings/copy/",
        "keys/propose/",
        "access/set/",
        "access/change/",
    ):
        assert client.post(FAR + post, {"why": "x"}).status_code == 404, post
    assert OTHER_MN not in text(client.get("/regulator/devices/"))
    far = services.command_ask(
        datalogger=region.people.stranger_datalogger,
        command="get_time",
        values={},
        by=region.people["city_regulator"],
        at=now(),
    )
    assert client.get(f"/regulator/devices/commands/{far.pk}/").status_code == 404
    assert client.post(f"/regulator/devices/commands/{far.pk}/cancel/").status_code == 404
    assert Command.objects.get(pk=far.pk).state == "queued"


def test_no_form_is_taken_without_its_token(region, waits, encrypting):
    client = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    client.force_login(region.people["city_regulator"], backend="django.contrib.auth.backends.ModelBackend")
    posts = (
        STATION + "commands/get_time/", STATION + "settings/new/", STATION + "settings/copy/", STATION + "access/set/",
        f"/regulator/devices/stations/{NEW_MN}/keys/propose/", f"/regulator/quarantine/{waits.pk}/dismiss/",
        f"/regulator/quarantine/{waits.pk}/adopt/", "/regulator/devices/targets/new/",
    )  # fmt: skip
    for address in posts:
        assert client.post(address, {"why": "x", "reason": "x"}).status_code == 403, address
    assert not Command.objects.exists()


# --- the board and the frames ------------------------------------------------------------------------


def counted(**station):
    usual = {
        "edition": "2005",
        "frames": 7,
        "last_seen_us": to_us(now()),
        "drift_s": 75.5,
        "deviations": {"crc_case": 5, "tail": 2},
    }
    status_write(stores.data_folder() / "gateway-g0.stations.json", {MN: usual | station})


def test_the_board_counts_editions_and_filters(region, as_person):
    counted()
    client = as_person("city_regulator")
    page = text(client.get("/regulator/devices/"))
    assert {url: n for url, _, n in client.get("/regulator/devices/").context["counts"]}["?edition=2005"] == 1
    assert "登记为 2017" in page
    assert "CRC为小写" in page
    for query, ours, theirs in (("?edition=2005", True, False), ("?edition=none", False, True), ("?state=differs", True, False),
                                ("?state=never", False, True), (f"?q={OTHER_MN}", False, True)):  # fmt: skip
        found = text(client.get("/regulator/devices/" + query))
        assert (MN in found, OTHER_MN in found) == (ours, theirs), query
    assert client.get("/regulator/devices/?edition=1999").status_code == 422
    assert "筛选后没有数采仪" in text(client.get("/regulator/devices/?q=nothing"))


def test_the_board_as_a_file(region, as_person):
    counted()
    file = as_person("city_regulator").get("/regulator/devices/?edition=2005&form=csv")
    rows = file.content.decode("utf-8-sig").splitlines()
    assert file["Content-Type"].startswith("text/csv")
    assert len(rows) == 2
    assert "crc_case 5; tail 2" in rows[1]


def test_frames_are_decoded_with_names_and_secrets_are_hidden(region, as_person):
    counted()
    page = text(as_person("district_regulator").get(STATION))
    assert "氮氧化物" in page
    assert "21.5" in page
    assert "654321" not in page
    assert "PW=******" in page
    assert "75.5" in page
    assert "CRC为小写" in page
    assert OTHER_MN not in page


def test_a_station_shows_only_its_own_frames_though_its_mn_be_part_of_another(region, as_person):
    folk = region.people
    outlet = outlet_register(
        discharger=folk.discharger, code="DA003", name="三号", medium="gas", at=region.now
    )
    short = datalogger_install(outlet=outlet, mn=MN[:14], st="31", edition="2005", at=region.now)
    arrives(short.mn, now(), 55.5)
    page = text(as_person("district_regulator").get(f"/regulator/devices/stations/{short.mn}/"))
    assert "55.5" in page
    assert "21.5" not in page


def test_a_station_that_was_silent_for_long_is_found_and_counted_over_the_filter(region, as_person):
    client = as_person("city_regulator")
    long_ago = now() - timedelta(days=200)
    folk = region.people
    outlet = outlet_register(
        discharger=folk.discharger, code="DA004", name="四号", medium="gas", at=region.now
    )
    silent = datalogger_install(outlet=outlet, mn="7" * 24, st="31", edition="2017", at=region.now)
    address = f"/regulator/devices/stations/{silent.mn}/"
    with Journal(stores.journal().folder, gateway="old") as journal:
        raw = encode(
            edition="2017", qn=format_digits(long_ago, milliseconds=True), st="31", cn="2011", pw="1", mn=silent.mn, flag=5,
            cp=f"DataTime={format_digits(long_ago)};a21002-Rtd=77.25,a21002-Flag=N",
        )  # fmt: skip
        journal.append([Entry(Direction.IN, to_us(long_ago), "c", silent.mn, "accepted", raw)])
    assert "77.25" not in text(client.get(address)), "it is older than what is looked through"
    stores.places().follow(stores.journal())
    assert "77.25" in text(client.get(address))
    assert "/old-" in text(client.get(f"/regulator/frames/?mn={silent.mn}")), (
        "the list of all frames finds it too"
    )
    for number in range(60):
        arrives(MN, now(), 10.0 + number)
    stores.places().follow(stores.journal())
    whole = client.get(STATION).context
    assert len(whole["lines"]) == 50 < sum(n for _, n in whole["verdicts"])
    assert client.get(STATION + "?cn=2061").context["verdicts"] == []


def test_the_page_is_told_what_came_since_and_no_frame_twice(region, as_person):
    client = as_person("city_regulator")
    first = client.get(STATION)
    cursor = first.context["next_url"]
    quiet = client.get(cursor)
    assert "<li" not in text(quiet)
    ref = arrives(MN, now(), 61.25)
    arrives(OTHER_MN, now(), 62.75)
    fresh = client.get(quiet.context["next_url"])
    assert text(fresh).count("<li class") == 1
    assert str(ref) in text(fresh)
    assert "61.25" in text(fresh)
    assert "62.75" not in text(fresh)
    assert 'hx-swap-oob="afterbegin:#line-list"' in text(fresh)
    assert "<li" not in text(client.get(fresh.context["next_url"]))


def test_marks_of_the_gateway_are_read_out_with_the_verdict(region, as_person):
    arrives(MN, now(), 71.5, verdict="deviating:pw_wrong,late")
    client = as_person("city_regulator")
    line = client.get(STATION).context["lines"][0]
    assert (line.verdict, [p.word for p in line.problems]) == ("deviating", ["密码不符", "迟到数据"])
    assert "71.5" in text(client.get(STATION + "?verdict=deviating"))
    assert "71.5" not in text(client.get(STATION + "?verdict=accepted"))
    assert client.get("/regulator/frames/?verdict=deviating").context["rows"][0]["verdict"] == "deviating"


def test_the_newest_frames_come_first_though_more_came_than_are_looked_through(
    region, as_person, monkeypatch
):
    from mingcha.portals.shared import frames

    monkeypatch.setattr(frames, "SCANNED", 3)
    for n in range(5):
        arrives(MN, now(), 80 + n)
    values = [
        line.items[1].values[0][1] for line in as_person("city_regulator").get(STATION).context["lines"]
    ]
    assert values == ["84", "83", "82"]


def test_an_empty_list_is_filled_as_a_whole_and_a_pause_asks_no_more(region, as_person):
    client = as_person("city_regulator")
    first = client.get(STATION + "?cn=1011")
    assert "筛选后没有报文" in text(first)
    arrives(MN, now(), cn="1011")
    assert 'hx-swap-oob="innerHTML:#lines"' in text(client.get(first.context["next_url"]))
    paused = text(client.get(first.context["pause_url"]))
    assert "已暂停" in paused
    assert "hx-trigger" not in paused
    assert "hx-trigger" in text(client.get(first.context["resume_url"]))
    assert "hx-trigger" not in text(client.get(STATION + "?paused=1"))


def test_a_page_whose_journal_cannot_be_read_says_so_and_goes_on_asking(region, as_person, settings):
    (ref,) = [row.ref for row in as_person("city_regulator").get(STATION).context["lines"][:1]]
    name = ref.split("/")[0]
    for path in stores.journal().folder.rglob(f"{name}*"):
        if path.is_file():
            path.write_bytes(b"damaged" * 100)
    page = text(as_person("city_regulator").get(STATION))
    assert "读不到报文" in page
    assert "hx-trigger" in page


@pytest.mark.parametrize("cursor", ["nonsense", "g0-20260101/1/0", "../../etc/passwd", "g0-20260101/1/0,zz"])
def test_a_strange_cursor_harms_nothing(cursor, region, as_person):
    assert (
        as_person("city_regulator").get(STATION + "live/", {"after": cursor, "shown": "x"}).status_code == 200
    )


# --- commands ----------------------------------------------------------------------------------------


def test_a_command_is_asked_seen_and_cancelled(region, as_person):
    client = as_person("district_regulator")
    assert "提取现场机时间" in text(client.get(STATION + "commands/"))
    sent = client.post(
        STATION + "commands/get_hours/",
        {"begin": "2026-03-01T00:00", "end": "2026-03-01T05:00:00", "why": "补数"},
    )
    made = Command.objects.get()
    assert sent["Location"] == f"/regulator/devices/commands/{made.pk}/"
    assert made.values["begin"] == "2026-03-01T00:00:00+08:00"
    page = text(client.get(sent["Location"]))
    assert "待发送" in page
    assert 'hx-trigger="every 2s"' in page
    assert "2026-03-01 05:00:00" in page
    client.post(sent["Location"] + "cancel/")
    assert Command.objects.get().state == "cancelled"
    assert "hx-trigger" not in text(client.get(sent["Location"]))


def test_results_are_shown_as_a_table(region, as_person):
    folk, at = region.people, now()
    made = services.command_ask(datalogger=folk.datalogger, command="get_hours", by=folk["city_regulator"], at=at,
                                values={"begin": "20260301000000", "end": "20260301010000"})  # fmt: skip
    services.command_take(orders=[(str(made.pk), "20260301000000000")], gateway="g0", at=at)
    result = {
        "kind": "record",
        "time": "2026-03-01T00:00:00+08:00",
        "supplement": True,
        "factors": {"a21002": {"Avg": "33.3", "Flag": "N"}},
    }
    services.command_report(
        command_id=made.pk, state="done", at=at, qn="20260301000000000", reason="1", results=[result]
    )
    page = text(as_person("auditor").get(f"/regulator/devices/commands/{made.pk}/"))
    assert "2026-03-01 00:00:00" in page
    assert "33.3" in page
    assert "氮氧化物" in page
    assert "完成" in page
    part = as_person("auditor").get(f"/regulator/devices/commands/{made.pk}/", HTTP_HX_REQUEST="true")
    assert "<html" not in text(part)


def test_wrong_values_stand_beside_their_field_with_what_was_typed(region, as_person):
    client = as_person("city_regulator")
    answer = client.post(
        STATION + "commands/set_realtime_interval/", {"realtime_interval_s": "5", "why": "试一试"}
    )
    assert answer.status_code == 422
    assert 'value="5"' in text(answer)
    assert "试一试" in text(answer)
    assert 'aria-invalid="true"' in text(answer)
    assert (
        client.post(
            STATION + "commands/get_hours/", {"begin": "2026-03-02T00:00", "end": "2026-03-01T00:00"}
        ).status_code
        == 422
    )
    assert not Command.objects.exists()


def test_what_touches_instruments_is_confirmed_first(region, as_person):
    client = as_person("city_regulator")
    asked = client.post(STATION + "commands/calibrate/", {"factor": "a21002", "why": "期间核查"})
    assert asked.status_code == 200
    assert "将立即开始零点或量程校准" in text(asked)
    assert "确认并发送" in text(asked)
    assert not Command.objects.exists()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text(asked)))
    assert hidden["factor"] == "a21002"
    hidden.pop("csrfmiddlewaretoken", None)
    client.post(STATION + "commands/calibrate/", hidden)
    assert Command.objects.get().values["factor"] == "a21002"


def test_every_cell_of_the_matrix_holds_on_the_page(region, as_person):
    """Each role × command: the page offers and takes what the matrix says, and nothing else."""
    folk = region.people
    for role in EVERYBODY:
        client = as_person(role)
        offered = set(
            re.findall(rf'href="{STATION}commands/(\w+)/"', text(client.get(STATION + "commands/")))
        )
        allowed = set(selectors.commands_open_to(folk[role], folk.datalogger))
        assert offered == allowed - {"set_password"}, role
        for name in (
            "get_time",
            "set_time",
            "calibrate",
            "set_information",
            "set_key",
            "send_hours",
            "nothing",
        ):
            before = Command.objects.count()
            values = {"factor": "a21002", "info": "i13004", "info_value": "1", "confirmed": "1"}
            answer = client.post(f"{STATION}commands/{name}/", values)
            asked = Command.objects.count() - before
            assert asked == (name in allowed), (role, name, answer.status_code)
            assert answer.status_code == 302 if asked else answer.status_code in (403, 404, 422), (role, name)


def test_the_form_of_every_command_can_be_opened(region, encrypting, as_person):
    client = as_person("city_regulator")
    for logger in (region.people.datalogger, encrypting):
        for name in selectors.commands_open_to(region.people["city_regulator"], logger):
            answer = client.get(f"/regulator/devices/stations/{logger.mn}/commands/{name}/", follow=True)
            assert answer.status_code == 200, name


# --- settings ----------------------------------------------------------------------------------------


def filled(client, address, **changes):
    """What the form holds, as a browser would send it back."""
    form = client.get(address).context["form"]
    values = {field.html_name: field.value() for field in form}
    found = {name: ("" if value is None else value) for name, value in values.items()}
    found["valid_from"] = f"{now() + timedelta(hours=8):%Y-%m-%dT%H:%M}"
    return found | {"why": "数采仪升级"} | changes


def test_a_setting_is_a_new_row_and_the_old_stays(region, as_person):
    client = as_person("city_regulator")
    address = STATION + "settings/new/"
    assert (
        client.post(
            address, filled(client, address, crc=["modbus_low_first"], data_flags="P=N\nX=D")
        ).status_code
        == 302
    )
    assert client.post(address, filled(client, address, resends="5")).status_code == 302
    newest, first = selectors.settings_of(region.people["city_regulator"], region.people.datalogger)
    assert first.dialect["crc"] == ["modbus_low_first"]
    assert newest.dialect["crc"] == ["modbus_low_first"]
    assert first.dialect["data_flags"] == {"P": "N", "X": "D"}
    assert (first.dialect["resends"], newest.dialect["resends"]) == (3, 5)
    page = text(client.get(STATION + "settings/"))
    assert page.count("数采仪升级") == 2
    assert "Modbus，低字节在前" in page


def test_wrong_settings_come_back_with_what_was_typed(region, as_person):
    client = as_person("city_regulator")
    address = STATION + "settings/new/"
    answer = client.post(
        address, filled(client, address, ceiling="9", factors="w1:w2", mn_pattern="[z-a]", why="")
    )
    assert answer.status_code == 422
    page = text(answer)
    assert 'value="9"' in page
    assert "w1:w2" in page
    assert set(answer.context["form"].errors) == {"ceiling", "factors", "why"}
    answer = client.post(address, filled(client, address, mn_pattern="[z-a]", factors="", ceiling="4096"))
    assert set(answer.context["form"].errors) == {"mn_pattern"}


def test_a_profile_goes_out_in_and_to_others(region, as_person):
    client = as_person("city_regulator")
    address = STATION + "settings/new/"
    client.post(address, filled(client, address, lengths="any"))
    file = client.get(STATION + "settings/profile.json")
    assert json.loads(file.content)["dialect"]["lengths"] == "any"
    from django.core.files.uploadedfile import SimpleUploadedFile

    dated = {"valid_from": f"{now():%Y-%m-%dT%H:%M}", "why": "同型号"}
    good = SimpleUploadedFile("p.json", file.content)
    assert client.post(FAR + "settings/import/", {"file": good, **dated}).status_code == 302
    bad = SimpleUploadedFile("p.json", file.content.replace(b'"any"', b'"reject"'))
    answer = client.post(FAR + "settings/import/", {"file": bad, **dated})
    assert answer.status_code == 422
    assert "摘要" in text(answer)
    assert client.post(STATION + "settings/copy/", {"stations": OTHER_MN, **dated}).status_code == 302
    answer = client.post(STATION + "settings/copy/", {"stations": f"{OTHER_MN}\nABSENT", **dated})
    assert answer.status_code == 422
    assert "ABSENT" in text(answer)
    assert (
        selectors.settings_of(region.people["city_regulator"], region.people.stranger_datalogger).count() == 2
    )


def test_who_may_only_look_sees_no_form_and_is_refused(region, as_person):
    client = as_person("auditor")
    assert '<form method="post" novalidate' not in text(client.get(STATION + "settings/"))
    assert "您的角色只能查看设置" in text(client.get(STATION + "settings/new/"))
    values = filled(as_person("city_regulator"), STATION + "settings/new/")
    assert client.post(STATION + "settings/new/", values).status_code == 403


# --- keys and passwords ------------------------------------------------------------------------------


def test_a_key_takes_two_persons_and_is_never_shown(region, encrypting, as_person):
    address = f"/regulator/devices/stations/{NEW_MN}/keys/"
    mine, other = as_person("district_regulator"), as_person("city_regulator")
    assert mine.post(address + "propose/", {"key": "0123456789abcdeF", "why": "更换"}).status_code == 302
    key = encrypting.keys.get()
    assert "须另一人批准" in text(mine.get(address))
    assert mine.post(f"{address}{key.pk}/approve/").status_code == 403
    assert other.post(f"{address}{key.pk}/approve/").status_code == 302
    page = text(other.get(address))
    assert "使用中" in page
    assert "剩" in page  # by when it is to be changed
    assert "0123456789abcdeF" not in page
    assert mine.post(address + "propose/", {"key": "short"}).status_code == 422
    assert "short" not in text(mine.post(address + "propose/", {"key": "short"}))


def test_a_proposal_is_rejected_with_a_reason(region, encrypting, as_person):
    address = f"/regulator/devices/stations/{NEW_MN}/keys/"
    as_person("city_regulator").post(address + "propose/", {})
    key = encrypting.keys.get()
    assert as_person("monitoring_centre").post(f"{address}{key.pk}/reject/", {"why": ""}).status_code == 422
    assert (
        as_person("monitoring_centre").post(f"{address}{key.pk}/reject/", {"why": "误提"}).status_code == 302
    )
    assert encrypting.keys.get().state == "rejected"
    assert as_person("auditor").post(f"{address}{key.pk}/approve/").status_code == 403


def test_a_password_is_registered_and_changed_without_being_shown(region, as_person):
    client = as_person("city_regulator")
    assert client.post(STATION + "access/set/", {"password": "s3cr;t"}).status_code == 422
    assert (
        client.post(STATION + "access/set/", {"password": "s3cr3t", "reject_bad_password": "on"}).status_code
        == 302
    )
    assert client.post(STATION + "access/change/", {"password": "n3w"}).status_code == 422  # not confirmed
    answer = client.post(STATION + "access/change/", {"password": "n3w", "sure": "on"}, follow=True)
    assert Command.objects.get().command == "set_password"
    assert "n3w" not in text(answer)
    assert "s3cr3t" not in text(client.get(STATION + "access/"))
    assert as_person("enforcement").post(STATION + "access/set/", {"password": "x"}).status_code == 403


# --- quarantine --------------------------------------------------------------------------------------


def test_who_waits_is_looked_into_and_let_in(region, waits, as_person):
    client = as_person("district_regulator")
    address = f"/regulator/quarantine/{waits.pk}/"
    page = text(client.get(address))
    assert "12.5" in page
    assert "secret" not in page
    outlet = outlet_register(
        discharger=region.people.discharger, code="DA003", name="三号", medium="gas", at=now()
    )
    values = {
        "outlet": region.people.stranger_outlet.key,
        "st": "31",
        "edition": "2017",
        "counts_from": "",
        "password": "",
        "model": "K37",
    }
    refused = client.post(address + "adopt/", values)
    assert refused.status_code == 422
    assert "K37" in text(refused)
    assert "没有这个排放口，或您无权查看" in text(refused)
    assert (
        client.post(address + "adopt/", values | {"outlet": outlet.key})["Location"]
        == f"/regulator/devices/stations/{UNKNOWN}/"
    )
    assert "已登记" in text(client.get(address))
    assert client.get(f"/regulator/devices/stations/{UNKNOWN}/").status_code == 200


def test_dismissing_needs_a_reason_and_can_be_undone(region, waits, as_person):
    client = as_person("system_admin")
    address = f"/regulator/quarantine/{waits.pk}/"
    assert "登记由市、区主管部门或监测中心办理" in text(client.get(address))
    assert client.post(
        address + "adopt/", {"outlet": region.people.outlet.key, "st": "31", "edition": "2017"}
    ).status_code in (403, 422)
    assert client.post(address + "dismiss/", {"reason": " "}).status_code == 422
    assert client.post(address + "dismiss/", {"reason": "测试设备"}).status_code == 302
    assert UNKNOWN not in text(client.get("/regulator/quarantine/"))
    assert "测试设备" in text(client.get("/regulator/quarantine/?state=dismissed"))
    assert client.post(address + "undo/").status_code == 302
    assert UNKNOWN in text(client.get("/regulator/quarantine/"))
    assert as_person("auditor").post(address + "dismiss/", {"reason": "x"}).status_code == 403


def test_hardware_of_2025_is_given_an_mn_and_a_key_to_approve(region, as_person):
    row = services.registration_seen(
        hardware="697000ABCDEFG1234", detail={"i23005": "697000ABCDEFG1234", "i23006": "CPU7"}, at=now()
    )
    client = as_person("city_regulator")
    address = f"/regulator/quarantine/{row.pk}/"
    assert "CPU7" in text(client.get(address))
    outlet = outlet_register(
        discharger=region.people.discharger, code="DA003", name="三号", medium="gas", at=now()
    )
    values = {"outlet": outlet.key, "st": "31", "edition": "2025", "mn": NEW_MN}
    assert client.post(address + "adopt/", values | {"mn": "short"}).status_code == 422
    assert client.post(address + "adopt/", values)["Location"].endswith(f"{NEW_MN}/")
    assert "待批准" in text(client.get(f"/regulator/devices/stations/{NEW_MN}/keys/"))


# --- forwarding --------------------------------------------------------------------------------------


def test_a_target_is_entered_changed_given_identities_and_switched(region, as_person):
    client = as_person("monitoring_centre")
    new = "/regulator/devices/targets/new/"
    values = {
        "name": "province",
        "host": "host.example",
        "port": "9000",
        "edition": "2017",
        "password": "p4ss",
        "districts": "",
        "sts": "31，32",
    }
    assert client.post(new, values | {"port": "70000"}).status_code == 422
    wrong = client.post(new, values | {"districts": "999999"})
    assert set(wrong.context["form"].errors) == {"districts"}
    assert client.post(new, values)["Location"] == "/regulator/devices/targets/at/province/"
    assert client.post(new, values).status_code == 422  # the name is taken: nothing is overwritten
    at = "/regulator/devices/targets/at/province/"
    assert "未启用" in text(client.get(at))
    assert "p4ss" not in text(client.get(at + "edit/"))
    assert client.post(at + "edit/", values | {"host": "10.0.0.9", "password": ""}).status_code == 302
    assert "10.0.0.9" in text(client.get(at))
    assert selectors.target_get(region.people["auditor"], "province").filter["sts"] == ["31", "32"]
    assert client.post(at + "station/", {"station": MN, "mn": "8" * 24}).status_code == 302
    assert client.post(at + "station/", {"station": "ABSENT", "mn": "8" * 24}).status_code == 422
    assert "排放数据将离开本平台" in text(client.get(at + "switch/"))
    client.post(at + "switch/", {"on": "1"})
    assert "尚未运行" in text(client.get(at))
    status_write_target("province", state="connected", acked=1234)
    assert "已连接" in text(client.get("/regulator/devices/targets/"))
    assert "1234" in text(client.get(at))
    status_write_target("province", state="connected", acked=1234, at_us=to_us(now() - timedelta(minutes=9)))
    assert "转发程序没有消息" in text(client.get(at))
    client.post(at + "switch/", {"on": "0"})
    assert "未启用" in text(client.get(at))


def status_write_target(name, **values):
    folder = stores.data_folder() / "forward"
    folder.mkdir(exist_ok=True)
    status_write(
        folder / f"{name}.status.json",
        {"key": name, "at_us": to_us(now()), "error": "", "behind_s": 0.0} | values,
    )


def test_targets_are_changed_only_by_those_who_may(region, as_person):
    values = {"name": "province", "host": "host.example", "port": "9000", "edition": "2017"}
    assert as_person("auditor").post("/regulator/devices/targets/new/", values).status_code == 403
    assert as_person("district_regulator").post("/regulator/devices/targets/new/", values).status_code == 403
    assert as_person("auditor").get("/regulator/devices/targets/at/absent/").status_code == 404


# --- others ------------------------------------------------------------------------------------------


def test_discharger_and_agency_read_the_commands_of_their_outlets_and_no_others(region, as_person):
    folk = region.people
    services.command_ask(
        datalogger=folk.datalogger,
        command="get_time",
        values={},
        why="例行检查",
        by=folk["city_regulator"],
        at=now(),
    )
    key = folk.outlet
    for role, portal in (("discharger_admin", "discharger"), ("agency_admin", "agency")):
        page = text(as_person(role).get(f"/{portal}/outlets/{key.discharger.uscc}/{key.code}/?t=file"))
        assert "提取现场机时间" in page, role
        assert "例行检查" in page, role
        assert "/regulator/" not in page
    far = folk.stranger_outlet
    page = text(
        as_person("stranger_discharger_admin").get(
            f"/discharger/outlets/{far.discharger.uscc}/{far.code}/?t=file"
        )
    )
    assert "提取现场机时间" not in page


def test_the_pages_read_in_english(region, as_person):
    client = as_person("city_regulator")
    for page in (
        "/regulator/devices/",
        STATION,
        STATION + "commands/",
        STATION + "commands/calibrate/",
        STATION + "settings/",
        "/regulator/quarantine/",
    ):
        answer = client.get(page, HTTP_ACCEPT_LANGUAGE="en")
        main = text(answer).split("<main")[1].split("</main>")[0]
        for name in (
            region.people.discharger.name,
            region.people.stranger.name,
            region.people.outlet.name,
            "甲区",
            "乙区",
        ):
            main = main.replace(name, "")
        assert re.findall("[\u4e00-\u9fff]+", main) == [], page
