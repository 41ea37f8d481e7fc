"""Who may open a page: sign-in first, then the role. Objects are guarded by the selectors, not here."""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from mingcha.apps.accounts.permissions import Person
from mingcha.apps.accounts.roles import Role
from mingcha.core.errors import NotAllowed

View = Callable[..., HttpResponseBase]


def open_to(roles: Collection[str], *, needs: str) -> Callable[[View], View]:
    """The page is for ``roles``; ``needs`` names them for the 403 page.

    Raises (inside the view):
        NotAllowed: the signed-in person has another role.
    """

    def wrap(view: View) -> View:
        @login_required
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            role = getattr(request.user, "role", "")
            if role not in roles:
                found = Role(role).label if role in Role.values else "—"
                raise NotAllowed(f"您的角色是“{found}”，不能打开本页。", needs=needs)
            return view(request, *args, **kwargs)

        return inner

    return wrap


def viewer(request: HttpRequest) -> Person:
    """The signed-in person; only inside views that :func:`open_to` guards.

    Raises:
        NotAllowed: nobody is signed in.
    """
    if not isinstance(request.user, Person):
        raise NotAllowed("请先登录。", needs="登录用户")
    return request.user
