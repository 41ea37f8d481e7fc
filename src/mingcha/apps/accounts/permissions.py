"""Who may do what (workflows WF-2): one table of roles and actions, and the scope of each person.

``can`` answers what a role may do at all; ``scope`` answers on whose objects. A selector narrows by scope
and lets nothing foreign through, so that a service gets only objects its person may reach.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.roles import (
    AGENCY_ROLES,
    AREA_ROLES,
    CITY_ROLES,
    DISCHARGER_ROLES,
    REGULATOR_ROLES,
    Role,
)
from mingcha.core.errors import LocalError, NotAllowed

Viewer = AbstractBaseUser | AnonymousUser
Person = User  # the type of a signed-in person, for rooms that may not import tables

OFFICE = frozenset({Role.DISTRICT_REGULATOR, Role.CITY_REGULATOR})
WATCHERS = OFFICE | {Role.MONITORING_CENTRE}  # who looks at findings first
INVESTIGATORS = OFFICE | {Role.ENFORCEMENT}
SITE_STAFF = frozenset({Role.DISCHARGER_ADMIN, Role.DISCHARGER_OFFICER})
DEVICE_ADMINS = frozenset({Role.MONITORING_CENTRE, Role.SYSTEM_ADMIN})  # who runs the loggers' side [default]

# Every action a person can take, and the roles that may. An action that is missing here is an error.
ACTIONS: dict[str, frozenset[Role]] = {
    "account.manage": frozenset({Role.SYSTEM_ADMIN}),
    "setting.manage": frozenset({Role.SYSTEM_ADMIN}),
    "organisation.register": OFFICE | {Role.SYSTEM_ADMIN},
    "audit.view": frozenset({Role.AUDITOR, Role.CITY_REGULATOR}),
    # registry and devices
    "discharger.register": OFFICE,
    "outlet.register": OFFICE | {Role.DISCHARGER_ADMIN},
    "limit.set": OFFICE,
    "point_setting.set": WATCHERS,
    "schedule.set": OFFICE,  # takes hours out of the denominators
    "amount.set": OFFICE,
    "datalogger.install": WATCHERS | {Role.DISCHARGER_ADMIN},
    "instrument.install": OFFICE | SITE_STAFF,
    "access.set": OFFICE | DEVICE_ADMINS,
    "quarantine.view": OFFICE | DEVICE_ADMINS,
    "quarantine.adopt": WATCHERS,
    "quarantine.dismiss": OFFICE | DEVICE_ADMINS,
    "quarantine.undo": OFFICE | DEVICE_ADMINS,
    "station.view": REGULATOR_ROLES | {Role.SYSTEM_ADMIN},
    "station.set": OFFICE | DEVICE_ADMINS,
    "key.view": OFFICE | DEVICE_ADMINS | {Role.AUDITOR},
    "key.propose": OFFICE | DEVICE_ADMINS,
    "key.approve": OFFICE | DEVICE_ADMINS,
    "key.reject": OFFICE | DEVICE_ADMINS,
    "key.send": OFFICE | DEVICE_ADMINS,
    "command.view": REGULATOR_ROLES | DISCHARGER_ROLES | AGENCY_ROLES | {Role.SYSTEM_ADMIN},
    "command.ask": OFFICE | DEVICE_ADMINS | {Role.ENFORCEMENT},  # which of them: devices/matrix.yaml
    "command.cancel": OFFICE | DEVICE_ADMINS | {Role.ENFORCEMENT},
    "target.view": frozenset({Role.CITY_REGULATOR, Role.AUDITOR}) | DEVICE_ADMINS,
    "target.set": frozenset({Role.CITY_REGULATOR}) | DEVICE_ADMINS,
    "frame.view": REGULATOR_ROLES | DISCHARGER_ROLES | AGENCY_ROLES,
    # duties
    "duty.waive": OFFICE,
    "duty.cancel": OFFICE,
    # maintenance
    "contract.sign": OFFICE | {Role.AGENCY_ADMIN, Role.DISCHARGER_ADMIN},
    "task.plan": frozenset({Role.AGENCY_ADMIN}),
    "task.assign": frozenset({Role.AGENCY_ADMIN, Role.AGENCY_REVIEWER}),
    "task.cancel": frozenset({Role.AGENCY_ADMIN}),
    "visit.sign_in": frozenset({Role.TECHNICIAN}),
    "record.save": frozenset({Role.TECHNICIAN}),
    "visit.submit": frozenset({Role.TECHNICIAN}),
    "visit.sign_out": frozenset({Role.TECHNICIAN}),
    "visit.review": frozenset({Role.AGENCY_REVIEWER}),
    "visit.confirm": frozenset({Role.DISCHARGER_CONFIRMER}),
    "visit.reject": frozenset({Role.DISCHARGER_CONFIRMER}),
    "visit.withdraw": frozenset({Role.DISCHARGER_CONFIRMER}),
    # marking
    "mark.submit": SITE_STAFF,
    "mark.withdraw": SITE_STAFF,
    "mark.correct": SITE_STAFF,
    "mark.decide": WATCHERS,
    "codes.confirm": SITE_STAFF,
    "codes.reopen": OFFICE,
    # findings and cases
    "finding.dismiss": WATCHERS,
    "finding.undo": WATCHERS,
    "finding.assign": WATCHERS,
    "finding.confirm": INVESTIGATORS | {Role.MONITORING_CENTRE},
    "finding.clear": INVESTIGATORS | {Role.MONITORING_CENTRE},
    "case.open": INVESTIGATORS,
    "case.assign": INVESTIGATORS,
    "case.note": INVESTIGATORS,
    "case.close": INVESTIGATORS,
    "case.reopen": OFFICE,
    # credit and disclosure
    "credit.withdraw": frozenset({Role.CREDIT_PANEL, Role.CITY_REGULATOR}),
    "credit.view": REGULATOR_ROLES | AGENCY_ROLES,
    "snapshot.publish": frozenset({Role.CITY_REGULATOR}),
}


class Reach(StrEnum):
    """How far a person sees."""

    ALL = "all"
    DISTRICT = "district"
    DISCHARGER = "discharger"
    AGENCY = "agency"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Scope:
    """On whose objects a person acts. The id that ``kind`` asks for is set, the other is None."""

    kind: Reach
    organisation_id: int | None = None
    district_id: int | None = None


NOTHING = Scope(Reach.NONE)


def scope(user: Viewer) -> Scope:
    """How far ``user`` sees. Who is nobody, inactive or without the organisation of the role sees nothing."""
    if not isinstance(user, User) or not user.is_active:
        return NOTHING
    role = user.role
    if role in CITY_ROLES or (role == Role.ENFORCEMENT and user.district_id is None):
        return Scope(Reach.ALL)
    if role in AREA_ROLES and user.district_id is not None:
        return Scope(Reach.DISTRICT, district_id=user.district_id)
    if role in DISCHARGER_ROLES and user.organisation_id is not None:
        return Scope(Reach.DISCHARGER, organisation_id=user.organisation_id)
    if role in AGENCY_ROLES and user.organisation_id is not None:
        return Scope(Reach.AGENCY, organisation_id=user.organisation_id)
    return NOTHING


def can(user: Viewer, action: str) -> bool:
    """Whether the role of ``user`` may take ``action`` at all.

    Raises:
        LocalError: no such action; the code that asks is wrong.
    """
    roles = _roles(action)
    return isinstance(user, User) and user.is_active and user.role in roles


def require(user: Viewer | None, action: str) -> None:
    """Let ``user`` pass where ``can``; None is the system itself and passes.

    Raises:
        NotAllowed: with the Chinese names of the roles that may.
    """
    roles = _roles(action)
    if user is None or can(user, action):
        return
    needs = "、".join(role.label for role in Role if role in roles)
    raise NotAllowed(f"{action} needs one of: {needs}", needs=needs)


def _roles(action: str) -> frozenset[Role]:
    try:
        return ACTIONS[action]
    except KeyError:
        raise LocalError(
            f"no action is named {action!r}; enter it in accounts/permissions.py ACTIONS"
        ) from None
