"""Secrets under the keys of this data folder: closed with the present key, opened with it or an older one."""

import json
from typing import Any

from django.conf import settings

from mingcha.apps.devices.values import seal, unseal


def close(text: str) -> bytes:
    """``text`` sealed under the present key."""
    return seal(text, [str(settings.SECRET_KEY)])


def opened(sealed: bytes | memoryview | None) -> str:
    """The text again; "" where nothing is kept.

    Raises:
        BrokenEvidence: no key of this data folder fits.
    """
    if sealed is None or not bytes(sealed):
        return ""
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return unseal(bytes(sealed), keys)


def close_json(values: dict[str, Any]) -> bytes | None:
    """Secret values as one sealed text; None where there are none."""
    return close(json.dumps(values)) if values else None


def opened_json(sealed: bytes | memoryview | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(opened(sealed) or "{}")
    return found
