"""What can go wrong while evidence is written. Broken evidence when read is ``core.errors.BrokenEvidence``."""

from mingcha.core.errors import LocalError, NotFound


class JournalInUse(LocalError):
    """Another writer holds the journal of this gateway."""

    permanent = False


class JournalFailed(LocalError):
    """The block could not be made durable (disk full, I/O error): treat nothing of it as stored."""

    permanent = False


class JournalFormat(LocalError):
    """The file is no journal of a format this code knows."""


class KeyTrouble(LocalError):
    """The signing key is lost, readable by others, or not the one that signed last."""


class StatementFailed(LocalError):
    """A signed statement could not be made durable (disk full, I/O error); it counts as never made."""

    permanent = False


class StampFailed(LocalError):
    """The time stamp authority is away or its answer cannot be used; it is asked again later."""

    permanent = False


class DroppedEntry(NotFound):
    """The entry was there and is gone under a signed retention statement."""
