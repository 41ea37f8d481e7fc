"""What can go wrong between us and the cluster."""

from mingcha.core.errors import LocalError


class ClusterMissing(LocalError):
    """The client library is not installed."""


class ClusterAway(LocalError):
    """The cluster does not answer; what is kept here goes there as soon as it does."""

    permanent = False


class ClusterRefused(LocalError):
    """The cluster holds something else than this journal, or its settings do not allow what we need."""
