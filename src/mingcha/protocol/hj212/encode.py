"""Build frames of each edition."""

from collections.abc import Sequence

from mingcha.core.errors import BadInput
from mingcha.protocol.hj212 import backend
from mingcha.protocol.hj212.editions import EDITIONS, SPLIT_BIT, version_bits
from mingcha.protocol.hj212.limits import PARAMETERS_MAX, SEGMENT_MAX

_FORBIDDEN = frozenset(";,=&#\r\n")


def wrap(segment: bytes) -> bytes:
    """The frame around a data segment: ``##``, length, segment, CRC, CR LF.

    Raises:
        BadInput: the segment is longer than four digits can say.
    """
    if len(segment) > 9999:
        raise BadInput({"segment": f"{len(segment)} bytes; a frame holds {SEGMENT_MAX}, split the message"})
    return b"##%04d%b%04X\r\n" % (len(segment), segment, backend.chosen.crc(segment))


def encode(
    *,
    edition: str,
    qn: str,
    st: str,
    cn: str,
    pw: str,
    mn: str,
    flag: int | None,
    cp: str,
    pack: tuple[int, int] | None = None,
    rf: bool = False,
) -> bytes:
    """One frame. ``flag`` None leaves it out, an empty ``qn`` too (2005). ``pack`` is (PNUM, PNO).

    Raises:
        BadInput: a field holds separators, CP holds ``&&``, the data are too long, or the edition has no such
            field; the message says which.
    """
    problems = _problems(edition, {"qn": qn, "st": st, "cn": cn, "pw": pw, "mn": mn}, cp, flag, pack, rf=rf)
    if problems:
        raise BadInput(problems)
    fields = [f"QN={qn}"] if qn else []
    fields += [f"ST={st}", f"CN={cn}", f"PW={pw}", f"MN={mn}"]
    fields += [f"Flag={flag}"] if flag is not None else []
    fields += [f"PNUM={pack[0]}", f"PNO={pack[1]}"] if pack is not None else []
    fields += ["RF=1"] if rf else []
    segment = f"{';'.join(fields)};CP=&&{cp}&&".encode()
    if len(segment) > SEGMENT_MAX:
        raise BadInput(
            {"cp": f"the segment has {len(segment)} bytes, at most {SEGMENT_MAX}; use encode_packs"}
        )
    return wrap(segment)


def encode_packs(
    *, edition: str, qns: Sequence[str], st: str, cn: str, pw: str, mn: str, flag: int, items: Sequence[str],
    rf: bool = False,
) -> list[bytes]:  # fmt: skip
    """The frames of a message: one, or split packs where ``items`` (joined by ``;``) are too long for one.

    The first item is DataTime and is repeated in every pack. Every pack has its own QN, taken from ``qns`` in order.

    Raises:
        BadInput: an item alone is too long, or ``qns`` has fewer numbers than packs are needed.
    """
    packs = packed(items, edition)
    if len(qns) < len(packs):
        raise BadInput({"qns": f"{len(packs)} packs need as many request numbers; {len(qns)} given"})
    split = len(packs) > 1
    return [
        encode(
            edition=edition, qn=qns[index], st=st, cn=cn, pw=pw, mn=mn, cp=cp, rf=rf,
            flag=flag | SPLIT_BIT if split else flag, pack=(len(packs), index + 1) if split else None,
        )
        for index, cp in enumerate(packs)
    ]  # fmt: skip


def packed(items: Sequence[str], edition: str) -> list[str]:
    """The CP of each pack: as few as hold all items, the first item (DataTime) repeated in each.

    Leaves room so that header and CP stay within the segment.

    Raises:
        BadInput: an item alone is too long.
    """
    if not items:
        return [""]
    room = min(PARAMETERS_MAX.get(edition, SEGMENT_MAX), SEGMENT_MAX - _HEADER_ROOM)
    first, packs = items[0], [items[0]]
    for item in items[1:]:
        longer = f"{packs[-1]};{item}"
        if len(longer.encode()) <= room:
            packs[-1] = longer
        elif len(f"{first};{item}".encode()) <= room:
            packs.append(f"{first};{item}")
        else:
            raise BadInput({"items": f"{item[:20]}… is too long for one pack of {room} bytes"})
    return packs


_HEADER_ROOM = 130  # QN to CP with 24 characters of MN, pack numbers and RF, and the four &


def _problems(
    edition: str, fields: dict[str, str], cp: str, flag: int | None, pack: tuple[int, int] | None, *, rf: bool
) -> dict[str, str]:
    found = {
        name: f"{text!r} holds a separator of the protocol; remove it"
        for name, text in fields.items()
        if _FORBIDDEN & set(text) or not text.isascii()
    }
    if edition not in EDITIONS:
        return {**found, "edition": f"{edition!r} is unknown; expected one of {', '.join(EDITIONS)}"}
    if "&&" in cp:
        found["cp"] = "&& would end the parameters; remove it"
    if flag is not None and (flag & ~3) != version_bits(edition):
        found["flag"] = (
            f"{flag} is not of {edition}; expected {version_bits(edition)} to {version_bits(edition) + 3}"
        )
    if rf and edition != "2025":
        found["rf"] = "RF came with 2025"
    if pack is not None and not 1 <= pack[1] <= pack[0]:
        found["pack"] = f"PNO {pack[1]} is not within 1 to PNUM {pack[0]}"
    return found
