"""Roles, what they may do, whom they see, and how accounts are made."""

from datetime import datetime

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from tests.people import People, uscc, with_password

from mingcha.apps.accounts import selectors, services
from mingcha.apps.accounts.models import Organisation, User
from mingcha.apps.accounts.permissions import ACTIONS, Reach, Scope, can, require, scope
from mingcha.apps.accounts.roles import Role
from mingcha.apps.audit.models import AuditEvent
from mingcha.core.errors import BadInput, LocalError, NotAllowed, NotFound

ALL, DISTRICT, DISCHARGER, AGENCY, NONE = Reach
REACH = {
    "discharger_admin": DISCHARGER, "discharger_officer": DISCHARGER, "discharger_confirmer": DISCHARGER,
    "agency_admin": AGENCY, "technician": AGENCY, "agency_reviewer": AGENCY, "laboratory": NONE,
    "district_regulator": DISTRICT, "district_enforcement": DISTRICT, "city_regulator": ALL,
    "monitoring_centre": ALL, "enforcement": ALL, "credit_panel": ALL, "auditor": ALL, "system_admin": NONE,
}  # fmt: skip


def test_every_role_has_the_reach_of_wf_2(folk: People) -> None:
    ours = {name: user for name, user in folk.persons.items() if not name.startswith("stranger_")}
    assert {name: scope(user).kind for name, user in ours.items()} == REACH
    assert scope(folk["district_regulator"]) == Scope(DISTRICT, district_id=folk.district.pk)
    assert scope(folk["technician"]) == Scope(AGENCY, organisation_id=folk.agency.pk)


def test_nobody_and_the_inactive_reach_nothing_and_may_nothing(folk: People) -> None:
    gone = folk["city_regulator"]
    gone.is_active = False
    for user in (AnonymousUser(), gone):
        assert scope(user).kind is NONE
        assert not any(can(user, action) for action in ACTIONS)


def test_a_role_without_its_organisation_or_district_reaches_nothing() -> None:
    for role in ("discharger_admin", "technician", "district_regulator", "laboratory", ""):
        assert scope(User(username="x", role=role)).kind is NONE


def test_the_auditor_and_the_administrator_change_no_record(folk: People) -> None:
    assert {action for action in ACTIONS if can(folk["auditor"], action)} <= {
        "audit.view",
        "frame.view",
        "credit.view",
        "station.view",
        "key.view",
        "command.view",
        "target.view",
    }
    records = (
        "case.",
        "finding.",
        "visit.",
        "record.",
        "mark.",
        "duty.",
        "limit.",
        "credit.",
        "task.",
        "contract.",
    )
    assert not [a for a in ACTIONS if can(folk["system_admin"], a) and a.startswith(records)]


def test_technician_reviewer_and_confirmer_are_three_roles(folk: People) -> None:
    for action in ("visit.submit", "visit.review", "visit.confirm"):
        assert sum(can(user, action) for name, user in folk.persons.items() if "stranger" not in name) == 1


def test_a_refusal_names_the_roles_that_may(folk: People) -> None:
    with pytest.raises(NotAllowed) as refusal:
        require(folk["technician"], "case.close")
    assert "市生态环境局" in refusal.value.needs
    assert "运维人员" not in refusal.value.needs


def test_the_system_itself_passes() -> None:
    require(None, "case.close")


def test_an_action_nobody_named_is_an_error_of_ours(folk: People) -> None:
    with pytest.raises(LocalError, match="ACTIONS"):
        can(folk["city_regulator"], "case.destroy")


# who sees which organisations: d our discharger, a our agency, l our laboratory; D, A those of the other side
SEES = {
    "discharger_admin": "da", "agency_admin": "da", "technician": "da", "laboratory": "",
    "district_regulator": "dal", "district_enforcement": "dal", "city_regulator": "dalDA", "monitoring_centre": "dalDA",
    "enforcement": "dalDA", "credit_panel": "dalDA", "auditor": "dalDA", "system_admin": "dalDA",
    "stranger_discharger_admin": "DA", "stranger_technician": "DA", "stranger_district_regulator": "DA",
    "stranger_enforcement": "DA",
}  # fmt: skip


@pytest.mark.parametrize("name", SEES)
def test_who_sees_which_organisations(folk: People, name: str) -> None:
    letters = {
        folk.discharger.uscc: "d", folk.agency.uscc: "a", folk.laboratory.uscc: "l",
        folk.stranger.uscc: "D", folk.stranger_agency.uscc: "A",
    }  # fmt: skip
    seen = [letters[found.uscc] for found in selectors.organisations_visible_to(folk[name])]
    assert sorted(seen) == sorted(SEES[name])
    for code, letter in letters.items():
        if letter in SEES[name]:
            assert selectors.organisation_get(user=folk[name], uscc=code).uscc == code
        else:
            with pytest.raises(NotFound):
                selectors.organisation_get(user=folk[name], uscc=code)


