"""One tree of errors. An exception carries the decision, so nobody parses messages.

Messages say what was found, what was expected and what to do.
"""


class MingchaError(Exception):
    """Base of all our errors. ``permanent``: trying again cannot help."""

    permanent = True


class RemoteError(MingchaError):
    """The other side broke the protocol or sent something unusable."""


class LocalError(MingchaError):
    """We were used wrongly, or our own set-up is at fault."""


class IllegalMove(LocalError):
    """The transition table has no such move from this state."""


class StaleState(MingchaError):
    """Somebody moved the object first; nothing was written."""

    permanent = False


class BadInput(LocalError):
    """A value given by a person or a file is not acceptable.

    ``problems`` maps a field name to its sentence; "" holds what concerns the whole.
    """

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{k}: {v}" if k else v for k, v in problems.items()))


class NotAllowed(MingchaError):
    """The person may not do this. ``needs`` names the role that may."""

    def __init__(self, message: str, *, needs: str = "") -> None:
        self.needs = needs
        super().__init__(message)


class NotFound(MingchaError):
    """There is no such object, or the viewer may not know of it: the two are never told apart."""


class BrokenEvidence(MingchaError):
    """Stored bytes do not fit their hashes."""


class BadRule(LocalError):
    """A parameter, rule or case file is wrong. The message names file, key and remedy."""
