"""The entries of a portal's navigation; each portal lists its own as ``NAV`` in ``nav.py``."""

from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``url``: name of an address without arguments; ``icon``: name in the icon sprite.

    ``phone``: stands at the bottom of phones, where at most four fit. ``pages``: beginnings of the names
    (without portal) of further pages that belong to it; those that begin like the entry itself need none.
    """

    title: str | Promise
    url: str
    icon: str
    phone: bool = False
    pages: tuple[str, ...] = ()

    def holds(self, view: str) -> bool:
        """Whether the page named ``view`` (``discharger:visit_confirm``) belongs to this entry."""
        portal, _, page = view.partition(":")
        own_portal, _, own = self.url.partition(":")
        own = f"{own[:-3]}" if own.endswith("ies") else own.removesuffix("s")
        return portal == own_portal and page.startswith((own, *self.pages))