def test_missing_and_hidden_cannot_be_told_apart(folk: People) -> None:
    sentences = []
    for code in (folk.discharger.uscc, uscc(77)):
        with pytest.raises(NotFound) as error:
            selectors.organisation_get(user=folk["stranger_discharger_admin"], uscc=code)
        sentences.append(str(error.value).replace(code, "…"))
    assert sentences[0] == sentences[1]


def test_people_see_colleagues_only(folk: People) -> None:
    ours = set(selectors.people_visible_to(folk["discharger_officer"]))
    assert ours == {folk["discharger_admin"], folk["discharger_officer"], folk["discharger_confirmer"]}
    district = set(selectors.people_visible_to(folk["district_regulator"]))
    assert folk["technician"] in district
    assert not district & set(folk.strangers)
    everybody = selectors.people_visible_to(folk["system_admin"]).count()
    assert everybody == len(folk.persons) == selectors.people_visible_to(folk["auditor"]).count()
    assert not selectors.people_visible_to(folk["laboratory"]).exists()


def test_people_of_an_organisation_by_role(folk: People) -> None:
    assert selectors.people_of(folk.discharger, Role.DISCHARGER_CONFIRMER) == [folk["discharger_confirmer"]]
    assert len(selectors.people_of(folk.agency)) == 3


def test_accounts_are_found_by_name(folk: People) -> None:
    assert selectors.user_by_name("technician") == folk["technician"]
    with pytest.raises(NotFound):
        selectors.user_by_name("nobody")
    with pytest.raises(NotFound):
        selectors.organisation_by_uscc(uscc(77))
    with pytest.raises(NotFound):
        selectors.district_by_code("000000")
    assert selectors.district_by_code(folk.district.code) in selectors.districts()


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"username": "technician"}, {"username"}),
        ({"username": " "}, {"username"}),
        ({"role": "king"}, {"role"}),
        ({"role": "technician"}, {"organisation"}),
        ({"role": "discharger_admin", "organisation": "agency"}, {"organisation"}),
        ({"role": "district_regulator"}, {"district"}),
        ({"password": "1234567890123"}, {"password"}),
        ({"password": "short"}, {"password"}),
    ],
)
def test_a_bad_account_is_refused_by_field(folk: People, at: datetime, given: dict, fields: set[str]) -> None:
    if given.get("organisation") == "agency":
        given = {**given, "organisation": folk.agency}
    before = AuditEvent.objects.count(), User.objects.count()
    with pytest.raises(BadInput) as error:
        services.user_create(**{"username": "new", "name": "新", "role": "auditor", "at": at, **given})
    assert set(error.value.problems) == fields
    assert (AuditEvent.objects.count(), User.objects.count()) == before


def test_only_administrators_make_accounts(folk: People, at: datetime) -> None:
    for name, user in folk.persons.items():
        if name == "system_admin":
            continue
        with pytest.raises(NotAllowed):
            services.user_create(username="new", name="新", role="auditor", at=at, by=user)
    made = services.user_create(username="new", name="新", role="auditor", at=at, by=folk["system_admin"])
    assert AuditEvent.objects.last().by == folk["system_admin"]
    assert not made.has_usable_password()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"uscc": "91350100M000100Y44"}, "uscc"),
        ({"uscc": "taken"}, "uscc"),
        ({"name": "  "}, "name"),
        ({"kind": "club"}, "kind"),
    ],
)
def test_a_bad_organisation_is_refused_by_field(folk: People, at: datetime, given: dict, field: str) -> None:
    if given.get("uscc") == "taken":
        given = {"uscc": folk.discharger.uscc}
    before = Organisation.objects.count()
    with pytest.raises(BadInput) as error:
        services.organisation_register(
            **{"uscc": uscc(50), "name": "丙", "kind": "agency", "at": at, **given}
        )
    assert list(error.value.problems) == [field]
    assert Organisation.objects.count() == before


@pytest.mark.parametrize("code", ["", "12", "31919a", "319191"])
def test_a_bad_district_is_refused(folk: People, at: datetime, code: str) -> None:
    with pytest.raises(BadInput, match="code"):
        services.district_register(code=code, name="丙区", at=at)


def test_a_password_signs_in_and_never_reaches_the_audit(folk: People, at: datetime) -> None:
    password = with_password(folk["technician"], at)
    request = RequestFactory().post("/sign-in/")
    assert authenticate(request, username="technician", password=password) == folk["technician"]
    assert not any(password in str(event.detail) for event in AuditEvent.objects.all())
    with pytest.raises(BadInput, match="password"):
        services.password_set(user=folk["technician"], password="short", at=at, by=folk["technician"])
    with pytest.raises(NotAllowed):
        services.password_set(user=folk["technician"], password=password, at=at, by=folk["agency_admin"])


def test_preferences_are_ones_own_and_known(folk: People, at: datetime) -> None:
    changed = services.preference_set(user=folk["technician"], language="en", theme="dark", at=at)
    assert (changed.language, changed.theme) == ("en", "dark")
    with pytest.raises(BadInput, match="language"):
        services.preference_set(user=folk["technician"], language="tlh", at=at)
    before = AuditEvent.objects.count()
    services.preference_set(user=folk["technician"], at=at)
    assert AuditEvent.objects.count() == before
