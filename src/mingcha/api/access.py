"""Who asks, and whether what they saw still stands. Objects are guarded by the selectors."""

from typing import Any

from django.http import HttpRequest

from mingcha.apps.accounts.permissions import ACTIONS, Person, Reach, can, scope
from mingcha.apps.maintenance.words import say
from mingcha.core.errors import BadInput, NotAllowed, StaleState
from mingcha.core.moves import moves_from


def viewer(request: HttpRequest) -> Person:
    """The signed-in person.

    Raises:
        NotAllowed: nobody is signed in.
    """
    if not isinstance(request.user, Person):
        raise NotAllowed(say("请先登录。", "Sign in first."), needs=say("登录用户", "a signed-in person"))
    return request.user


def official(user: Person) -> bool:
    """Whether ``user`` sees what the authorities say among themselves: assignees, reasons, scores of clues."""
    return scope(user).kind in (Reach.ALL, Reach.DISTRICT)


def still(found: Any, seen: str) -> None:
    """Let pass where ``found`` is in the state the caller saw, or the caller names none.

    Raises:
        StaleState: it has moved.
    """
    if seen not in ("", found.state):
        raise StaleState(f"found {found.state}, seen {seen}")


def person_among(people: Any, username: str) -> Person:
    """The one of ``people`` with that name. Who is not among them is not told apart from nobody.

    Raises:
        BadInput: none.
    """
    found = people.filter(username=username).first()
    if not isinstance(found, Person):
        raise BadInput(
            {
                "assignee": say(
                    f"“{username}”不能承办。应为辖区内可以承办的人员的用户名。请改正。",
                    f"{username!r} cannot take it. Give the username of a person who may.",
                )
            }
        )
    return found


def open_moves(user: Person, found: Any, kind: str) -> list[str]:
    """The moves that are legal now and that the role of ``user`` may make."""
    legal = dict.fromkeys(moves_from(type(found).NEXT, found.state))
    return [move for move in legal if f"{kind}.{move}" in ACTIONS and can(user, f"{kind}.{move}")]
