"""What the header of a message says: Flag, edition, pack numbers. Functions of its fields alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from mingcha.protocol.hj212.editions import SPLIT_BIT, VERSION_SHIFT, VERSIONS, Edition

Header = Mapping[str, str]

_MN_2005_MAX, _MN_2017 = 14, 24  # characters
FLAGS = {str(value): value for value in range(256)}
_SURFACE_WATER_ST, _SURFACE_WATER_CN = "21", ("2062", "2063")
_PACK_DIGITS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """What all frames of a station and command share: the header without QN. One object for all of them, while
    the bounded memory of heads holds it; equal only to itself.

    ``key``: the bytes behind ``QN=…;`` (all, where there is no QN) up to ``CP=&&``. ``before``, ``after``: the
    segment of the answer around QN; None where no answer is wanted. ``flag``: None where missing.
    """

    key: bytes
    st: str
    cn: str
    pw: str
    mn: str
    flag: int | None
    edition: Edition | None
    wants_ack: bool
    supplement: bool  # RF=1
    pack: tuple[int, int] | None  # (PNUM, PNO)
    reply_cn: str | None
    before: bytes | None
    after: bytes | None

    @property
    def tail(self) -> bytes | None:
        """What follows ``QN=<qn>`` in the answer, for ``ack``; None without answer, or where QN is not first (2005)."""
        return self.after if self.before == b"QN=" else None


def flag_of(header: Header) -> int | None:
    """Flag as 0 to 255; None where it is missing or no such number."""
    return FLAGS.get(header.get("Flag", ""))


def is_surface_water(header: Header) -> bool:
    """The protocol of the national surface-water stations, which uses the Flag values of 2025 too."""
    flag = flag_of(header)
    if flag is None or VERSIONS.get(flag >> VERSION_SHIFT) != "2025" or header.get("ST") != _SURFACE_WATER_ST:
        return False
    return len(header.get("MN", "")) != _MN_2017 or header.get("CN") in _SURFACE_WATER_CN


def edition_of(header: Header) -> Edition | None:
    """By the version bits of Flag; without a Flag by the form: 2017 has QN and a long MN."""
    flag = flag_of(header)
    if flag is None:
        return "2017" if "QN" in header and len(header.get("MN", "")) > _MN_2005_MAX else "2005"
    return None if is_surface_water(header) else VERSIONS.get(flag >> VERSION_SHIFT)


def is_flagged_split(header: Header) -> bool:
    return bool((flag_of(header) or 0) & SPLIT_BIT)


def pack_of(header: Header) -> tuple[int, int] | None:
    """(PNUM, PNO) of a split message; None for a whole one or where the numbers make no sense."""
    pnum, pno = header.get("PNUM", ""), header.get("PNO", "")
    for text in (pnum, pno):
        if not (text.isascii() and text.isdigit() and len(text) <= _PACK_DIGITS):
            return None
    return (int(pnum), int(pno)) if 1 <= int(pno) <= int(pnum) else None
