"""Every selector, tried by every role, with an object of the near discharger (WF-2.1)."""

import pytest
from work_world import (
    CITY,
    EVERYBODY,
    FAR,
    MORNING,
    NEAR,
    NOBODY,
    OWN,
    RIVAL,
    SERVING,
    STRANGE,
    World,
    clue,
    judged,
    later,
)

from mingcha.apps.accounts.permissions import can
from mingcha.apps.cases.models import Case
from mingcha.apps.cases.selectors import case_get, cases_visible_to
from mingcha.apps.cases.services import case_open
from mingcha.apps.credit.selectors import agency_get, items_of, score_of, scores
from mingcha.apps.findings.models import Finding
from mingcha.apps.findings.selectors import finding_get, findings_visible_to
from mingcha.apps.findings.services import finding_assign, finding_record_clues, finding_record_verdicts
from mingcha.apps.maintenance.models import Task
from mingcha.apps.maintenance.selectors import (
    contracts_visible_to,
    record_versions,
    records_of,
    task_get,
    tasks_visible_to,
    visit_get,
    visits_of_outlet,
    visits_visible_to,
)
from mingcha.apps.maintenance.services import task_plan, visit_submit
from mingcha.apps.marking.selectors import mark_get, marks_of_outlet, marks_visible_to
from mingcha.apps.marking.services import mark_submit
from mingcha.core.errors import NotAllowed, NotFound
from mingcha.core.spans import Span

SEEN = OWN | SERVING | NEAR | CITY  # the work of the near discharger's agency
EVER = Span(later(days=-30), later(days=30))


def seers(selector) -> set[str]:
    """Who gets something and is not turned away."""
    found = set()
    for name in EVERYBODY:
        try:
            if selector(name):
                found.add(name)
        except NotFound:
            pass
    return found


@pytest.fixture
def full(world: World) -> World:
    """One of each, all of the near discharger."""
    task_plan(
        contract=world.contract,
        outlet=world.water,
        activity="repair",
        window_start=MORNING,
        window_end=later(hours=8),
        at=MORNING,
    )
    visit = world.fill(world.sign_in())
    visit_submit(visit=visit, by=world.person("technician"), at=later(hours=1))
    mark_submit(
        outlet=world.gas,
        start=later(hours=-5),
        end=later(hours=-4),
        item="fault",
        reason="故障",
        by=world.person("discharger_officer"),
        at=MORNING,
    )
    finding_record_verdicts(judgements=[judged(world, 0)], at=MORNING)
    return world


def test_the_world_has_every_role(world):
    from mingcha.apps.accounts.roles import Role

    assert set(world.people) == EVERYBODY
    assert {person.role for person in world.people.values()} == {role.value for role in Role}


@pytest.mark.parametrize(
    ("label", "selector"),
    [
        ("contracts", lambda w, u: contracts_visible_to(u).filter(number="HT-1")),
        ("tasks", lambda w, u: tasks_visible_to(u)),
        ("task", lambda w, u: task_get(u, Task.objects.get().pk)),
        ("visits", lambda w, u: visits_visible_to(u)),
        ("visit", lambda w, u: visit_get(u, "V-2026-000001")),
        ("visits of outlet", lambda w, u: visits_of_outlet(u, w.water, EVER)),
        ("records", lambda w, u: records_of(u, w.water.visits.get())),
        ("versions", lambda w, u: record_versions(u, w.water.visits.get(), "ww_repair")),
        ("marks", lambda w, u: marks_visible_to(u)),
        ("mark", lambda w, u: mark_get(u, w.gas.marks.get().pk)),
        ("marks of outlet", lambda w, u: marks_of_outlet(u, w.gas, EVER)),
    ],
)
def test_work_is_seen_by_its_parties_and_authorities(full, label, selector, monkeypatch):
    assert seers(lambda name: selector(full, full.person(name))) == SEEN


def test_a_finding_of_a_rule_is_seen_by_its_discharger_and_authorities(full):
    number = Finding.objects.get().number
    seen = OWN | NEAR | CITY
    assert seers(lambda name: findings_visible_to(full.person(name))) == seen
    assert seers(lambda name: finding_get(full.person(name), number)) == seen


def test_a_clue_reaches_the_discharger_when_it_is_to_explain_or_in_a_case(world):
    finding_record_clues(clues=[clue(world, 0)], at=MORNING)
    finding = Finding.objects.get()
    assert seers(lambda name: finding_get(world.person(name), finding.number)) == NEAR | CITY
    finding_assign(
        finding=finding,
        assignee=world.person("discharger_officer"),
        by=world.person("near_district_regulator"),
        at=MORNING,
    )
    assert seers(lambda name: finding_get(world.person(name), finding.number)) == OWN | NEAR | CITY
    case_open(findings=[finding], by=world.person("near_enforcement"), at=MORNING)
    assert seers(lambda name: finding_get(world.person(name), finding.number)) == SEEN


def test_a_case_is_seen_by_its_parties_and_authorities(full):
    case_open(findings=[Finding.objects.get()], by=full.person("near_enforcement"), at=MORNING)
    number = Case.objects.get().number
    assert seers(lambda name: cases_visible_to(full.person(name))) == SEEN
    assert seers(lambda name: case_get(full.person(name), number)) == SEEN


def given_credit(deed, user) -> bool:
    """Whether the person gets it; who is turned away is told who may, who sees only its own finds nothing."""
    if not can(user, "credit.view"):
        with pytest.raises(NotAllowed) as refusal:
            deed(user)
        assert refusal.value.needs
        return False
    try:
        return bool(deed(user))
    except NotFound:
        return False


def test_credit_is_seen_by_the_agency_itself_and_authorities(world):
    for deed in (
        lambda user: agency_get(user, world.agency.uscc),
        lambda user: [score_of(user, world.agency, 2026)],
        lambda user: [items_of(user, world.agency, 2026)],
        lambda user: world.agency in [agency for agency, _ in scores(user, 2026)],
    ):
        seen = {name for name, user in world.people.items() if given_credit(deed, user)}
        assert seen == SERVING | NEAR | FAR | CITY


def test_what_is_foreign_looks_like_what_is_missing(full):
    foreign = full.person("strange_discharger_admin")
    for get, there, missing in (
        (visit_get, "V-2026-000001", "V-2026-999999"),
        (finding_get, "F-2026-000001", "F-2026-999999"),
        (task_get, Task.objects.get().pk, 999_999),
    ):
        with pytest.raises(NotFound) as first:
            get(foreign, there)
        with pytest.raises(NotFound) as second:
            get(foreign, missing)
        assert str(first.value).replace(str(there), "") == str(second.value).replace(str(missing), "")


def test_nobody_else_sees_anything(full):
    for name in NOBODY | STRANGE | RIVAL:
        assert not findings_visible_to(full.person(name)).exists()
        assert not visits_visible_to(full.person(name)).exists()
