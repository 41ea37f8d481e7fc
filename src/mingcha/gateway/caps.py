"""Bounds of the gateway. Memory is bounded by them, whatever anybody sends.

Every field can be set by an environment variable: ``MINGCHA_CAP_<FIELD>`` and ``MINGCHA_POLICY_<FIELD>``. The
meanings below are what ``docs/settings.md`` shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from mingcha.core.errors import BadInput

CAP, POLICY = "MINGCHA_CAP_", "MINGCHA_POLICY_"
_Set = TypeVar("_Set", bound="Caps | Policy")


def _of(default: Any, meaning: str, *, zero: bool = False) -> Any:
    """A field; ``zero``: whether the number 0 makes sense."""
    return field(default=default, metadata={"meaning": meaning, "zero": zero})


@dataclass(frozen=True, slots=True)
class Caps:
    """Bounds, each with its reason. Bytes are as received; times are seconds."""

    # One connection
    frame_bytes: int = _of(
        4096,
        "Longest data segment taken, bytes: the standard allows 1024, devices in the field send up to 1623.",
    )
    unacked_bytes: int = _of(
        1 << 20,
        "Bytes of one connection that wait for the disk: about 1,000 frames, a whole back-fill burst, no more.",
    )
    turn_bytes: int = _of(
        16 * 1024,
        "Bytes of one connection that are looked at before the others have their turn: 32 frames and more.",
    )
    bulk_bytes: int = _of(
        64 * 1024,
        "Bytes of one connection that wait for the disk, from which on those of other connections go first.",
    )
    half_frame_s: float = _of(
        30.0, "How long a half frame waits, s: at 1,200 bit/s, the slowest link in use, a frame takes 9 s."
    )
    garbage_bytes: int = _of(
        64 * 1024, "Bytes without a frame after which a connection is closed: that is no data logger."
    )
    rejected_bytes: int = _of(
        256 * 1024,
        "Bytes refused without one good frame between, after which a connection is closed: they only fill the journal.",
    )
    idle_s: float = _of(
        7200.0,
        "Seconds without a whole frame after which a connection is closed: two of the longest RtdInterval (3,600 s).",
    )
    write_buffer_bytes: int = _of(
        256 * 1024, "Answers a peer has not read, bytes: from then on it is not read from either."
    )
    stalled_s: float = _of(
        120.0,
        "Seconds after which who does not read its answers is closed: the longest time-out of HJ 212 (99 s) and a little.",
    )

    # All connections
    connections: int = _of(
        20_000,
        "Connections at once: 19,000 loggers and some that reconnect; the limit of open files must be higher.",
    )
    unproven_s: float = _of(
        30.0, "When full, who sent no frame for so many seconds makes room for a newcomer."
    )
    pending_bytes: int = _of(32 << 20, "Half frames of all connections, bytes: 20,000 of 1.6 kB.")
    queue_bytes: int = _of(
        64 << 20, "Bytes of all connections that wait for the disk: seconds of the highest load measured."
    )
    batch_entries: int = _of(8192, "Entries of one block; more only makes its first frame wait.")

    sweep_s: float = _of(1.0, "How often times are looked at, s: the error of all of them.")
    board_s: float = _of(15.0, "How often the counters of each station are written for the pages, s.")

    # Answers of field machines to our own requests
    open_requests: int = _of(64, "Stations of one connection with an open request (forwarders carry many).")


@dataclass(frozen=True, slots=True)
class Policy:
    """How the host behaves where the standard leaves it open. Seconds. All defaults are ours (tag: default)."""

    ack_unknown: bool = _of(
        False, "1 answers 9014 to an MN that is not registered; its frames are kept in any case."
    )
    set_time: bool = _of(True, "1 sends 1012 to a logger whose clock is off, or that asks by 1013.")
    drift_s: float = _of(300.0, "Seconds a logger's clock may be off before it is set; HJ 212 has no number.")
    reset_after_s: float = _of(
        3600.0, "A logger that cannot be set is not asked again before so many seconds."
    )
    overtime_s: float = _of(10.0, "Seconds until a request is repeated (HJ 212-2017: all links but ADSL).")
    recount: int = _of(3, "How often a request is repeated.", zero=True)
    late_s: float = _of(3600.0, "Seconds after the end of its interval from which data count as late.")


def settings_from(kind: type[_Set], prefix: str, environment: Mapping[str, str]) -> _Set:
    """``kind`` with the fields that the environment names.

    Raises:
        BadInput: a value is not of its field's kind; every such variable is named.
    """
    found: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for one in fields(kind):
        name = prefix + one.name.upper()
        text = environment.get(name, "").strip()
        if not text:
            continue
        value = _read(text, one.default)
        if value is None or (value == 0 and not isinstance(value, bool) and not one.metadata["zero"]):
            problems[name] = f"found {text!r}; expected {_expected(one.default)}"
        else:
            found[one.name] = value
    if problems:
        raise BadInput(problems)
    return kind(**found)


def _read(text: str, like: Any) -> Any:
    if isinstance(like, bool):
        return {"0": False, "1": True}.get(text)
    try:
        value = type(like)(text)
    except ValueError:
        return None
    return value if 0 <= value < 1 << 62 else None


def _expected(like: Any) -> str:
    if isinstance(like, bool):
        return "0 or 1"
    return "a whole number over 0" if isinstance(like, int) else "a number over 0"
