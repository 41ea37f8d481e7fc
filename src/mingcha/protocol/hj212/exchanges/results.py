"""What the data frames of an answer say, as plain dicts; and the items of CP that say it.

``kind`` names the form: system values (``fields``), ``record``, ``information``, ``check``, ``serial``, ``limits``.
Times are ISO 8601 with +08:00, measured values decimal text as received.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mingcha.protocol.hj212.exchanges.catalogue import Command
from mingcha.protocol.hj212.exchanges.values import limits_of, read_value, time_value
from mingcha.protocol.hj212.message import Message

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a logger made of a request. ``code``: ExeRtn; ``refusal``: QnRtn 2 or 100 instead, nothing was done.

    ``frames``: the content of each data frame as items of CP (``a21026-Rtd=3.1,a21026-Flag=N``).
    """

    code: str = "1"
    refusal: str = ""
    frames: Sequence[Sequence[str]] = field(default_factory=tuple)


def results_of(command: Command, message: Message) -> tuple[Result, ...]:
    """The results that one data frame of the answer to ``command`` holds."""
    read = _READERS.get(command.results)
    return read(command, message) if read is not None else ()


def _fields(command: Command, message: Message) -> tuple[Result, ...]:
    edition = message.edition or "2017"
    found: Result = {"kind": "fields"}
    for parameter in command.fields:
        wire = parameter.field.get(edition, "")
        text = message.field(wire)
        if text is None:
            text = next((value for name, value in message.fields if name.lower() == wire.lower()), None)
        if text is not None:  # the standard itself prints Ctime and CTime, Overtime and OverTime
            found[parameter.name] = read_value(parameter, text)
    return (found,) if len(found) > 1 else ()


def _time(message: Message) -> str | None:
    return time_value(message.field("DataTime") or "")


def _records(_: Command, message: Message) -> tuple[Result, ...]:
    time = _time(message)
    factors = _by_code(message)
    if time is None and not factors:
        return ()
    return ({"kind": "record", "time": time, "supplement": message.supplement, "factors": factors},)


def _by_code(message: Message) -> dict[str, dict[str, str]]:
    factors: dict[str, dict[str, str]] = {}
    for name, text in message.fields:
        code, dash, sub = name.partition("-")
        if dash:
            factors.setdefault(code, {}).setdefault(sub, text)
    return factors


def _checks(_: Command, message: Message) -> tuple[Result, ...]:
    """2062: the measured and the nominal value of the standard sample."""
    time = _time(message)
    return tuple(
        {
            "kind": "check",
            "time": time,
            "factor": code,
            "measured": found.get("SampleRd"),
            "nominal": found.get("StandardValue"),
            "passed": {"1": True, "0": False}.get(found.get("ResultType", "")),
        }
        for code, found in _by_code(message).items()
        if "SampleRd" in found or "StandardValue" in found
    )


def _information(_: Command, message: Message) -> tuple[Result, ...]:
    """3020: i-codes of logs, states and parameters. The text of a log stands between ``//`` and ``//``."""
    items = [
        {"code": name.removesuffix("-Info"), "value": _unslashed(text)}
        for name, text in message.fields
        if name.endswith("-Info")
    ]
    if not items:
        return ()
    return (
        {
            "kind": "information",
            "time": _time(message),
            "factor": message.field("PolId") or "",
            "items": items,
        },
    )


def _unslashed(text: str) -> str:
    inner = text.removeprefix("//")
    return inner.removesuffix("//") if inner != text else text


def _serial(_: Command, message: Message) -> tuple[Result, ...]:
    return tuple(
        {"kind": "serial", "factor": code, "serial": found["SN"]}
        for code, found in _by_code(message).items()
        if "SN" in found
    )


def _limits(_: Command, message: Message) -> tuple[Result, ...]:
    return tuple({"kind": "limits", **row} for row in limits_of(message))


_READERS: Mapping[str, Callable[[Command, Message], tuple[Result, ...]]] = {
    "fields": _fields,
    "records": _records,
    "checks": _checks,
    "information": _information,
    "serial": _serial,
    "limits": _limits,
}
