"""Every selector of the lower apps × every role × a foreign object: nobody sees what is not theirs (WF-2.1)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from tests.people import People

from mingcha.apps.devices.selectors import quarantine_list
from mingcha.apps.devices.services import quarantine_seen
from mingcha.apps.duties.models import Duty
from mingcha.apps.duties.selectors import duties_for_subject, duties_visible_to, duty_get
from mingcha.apps.duties.services import duty_open
from mingcha.apps.notices.selectors import notices_of, unread_count
from mingcha.apps.notices.services import notice_read, notice_send, notices_read
from mingcha.apps.registry.selectors import (
    discharger_get,
    dischargers_visible_to,
    outlet_get,
    outlets_visible_to,
    register_counts,
)
from mingcha.core.clock import beijing_day
from mingcha.core.errors import NotAllowed, NotFound

DAY = timedelta(days=1)

# Who sees our outlet and the stranger's: "" nobody's, "o" ours, "s" the stranger's, "os" both.
OUTLETS = {
    "discharger_admin": "o", "discharger_officer": "o", "discharger_confirmer": "o",
    "agency_admin": "o", "technician": "o", "agency_reviewer": "o", "laboratory": "",
    "district_regulator": "o", "district_enforcement": "o",
    "city_regulator": "os", "monitoring_centre": "os", "enforcement": "os", "credit_panel": "os", "auditor": "os",
    "system_admin": "",
    "stranger_discharger_admin": "s", "stranger_discharger_officer": "s", "stranger_discharger_confirmer": "s",
    "stranger_agency_admin": "s", "stranger_technician": "s", "stranger_agency_reviewer": "s",
    "stranger_district_regulator": "s", "stranger_enforcement": "s", "anonymous": "",
}  # fmt: skip
# Duties are owed by the dischargers; an agency sees its own duties only.
DUTIES = OUTLETS | {
    role: ""
    for role in OUTLETS
    if role.removeprefix("stranger_") in ("agency_admin", "technician", "agency_reviewer")
}
# Who nobody knows is of no district: every district sees it, to find its own.
QUARANTINE = {
    "city_regulator", "monitoring_centre", "system_admin", "district_regulator", "stranger_district_regulator",
}  # fmt: skip


@pytest.fixture
def duties(folk: People, at: datetime) -> dict[str, Duty]:
    return {
        letter: duty_open(
            kind="visit_confirmation", organisation=owner, subject_kind="visit", subject_id=letter,
            anchor_at=at, title_zh="确认", at=at,
        )
        for letter, owner in (("o", folk.discharger), ("s", folk.stranger))
    }  # fmt: skip


def person(folk: People, name: str) -> Any:
    return AnonymousUser() if name == "anonymous" else folk[name]


def seen(get: Callable[[], object]) -> bool:
    try:
        get()
    except NotFound:
        return False
    return True


def test_the_tables_name_every_person(folk: People) -> None:
    assert set(OUTLETS) == set(folk.persons) | {"anonymous"} == set(DUTIES)


@pytest.mark.parametrize("name", OUTLETS)
def test_outlets_and_dischargers(folk: People, name: str) -> None:
    user, expected = person(folk, name), OUTLETS[name]
    outlets = {"o": folk.outlet, "s": folk.stranger_outlet}
    assert set(outlets_visible_to(user)) == {outlets[letter] for letter in expected}
    assert set(dischargers_visible_to(user)) == {outlets[letter].discharger for letter in expected}
    for letter, outlet in outlets.items():
        assert seen(lambda o=outlet: outlet_get(user, o.discharger.uscc, o.code)) is (letter in expected)
        assert seen(lambda o=outlet: discharger_get(user, o.discharger.uscc)) is (letter in expected)
    counts = register_counts(user)
    assert counts["outlets"] == counts["dischargers"] == len(expected)
    assert (counts["gas"], counts["water"]) == ("o" in expected, "s" in expected)


def test_an_agency_sees_an_outlet_only_while_its_contract_runs(folk: People) -> None:
    start, end = folk.contract.start, folk.contract.end
    for day, expected in ((start - DAY, False), (start, True), (end, True), (end + DAY, False)):
        found = outlets_visible_to(folk["technician"], day=day)
        assert list(found) == ([folk.outlet] if expected else []), day


def test_an_agency_whose_contract_ended_early_sees_nothing_from_that_day(folk: People, at: datetime) -> None:
    today = beijing_day(at)
    folk.contract.ended_early_on = today
    folk.contract.save()
    assert list(outlets_visible_to(folk["technician"], day=today)) == []
    assert list(outlets_visible_to(folk["technician"], day=today - timedelta(days=1))) == [folk.outlet]


@pytest.mark.parametrize("name", DUTIES)
def test_duties(folk: People, duties: dict[str, Duty], name: str) -> None:
    user = person(folk, name)
    assert set(duties_visible_to(user)) == {duties[letter] for letter in DUTIES[name]}
    for letter, duty in duties.items():
        assert seen(lambda d=duty: duty_get(user, d.pk)) is (letter in DUTIES[name])
        assert list(duties_for_subject(user, "visit", letter)) == ([duty] if letter in DUTIES[name] else [])
    assert not seen(lambda: duty_get(user, 10**6))


@pytest.mark.parametrize("name", OUTLETS)
def test_quarantine(folk: People, at: datetime, name: str) -> None:
    quarantine_seen(mn="F" * 24, at=at, ref="g0-20260302/1/0")
    if name in QUARANTINE:
        assert [row.mn for row in quarantine_list(person(folk, name))] == ["F" * 24]
    else:
        with pytest.raises(NotAllowed) as refusal:
            quarantine_list(person(folk, name))
        assert "系统管理员" in refusal.value.needs


@pytest.mark.parametrize("name", OUTLETS)
def test_notices_are_ones_own(folk: People, at: datetime, name: str) -> None:
    receiver = folk["auditor"]
    (notice,) = notice_send(users=[receiver], kind="must", cause="test:1", title_zh="请看", at=at)
    user = person(folk, name)
    if user == receiver:
        assert unread_count(user) == 1
        assert notice_read(user=user, pk=notice.pk, at=at).read_at == at
    else:
        assert not notices_of(user).exists()
        if name != "anonymous":
            with pytest.raises(NotFound):
                notice_read(user=user, pk=notice.pk, at=at)
            assert notices_read(user=user, at=at) == 0
        assert unread_count(receiver) == 1
