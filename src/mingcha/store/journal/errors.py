"""What can go wrong while evidence is written. Broken evidence when read is ``core.errors.BrokenEvidence``."""

from mingcha.core.errors import LocalError


class JournalInUse(LocalError):
    """Another writer holds the journal of this gateway."""

    permanent = False


class JournalFailed(LocalError):
    """The block could not be made durable (disk full, I/O error): treat nothing of it as stored."""

    permanent = False


class JournalFormat(LocalError):
    """The file is no journal of a format this code knows."""
