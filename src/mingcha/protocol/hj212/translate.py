"""The parameters of a frame with the factor codes of another edition: 2005 numbered (``011``), later ones lettered (``w01018``).

Bytes in, bytes out: values, separators and order stay as they were received, only codes change. A field whose code has
no counterpart is left out and named; what is no field of a factor (``DataTime``, ``SB1-RS``, text between ``//``) stays.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from mingcha.protocol.hj212.factors import SINGLE_FIELDS, is_known, lookup

OLD = "2005"
_ITEM = re.compile(rb"(?://.*?//|[^;])+", re.DOTALL)
_FIELD = re.compile(rb"(?://.*?//|[^,])+", re.DOTALL)
_CODED = re.compile(r"[ \t]*([0-9A-Za-z_#]{1,20})-[^=]*=.*", re.DOTALL)

Left = tuple[tuple[str, str], ...]  # (field, why it has no place in the other edition)


def translated(
    cp: bytes, *, came: str | None, to: str, own: Sequence[tuple[str, str]] = ()
) -> tuple[bytes, Left]:
    """``cp`` as edition ``to`` writes it, and what had to be left out.

    ``came``: edition of the frame, None unknown. ``own``: codes of the station and those they stand for
    (``Dialect.factors``). 2017 and 2025 have the same codes: between them nothing changes.
    """
    if came is None or (came == OLD) == (to == OLD):
        return cp, ()
    mine = dict(own)
    left: list[tuple[str, str]] = []
    items = [_item(item, to, mine, left) for item in _ITEM.findall(cp)]
    return b";".join(item for item in items if item), tuple(left)


def _item(item: bytes, to: str, mine: dict[str, str], left: list[tuple[str, str]]) -> bytes:
    fields = []
    for field in _FIELD.findall(item):
        coded = _CODED.fullmatch(field.decode("latin-1"))
        code = coded[1] if coded else ""
        if not coded or code in SINGLE_FIELDS:
            fields.append(field)
            continue
        other, why = counterpart(mine.get(code, code), to)
        if why:
            left.append((coded[0].partition("=")[0].strip(), why))
        else:
            fields.append(field.replace(code.encode(), other.encode(), 1))
    return b",".join(fields)


@lru_cache(maxsize=4096)
def counterpart(code: str, to: str) -> tuple[str, str]:
    """The code of the same factor in edition ``to`` and "", or "" and why there is none."""
    found = lookup(code)
    if found is None:
        return (
            (code, "")
            if is_known(code) and code.startswith("SB")
            else ("", f"{code} is in no table of factors")
        )
    if to != OLD:
        return (
            (found.code, "") if code == found.code_2005 and found.code else _kept(code, found.code_2005, to)
        )
    if code == found.code_2005:
        return code, ""
    return (
        (found.code_2005, "") if found.code_2005 else ("", f"{code} ({found.name_zh}) has no code in {OLD}")
    )


def _kept(code: str, code_2005: str, to: str) -> tuple[str, str]:
    """A code that is none of 2005 is one of the later editions already."""
    return (
        ("", f"{code} was given up after {OLD} and has no code in {to}") if code == code_2005 else (code, "")
    )
