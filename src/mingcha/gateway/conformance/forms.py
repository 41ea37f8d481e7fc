"""One frame in the forms in which it may, or must not, be understood: what to write, segment by segment."""

from collections.abc import Callable, Sequence

from mingcha.protocol.hj212.limits import CRC_DIGITS

TAIL = b"\r\n"
NOISE = b"\x00\xfe noise \x7f 1#2 \r\n"
_DIGITS = CRC_DIGITS + len(TAIL)


def plain(raw: bytes) -> Sequence[bytes]:
    return (raw,)


def crc_lower(raw: bytes) -> Sequence[bytes]:
    return (raw[:-_DIGITS] + raw[-_DIGITS:].lower(),)


def pieces(raw: bytes) -> Sequence[bytes]:
    """Cut inside the length, inside the segment and inside the CRC."""
    return (raw[:4], raw[4:30], raw[30:-4], raw[-4:])


def garbage(raw: bytes) -> Sequence[bytes]:
    return (NOISE + raw,)


def half(raw: bytes) -> Sequence[bytes]:
    """The first half of the same frame, and then the whole."""
    return (raw[: len(raw) // 2] + raw,)


def no_tail(raw: bytes) -> Sequence[bytes]:
    return (raw[: -len(TAIL)],)


def bad_crc(raw: bytes) -> bytes:
    """The same with one digit of its CRC changed: still a value of the algorithm, but of another segment."""
    digits = int(raw[-_DIGITS : -len(TAIL)], 16)
    return raw[:-_DIGITS] + b"%04X" % (digits ^ 0x1000) + TAIL


def has_letter(raw: bytes) -> bool:
    """Whether lower case changes the CRC of this frame."""
    return raw[-_DIGITS:] != raw[-_DIGITS:].lower()


FORMS: dict[str, Callable[[bytes], Sequence[bytes]]] = {
    "plain": plain, "crc_lower": crc_lower, "pieces": pieces, "garbage": garbage, "half": half, "no_tail": no_tail,
}  # fmt: skip
