"""After the splitter: what the settings and keys of a station make of a frame.

The splitter cuts before anyone knows whose bytes they are. ``reread`` decides again with the station at hand:

* a frame whose CRC another algorithm made is admitted where the station's dialect says so;
* a wrong length whose CRC fits is admitted or refused as the dialect says;
* ciphertext is decrypted, by the newest key first; only then its CRC is checked (HJ 212-2025 §6.4), and the plain
  text must parse as well, as a CRC alone passes 1 wrong key in 256.

An ordinary frame comes back as it is. What was admitted names its deviation in ``Frame.problems``; ``Frame.raw``
stays what was received, ``Frame.segment`` is plain.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mingcha.protocol.hj212 import codec, damage
from mingcha.protocol.hj212.crc import dialect_name, parse_hex
from mingcha.protocol.hj212.dialect import PLAIN_DIALECT, Dialect
from mingcha.protocol.hj212.events import Frame, Problem, Rejected
from mingcha.protocol.hj212.limits import CEILING, CRC_DIGITS, HEAD
from mingcha.protocol.hj212.message import Message, decode
from mingcha.protocol.hj212.segment import OPEN, Mark
from mingcha.protocol.hj212.splitter import Splitter
from mingcha.protocol.hj212.verdicts import problem

_MN = re.compile(rb"[;,#0-9 \t]MN[ \t]*=([^;,&\r\n]{0,64})[;,&]")
_CN = re.compile(rb"(?:^|[;,])[ \t]*CN[ \t]*=[ \t]*([0-9]{4})[ \t]*[;,]")
_BLANKS = b"\r\n \t\0"
_TEXT_MARK = b"CP=&&{0"
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_NAME = re.compile(rb"[0-9A-Za-z_#-]{1,40}=")


@dataclass(frozen=True, slots=True)
class Decoding:
    """How the frames of one station are read. ``keys``: SM4 keys of 16 bytes, the newest first.

    Whoever builds one decides by ``Dialect.key_grace_h`` which older keys are still among them.
    """

    dialect: Dialect = PLAIN_DIALECT
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    quick: bool = field(
        init=False, repr=False, compare=False
    )  # a frame without problems needs no second look

    def __post_init__(self) -> None:
        quick = self.dialect.ceiling >= CEILING and self.dialect.ciphertext == "bytes"
        object.__setattr__(self, "quick", quick)

    @property
    def ordinary(self) -> bool:
        """Whether a frame that has no problem for ``PLAIN`` has none here: no setting adds a check of its own."""
        one = self.dialect
        added = one.mn_pattern or one.formats or one.minute_interval > 1
        return self.quick and not added and one.supplement_values == PLAIN_DIALECT.supplement_values


PLAIN = Decoding()


def reread(event: Frame | Rejected, decoding: Decoding = PLAIN) -> Frame | Rejected:
    """The event as the station's settings and keys have it; itself where they change nothing. Never raises."""
    if event.__class__ is Frame and decoding.quick and not event.problems:
        return event
    return _frame(event, decoding) if isinstance(event, Frame) else _rejected(event, decoding)


def read(raw: bytes, decoding: Decoding = PLAIN) -> Message | None:
    """The message of the bytes that were kept of one event; None where they hold no frame for this station."""
    splitter = Splitter()
    for event in (*splitter.receive(raw), *splitter.expire()):
        if isinstance(event, Frame | Rejected):
            found = reread(event, decoding)
            if isinstance(found, Frame):
                return decode(found, dialect=decoding.dialect)
    return None


def mn_of(event: Frame | Rejected) -> str:
    """The MN that the bytes claim, to find the station whose settings decide; "" where they name none."""
    found = _MN.search(event.raw)
    return found[1].decode("latin-1").strip() if found is not None else ""


# --- frames ------------------------------------------------------------------------------------------


def _frame(frame: Frame, decoding: Decoding) -> Frame | Rejected:
    dialect = decoding.dialect
    if len(frame.segment) > dialect.ceiling:
        text = f"found {len(frame.segment)}; this station may send up to {dialect.ceiling}"
        return Rejected(frame.raw, problem("length_ceiling", text))
    codes = {found.code for found in frame.problems}
    if codes & _LENGTHS and dialect.lengths == "reject":
        return Rejected(
            frame.raw, problem("length", f"{frame.problems[0].text}; this station's setting refuses it")
        )
    if "encrypted" in codes:
        given = parse_hex(frame.raw[-CRC_DIGITS:])
        return _decrypted(frame, frame.segment, given, decoding) or frame
    if _TEXT_MARK in frame.segment:
        return _from_text(frame.raw, frame.segment, decoding) or frame
    return frame


_LENGTHS = frozenset({"length_wrong", "length_characters"})


# --- bytes the splitter refused ----------------------------------------------------------------------


def _rejected(event: Rejected, decoding: Decoding) -> Frame | Rejected:
    if not event.raw.startswith(b"##") or not _may_be_admitted(event.problem.code, decoding):
        return event
    found = damage.salvage(event.raw)
    if found is None:
        return event
    segment, digits = found
    if event.raw[event.raw.rindex(segment + digits) + len(segment) + CRC_DIGITS :].strip(_BLANKS):
        return event  # more follows than this frame
    if _TEXT_MARK in segment:
        return _from_text(event.raw, segment, decoding) or event
    problems = _admitted(event.raw, segment, int(digits, 16), decoding.dialect)
    if problems:
        return Frame(event.raw, segment, problems)
    return _unseen_ciphertext(event, decoding) or event


