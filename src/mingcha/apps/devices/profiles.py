"""Dialect profiles: how one station is read, as a file with version and digest that fits other stations too."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mingcha.core.clock import beijing
from mingcha.core.digest import digest
from mingcha.core.errors import BadInput

KIND, VERSION = "mingcha dialect profile", 1
_NAME = re.compile(r"[^\x00-\x1f]{1,64}")
CONTACT = {  # what the host sets at first contact, and the least and most of it
    "realtime_interval_s": (30, 3600),  # HJ 212-2017: RtdInterval
    "realtime": (0, 1),  # live data on
    "states": (0, 1),  # equipment states on
}


@dataclass(frozen=True, slots=True)
class Profile:
    """``digest``: SHA-256 of what decides the reading: dialect, edition, contact."""

    name: str
    dialect: Mapping[str, Any]
    edition: str
    contact: Mapping[str, Any]

    @property
    def digest(self) -> str:
        return digest({"dialect": self.dialect, "edition": self.edition, "contact": self.contact})

    def written(self, at: datetime) -> dict[str, Any]:
        """The content of the file."""
        return {
            "kind": KIND,
            "version": VERSION,
            "name": self.name,
            "exported_at": beijing(at).isoformat(),
            "edition": self.edition,
            "dialect": dict(self.dialect),
            "contact": dict(self.contact),
            "digest": self.digest,
        }

    @classmethod
    def read(cls, data: Any) -> "Profile":
        """A profile from the content of a file.

        Raises:
            BadInput: another kind or version, a part is missing, or the digest does not fit.
        """
        if not isinstance(data, Mapping) or data.get("kind") != KIND:
            raise BadInput({"profile": f'不是方言配置文件，应有 "kind": "{KIND}" (no dialect profile)'})
        if data.get("version") != VERSION:
            text = f"配置版本为 {data.get('version')!r}，本平台只认 {VERSION} (version {VERSION} expected; export it again)"
            raise BadInput({"profile": text})
        name, dialect, contact = data.get("name"), data.get("dialect"), data.get("contact")
        edition = data.get("edition")
        if not (isinstance(name, str) and _NAME.fullmatch(name) and isinstance(edition, str)):
            raise BadInput({"profile": "缺少 name 或 edition (name and edition are needed)"})
        if not isinstance(dialect, Mapping) or not isinstance(contact, Mapping):
            raise BadInput({"profile": "缺少 dialect 或 contact (dialect and contact are needed)"})
        found = cls(name, dict(dialect), edition, dict(contact))
        if data.get("digest") != _digest_of(found):
            text = "摘要与内容不符，文件被改动过；请重新导出 (the digest does not fit; export it again)"
            raise BadInput({"profile": text})
        return found


def _digest_of(profile: Profile) -> str:
    try:
        return profile.digest
    except (TypeError, ValueError):
        return ""


def contact_problems(contact: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the values of a first contact, by ``contact.<name>``."""
    found: dict[str, str] = {}
    for name, value in contact.items():
        least, most = CONTACT.get(name, (0, 0))
        if name not in CONTACT:
            found[f"contact.{name}"] = f"没有这一项；可选: {', '.join(CONTACT)} (no such value)"
        elif not isinstance(value, int) or not least <= value <= most:
            found[f"contact.{name}"] = (
                f"应为 {least}–{most} 的整数，现为 {value!r} (a whole number is expected)"
            )
    return found
