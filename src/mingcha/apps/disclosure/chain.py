"""The chain of what was published of an outlet: each version names the digest of the one before."""

from collections.abc import Iterable
from datetime import UTC, datetime

from mingcha.apps.disclosure.models import Snapshot
from mingcha.core.digest import digest


def snapshot_digest(
    outlet: str, version: int, at: datetime, content_digest: str, previous: str, why: str
) -> str:
    """The digest of one version: of what was published, when, why, and after what."""
    return digest(
        {
            "outlet": outlet,
            "version": version,
            "published_at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "content": content_digest,
            "previous": previous,
            "why": why,
        }
    )


def problems_of(snapshots: Iterable[Snapshot]) -> list[str]:
    """What is wrong with the versions of one outlet, given oldest first; empty where all follow."""
    problems: list[str] = []
    previous, expected = "", 1
    for row in snapshots:
        where = f"{row.outlet.key} version {row.version}"
        if row.version != expected or row.previous != previous:
            problems.append(
                f"{where}: does not follow version {expected - 1}; a version is missing or was put in"
            )
        if digest(row.content) != row.content_digest:
            problems.append(f"{where}: the content was changed")
        found = snapshot_digest(
            row.outlet.key, row.version, row.published_at, row.content_digest, row.previous, row.why
        )
        if found != row.digest:
            problems.append(f"{where}: says digest {row.digest}, has {found}")
        previous, expected = row.digest, row.version + 1
    return problems
