"""A person's own messages; nobody sees another's."""

from django.db.models import QuerySet

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import Viewer
from mingcha.apps.notices.models import Notice


def notices_of(user: Viewer) -> QuerySet[Notice]:
    """The notices of ``user``, newest first."""
    if not isinstance(user, User) or not user.is_active:
        return Notice.objects.none()
    return Notice.objects.filter(user=user)


def unread_count(user: Viewer) -> int:
    """How many notices ``user`` has not opened."""
    return notices_of(user).filter(read_at=None).count()
