"""公开: what was published, for everybody."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from mingcha.api.shapes import Moment, Page, Paging, page_of, public_answers
from mingcha.apps.disclosure import selectors
from mingcha.apps.maintenance.words import say

router = Router(auth=None)


class PublicOutletOut(Schema):
    uscc: str
    code: str
    name: str
    discharger: str
    medium: str
    district: str | None
    published_at: Moment


class VersionOut(Schema):
    """``digest`` is of content, version, moment and the digest before (``previous``)."""

    version: int
    published_at: Moment
    why: str
    digest: str
    content_digest: str
    previous: str


class SnapshotOut(VersionOut):
    """One version with what is needed to check it. ``content`` is exactly what was published."""

    notice: str
    content: dict[str, Any]


class OutletFilter(Paging):
    medium: str = ""
    district: str = ""


@router.get("/public/outlets", response=public_answers(Page[PublicOutletOut]))
def public_outlets(request: HttpRequest, asked: Query[OutletFilter]) -> dict[str, Any]:
    """Outlets of which something was published."""
    found = selectors.outlets_public()
    if asked.medium:
        found = found.filter(medium=asked.medium)
    if asked.district:
        found = found.filter(discharger__district__code=asked.district)
    return page_of(found, asked, _outlet)


@router.get("/public/outlets/{uscc}/{code}", response=public_answers(SnapshotOut))
def public_outlet(request: HttpRequest, uscc: str, code: str) -> SnapshotOut:
    """The newest published version of an outlet's page."""
    return _snapshot(selectors.snapshot_latest(uscc, code))


@router.get("/public/outlets/{uscc}/{code}/versions", response=public_answers(Page[VersionOut]))
def public_versions(request: HttpRequest, uscc: str, code: str, asked: Query[Paging]) -> dict[str, Any]:
    """Every version that was ever published of an outlet, the newest first."""
    selectors.snapshot_latest(uscc, code)  # an outlet of which nothing was published is not found
    return page_of(selectors.snapshot_versions(uscc, code), asked, lambda row: VersionOut(**_version(row)))


@router.get("/public/snapshots/{digest}", response=public_answers(SnapshotOut))
def public_snapshot(request: HttpRequest, digest: str) -> SnapshotOut:
    """The version with this digest, as printed on the page."""
    return _snapshot(selectors.snapshot_get(digest))


def _outlet(outlet: Any) -> PublicOutletOut:
    discharger = outlet.discharger
    return PublicOutletOut(
        uscc=discharger.uscc,
        code=outlet.code,
        name=outlet.name,
        discharger=discharger.name,
        medium=outlet.medium,
        district=discharger.district and discharger.district.code,
        published_at=outlet.published_at,
    )


def _version(row: Any) -> dict[str, Any]:
    return {
        "version": row.version,
        "published_at": row.published_at,
        "why": row.why,
        "digest": row.digest,
        "content_digest": row.content_digest,
        "previous": row.previous,
    }


def _snapshot(row: Any) -> SnapshotOut:
    notice = say("数据未经审核，可能修订", "Data are not audited and may be revised")
    return SnapshotOut(notice=notice, content=row.content, **_version(row))
