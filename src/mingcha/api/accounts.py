"""Who am I: role, reach, and what I may do."""

from django.http import HttpRequest
from django.middleware.csrf import get_token
from ninja import Router, Schema

from mingcha.api.access import viewer
from mingcha.api.shapes import Named, answers, named
from mingcha.apps.accounts.permissions import ACTIONS, can, scope
from mingcha.apps.accounts.roles import Role
from mingcha.apps.notices.selectors import unread_count

router = Router()


class MeOut(Schema):
    """``reach``: how far the person sees. ``actions``: what the role may do at all, on objects within reach."""

    username: str
    name: str
    role: str
    role_name: str
    organisation: Named | None
    district: str | None
    reach: str
    actions: list[str]
    unread_notices: int


@router.get("/me", response=answers(MeOut))
def me(request: HttpRequest) -> MeOut:
    """The signed-in person. Sets the cookie ``csrftoken``, whose value writes carry in ``X-CSRFToken``."""
    user = viewer(request)
    get_token(request)
    return MeOut(
        username=user.username,
        name=user.name,
        role=user.role,
        role_name=Role(user.role).label,
        organisation=named(user.organisation),
        district=user.district.code if user.district else None,
        reach=scope(user).kind.value,
        actions=[action for action in ACTIONS if can(user, action)],
        unread_notices=unread_count(user),
    )
