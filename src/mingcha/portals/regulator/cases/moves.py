"""The moves a person can make on a case: word, permission, form, service."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mingcha.apps.accounts.permissions import Person, can
from mingcha.apps.cases import selectors, services
from mingcha.core.moves import moves_from
from mingcha.portals.regulator.cases.forms import AssignForm, CloseForm, NoteForm, ReopenForm

Act = Callable[[Any, Any, Person, datetime], object]


@dataclass(frozen=True, slots=True)
class Move:
    """``key``: what the keyboard presses."""

    name: str
    word: Promise
    icon: str
    key: str
    permission: str
    act: Act
    primary: bool = False


def _assign(case: Any, form: Any, by: Person, at: datetime) -> object:
    return services.case_assign(case=case, assignee=form.person, by=by, at=at)


def _note(case: Any, form: Any, by: Person, at: datetime) -> object:
    return services.case_note(case=case, text=form.cleaned_data["text"], by=by, at=at)


def _close(case: Any, form: Any, by: Person, at: datetime) -> object:
    values = form.cleaned_data
    return services.case_close(
        case=case,
        conclusion=values["conclusion"],
        responsible=values["responsible"],
        summary=values["summary"],
        by=by,
        at=at,
    )


def _reopen(case: Any, form: Any, by: Person, at: datetime) -> object:
    return services.case_reopen(case=case, reason=form.cleaned_data["reason"], by=by, at=at)


MOVES = {
    move.name: move
    for move in (
        Move("assign", _("分派案件"), "send", "a", "case.assign", _assign, primary=True),
        Move("note", _("添加记录"), "notes", "n", "case.note", _note),
        Move("close", _("结案"), "check", "c", "case.close", _close),
        Move("reopen", _("重新办理"), "arrow-back-up", "r", "case.reopen", _reopen),
    )
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A legal move on the page with its form; ``open``: this person may make it."""

    move: Move
    form: forms.Form
    open: bool


def form_of(name: str, case: Any, data: Any = None) -> forms.Form:
    auto_id = f"{name}-%s"
    if name == "assign":
        return AssignForm(data, people=selectors.assignable_to(case), auto_id=auto_id)
    if name == "close":
        return CloseForm(data, case=case, auto_id=auto_id)
    return (NoteForm if name == "note" else ReopenForm)(data, auto_id=auto_id)


def offers(case: Any, user: Person, typed: forms.Form | None = None, tried: str = "") -> list[Offer]:
    """The moves that are legal now; the one just tried keeps what was typed."""
    legal = moves_from(type(case).NEXT, case.state)
    return [
        Offer(
            move,
            typed if typed is not None and name == tried else form_of(name, case),
            can(user, move.permission),
        )
        for name, move in MOVES.items()
        if name in legal
    ]
