"""Reading what is public: no viewer, for everybody may read all of it."""

from django.db.models import Max, QuerySet

from mingcha.apps.disclosure.chain import problems_of
from mingcha.apps.disclosure.models import Snapshot
from mingcha.apps.registry.models import Outlet
from mingcha.core.errors import NotFound


def outlets_public() -> QuerySet[Outlet]:
    """Outlets of which something was published, with ``published_at`` of the newest version."""
    found = Outlet.objects.filter(snapshots__isnull=False).select_related("discharger__district")
    return found.annotate(published_at=Max("snapshots__published_at")).order_by("discharger__name", "code")


def snapshot_latest(uscc: str, code: str) -> Snapshot:
    """The newest version of an outlet's page.

    Raises:
        NotFound: nothing was published of such an outlet.
    """
    found = snapshot_versions(uscc, code).first()
    if found is None:
        raise NotFound(f"nothing was published of {uscc}/{code}")
    return found


def snapshot_versions(uscc: str, code: str) -> QuerySet[Snapshot]:
    """All versions of an outlet's page, the newest first."""
    found = Snapshot.objects.select_related("outlet__discharger")
    return found.filter(outlet__discharger__uscc=uscc, outlet__code=code).order_by("-version")


def snapshot_get(digest: str) -> Snapshot:
    """The version with this digest.

    Raises:
        NotFound: no version has it.
    """
    found = Snapshot.objects.select_related("outlet__discharger").filter(digest=digest).first()
    if found is None:
        raise NotFound(f"nothing with the digest {digest[:64]} was published")
    return found


def verify_snapshots(uscc: str, code: str) -> list[str]:
    """What is wrong with the published versions of an outlet; empty where nothing is."""
    return problems_of(snapshot_versions(uscc, code).order_by("version"))
