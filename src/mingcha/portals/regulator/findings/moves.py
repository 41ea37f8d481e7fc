"""The moves a person can make on a finding: word, permission, form, service. One table for page, keys and bulk."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mingcha.apps.accounts.permissions import Person, can
from mingcha.apps.cases import services as cases
from mingcha.apps.findings import selectors, services
from mingcha.core.moves import moves_from
from mingcha.portals.regulator.findings import forms as forms_of

Act = Callable[[Any, Any, Person, datetime], object]


@dataclass(frozen=True, slots=True)
class Move:
    """``key``: what the keyboard presses. ``permission``: of the table in accounts."""

    name: str
    word: Promise
    icon: str
    key: str
    permission: str
    form: type[forms.Form]
    act: Act
    primary: bool = False


def _dismiss(finding: Any, form: Any, by: Person, at: datetime) -> object:
    values = form.cleaned_data
    return services.finding_dismiss(
        finding=finding, reason=values["reason"], text=values["text"], by=by, at=at
    )


def _assign(finding: Any, form: Any, by: Person, at: datetime) -> object:
    return services.finding_assign(finding=finding, assignee=form.person, by=by, at=at)


def _confirm(finding: Any, form: Any, by: Person, at: datetime) -> object:
    return services.finding_confirm(finding=finding, text=form.cleaned_data["text"], by=by, at=at)


def _clear(finding: Any, form: Any, by: Person, at: datetime) -> object:
    return services.finding_clear(finding=finding, text=form.cleaned_data["text"], by=by, at=at)


def _undo(finding: Any, form: Any, by: Person, at: datetime) -> object:
    return services.finding_undo(finding=finding, by=by, at=at)


def _take_up(finding: Any, form: Any, by: Person, at: datetime) -> object:
    return cases.case_open(findings=[finding], by=by, at=at)


MOVES = {
    move.name: move
    for move in (
        Move("dismiss", _("排除线索"), "x", "d", "finding.dismiss", forms_of.DismissForm, _dismiss),
        Move("assign", _("分派线索"), "send", "a", "finding.assign", forms_of.AssignForm, _assign),
        Move("confirm", _("确认属实"), "check", "v", "finding.confirm", forms_of.ConfirmForm, _confirm),
        Move("clear", _("认定误报"), "x", "f", "finding.clear", forms_of.ClearForm, _clear),
        Move("take_up", _("立案"), "briefcase", "c", "case.open", forms_of.EmptyForm, _take_up, primary=True),
        Move("undo", _("撤回排除"), "arrow-back-up", "z", "finding.undo", forms_of.EmptyForm, _undo),
    )
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A legal move on a page: its form, and why it is closed to this person ("" where it is open)."""

    move: Move
    form: forms.Form
    open: bool


def form_of(move: Move, finding: Any, data: Any = None) -> forms.Form:
    if move.form is forms_of.AssignForm:
        return forms_of.AssignForm(
            data, people=selectors.assignable_to(finding), prefix=None, auto_id=f"{move.name}-%s"
        )
    return move.form(data, auto_id=f"{move.name}-%s")


def offers(finding: Any, user: Person, typed: forms.Form | None = None, tried: str = "") -> list[Offer]:
    """The moves that are legal now; the one just tried keeps what was typed."""
    legal = moves_from(type(finding).NEXT, finding.state)
    return [
        Offer(
            move,
            typed if typed is not None and name == tried else form_of(move, finding),
            can(user, move.permission),
        )
        for name, move in MOVES.items()
        if name in legal
    ]