def _may_be_admitted(code: str, decoding: Decoding) -> bool:
    dialect = decoding.dialect
    if decoding.keys and code.startswith(("crc", "length", "ciphertext")):
        return True
    return (bool(dialect.crc) and code.startswith(("crc", "length_and"))) or (
        dialect.lengths == "any" and code.startswith("length")
    )


def _admitted(raw: bytes, segment: bytes, given: int, dialect: Dialect) -> tuple[Problem, ...]:
    """The problems with which these bytes are a frame of this station; none where they are not."""
    if not damage.starts_segment(segment) or len(segment) > dialect.ceiling:
        return ()
    problems = []
    if damage.declared_length(raw) != len(segment):
        if not damage.tolerated(raw, segment, dialect.length_policy()):
            return ()
        problems.append(_length_problem(raw, segment))
    expected = codec.crc(segment)
    if given != expected:
        name = dialect_name(segment, given, expected)
        if name is None or name not in dialect.crc:
            return ()
        problems.append(problem(f"crc_{name}", f"found {given:04X}, expected {expected:04X}"))
    return tuple(problems)


def _length_problem(raw: bytes, segment: bytes) -> Problem:
    if damage.declared_length(raw) is not None:
        return damage.length_problem(raw, segment)
    return problem("length_digits", f"found {raw[2:HEAD]!r}; expected {len(segment):04d}")


def _unseen_ciphertext(event: Rejected, decoding: Decoding) -> Frame | None:
    """Ciphertext that looked like damage: few of its bytes were strange, so only a key can tell."""
    declared = damage.declared_length(event.raw)
    if declared is None or not decoding.keys:
        return None
    segment = event.raw[HEAD : HEAD + declared]
    given = parse_hex(event.raw[HEAD + declared : HEAD + declared + CRC_DIGITS])
    command = _CN.search(segment)
    if command is None or not decoding.dialect.may_be_encrypted(command[1].decode()):
        return None
    found = _decrypted(Frame(event.raw, segment), segment, given, decoding)
    return found if found is not None and not _unread(found) else None


# --- ciphertext --------------------------------------------------------------------------------------


def _from_text(raw: bytes, segment: bytes, decoding: Decoding) -> Frame | None:
    """The frame whose ciphertext is written out as ``{0x..,…}``, if this station may send it so."""
    from mingcha.protocol.hj212 import sm4

    cipher = sm4.from_text(segment) if decoding.dialect.ciphertext == "text" else None
    if cipher is None or not cipher.endswith(damage.CLOSE):
        return None
    declared = damage.declared_length(raw)
    if decoding.dialect.lengths != "any" and declared not in (len(cipher), len(segment)):
        return None
    given = parse_hex(raw.rstrip(_BLANKS)[-CRC_DIGITS:])
    as_text = problem("ciphertext_as_text", "taken by this station's setting")
    return _decrypted(Frame(raw, segment, (as_text,)), cipher, given, decoding, over=codec.crc(segment))


def _decrypted(
    frame: Frame, cipher: bytes, given: int | None, decoding: Decoding, *, over: int | None = None
) -> Frame | None:
    """The frame with its plain segment, or what keeps it unread; None where no key is at hand.

    ``cipher``: the segment with its ciphertext as bytes. ``over``: the CRC of what was sent, if not that of it.
    """
    command = _CN.search(cipher)
    if not (cipher.endswith(damage.CLOSE) and OPEN in cipher[: -len(damage.CLOSE)]):
        return None
    if not decoding.keys or command is None or not decoding.dialect.may_be_encrypted(command[1].decode()):
        return None
    kept = tuple(found for found in frame.problems if found.code != "encrypted")
    over = codec.crc(cipher) if over is None else over
    for number, segment in _candidates(cipher, decoding.keys):
        found = [problem("key_previous", f"key {number + 1} of {len(decoding.keys)}")] if number else []
        expected = codec.crc(segment)
        if given == expected:
            return Frame(frame.raw, segment, (*kept, *found))
        if given == over:
            text = f"found {given:04X}, expected {expected:04X}"
            return Frame(frame.raw, segment, (*kept, *found, problem("crc_over_ciphertext", text)))
    tried = f"{len(decoding.keys)} tried"
    return Frame(frame.raw, frame.segment, (*kept, problem("key_wrong", tried)))


def _candidates(cipher: bytes, keys: tuple[bytes, ...]) -> Iterator[tuple[int, bytes]]:
    """Each key's plain segment, where that is readable."""
    from mingcha.protocol.hj212 import sm4

    for number, key in enumerate(keys):
        segment = sm4.decrypt(cipher, key)
        if is_readable(segment):
            yield number, segment


def is_readable(segment: bytes) -> bool:
    """Whether CP is text that parses: a name first, no control characters, every item ``name=value``."""
    start = segment.find(OPEN) + len(OPEN)
    if start < len(OPEN) or not _NAME.match(segment, start) or _CONTROL.search(segment, start):
        return False
    return not codec.parameters(segment, start, set())[1] & _BROKEN


_BROKEN = int(Mark.BARE | Mark.CLOSING_MISSING)


def _unread(frame: Frame) -> bool:
    return any(found.code == "key_wrong" for found in frame.problems)
