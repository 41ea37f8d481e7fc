"""What became of a case: an outcome, what was seen, and the frames that show it."""

from dataclasses import dataclass, field
from enum import StrEnum

from mingcha.core.clock import beijing
from mingcha.gateway.conformance.log import Seen
from mingcha.gateway.conformance.table import Case, sentences
from mingcha.protocol.hj212 import mask

SHOWN_MAX = 8  # frames with a case; more tell nothing new
SHOWN_BYTES = 260  # of each


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"  # this peer has no such thing
    NOT_RUN = "not_run"


WORDS = {
    Outcome.PASS: ("通过", "pass"),
    Outcome.FAIL: ("不通过", "fail"),
    Outcome.NOT_APPLICABLE: ("不适用", "not applicable"),
    Outcome.NOT_RUN: ("未执行", "not run"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's word: ``code`` of the sentence that says what was seen, its values, and the frames."""

    outcome: Outcome
    code: str
    values: dict[str, object] = field(default_factory=dict)
    frames: tuple[Seen, ...] = ()

    def sentence(self, language: str) -> str:
        return sentences()[self.code][language].format(**self.values)


@dataclass(frozen=True, slots=True)
class Result:
    """A case with its verdict and the seconds it took."""

    case: Case
    verdict: Verdict
    took_s: float = 0.0

    @property
    def outcome(self) -> Outcome:
        return self.verdict.outcome


def passed(code: str, /, *frames: Seen | None, **values: object) -> Verdict:
    return _verdict(Outcome.PASS, code, frames, values)


def failed(code: str, /, *frames: Seen | None, **values: object) -> Verdict:
    return _verdict(Outcome.FAIL, code, frames, values)


def not_applicable(code: str, /, *frames: Seen | None, **values: object) -> Verdict:
    return _verdict(Outcome.NOT_APPLICABLE, code, frames, values)


def not_run(code: str, /, **values: object) -> Verdict:
    return _verdict(Outcome.NOT_RUN, code, (), values)


def _verdict(
    outcome: Outcome, code: str, frames: tuple[Seen | None, ...], values: dict[str, object]
) -> Verdict:
    return Verdict(outcome, code, values, tuple(one for one in frames if one is not None)[:SHOWN_MAX])


def shown(one: Seen) -> str:
    """A frame as one line of text: time offset, direction, masked bytes. Passwords and keys are never shown."""
    raw = one.message.segment if one.message is not None and one.plain else one.raw
    text = mask(raw).decode("utf-8", "backslashreplace")
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text.rstrip("\r\n"))
    if len(text) > SHOWN_BYTES:
        text = f"{text[:SHOWN_BYTES]}… ({len(one.raw)} B)"
    return f"{one.at:+.3f} s {'→' if one.sent else '←'} {text}"


def clock_text(one: Seen) -> str:
    return beijing(one.moment).strftime("%H:%M:%S")
