"""The back end that reads where none is named. ``codec`` chooses it when the package is first imported.

It stands apart, so that what reads messages (``message``, ``encode``) need not know what the back ends are made of: those
themselves make messages.
"""

from types import ModuleType

from mingcha.protocol.hj212 import plain

chosen: ModuleType = plain


def choose(module: ModuleType) -> None:
    """From now on ``module`` reads."""
    global chosen  # noqa: PLW0603 - chosen once, when the package is imported
    chosen = module
