"""What the tests of exchanges share: a logger in memory, a sample of every value, a conversation."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mingcha.core.clock import format_digits
from mingcha.protocol import hj212
from mingcha.protocol.hj212.exchanges import (
    COMMANDS,
    Command,
    Exchange,
    LoggerSession,
    LoggerSettings,
    Outcome,
    Parameter,
    fields_text,
    request,
)

MN, MN_2005, PW = "010000A8900016F000169DC0", "31000000000001", "123456"
AT = datetime(2026, 3, 1, 0, 5, 30, tzinfo=UTC)  # 08:05:30 in Beijing
KEY, NEXT_KEY = b"msbE74gsiSHSEh5e", b"AezF0nZRs4kypuGO"
HARDWARE = "6970000000001ABCDEFG1234"

SAMPLES: dict[str, Any] = {
    "time": "2026-03-01T08:05:30+08:00",
    "time_ms": "20260301080530123",
    "hms": "080000",
    "hm": "0805",
    "hours": ["4", "10", "16"],
    "text": "A1b2",
    "password": "654321",
    "key": NEXT_KEY.decode(),
    "factor": "w01018",
    "factors": ["011", "060"],
    "info": "i13004",
    "limits": [{"factor": "011", "low": "1.1", "high": "9.9"}],
}


def sample(parameter: Parameter) -> Any:
    if parameter.name == "hardware_id":
        return HARDWARE
    if parameter.name in ("begin", "end"):
        return "20260301080000"
    if parameter.kind == "int":
        return parameter.least
    return parameter.choices[0] if parameter.choices else SAMPLES[parameter.kind]


def values_of(command: Command, edition: str) -> dict[str, Any]:
    return {parameter.name: sample(parameter) for parameter in command.parameters_in(edition)}


CELLS = [(c.name, e) for c in COMMANDS.values() if c.role == "host" for e in c.editions]


class Memory:
    """A port that remembers what was asked and answers each form of result."""

    def __init__(self) -> None:
        self.done: list[tuple[str, dict[str, object]]] = []
        self.outcome: Outcome | None = None
        self.edition = "2017"

    def carry_out(self, command: Command, values: Mapping[str, object], at: datetime) -> Outcome:
        self.done.append((command.name, dict(values)))
        if self.outcome is not None:
            return self.outcome
        return Outcome(frames=frames_of(command, self.edition))


def frames_of(command: Command, edition: str) -> list[list[str]]:
    head = "DataTime=20260301080000"
    forms = {
        "records": [head, "w01018-Avg=40.1,w01018-Flag=N", "w21003-Avg=0.50,w21003-Flag=D"],
        "checks": [head, "w01018-SampleRd=49.2,w01018-StandardValue=50.0,w01018-ResultType=1"],
        "information": [head, "PolId=w01018", "i11001-Info=//清洗,管路;完//", "i13004-Info=168.0"],
        "serial": ["PolId=w01018", "w01018-SN=010000A8900016F000169DC1"],
        "limits": ["011-LowValue=1.1,011-UpValue=9.9"],
    }
    if command.results == "fields":
        return [fields_text(command, edition, {p.name: sample(p) for p in command.fields})]
    return [forms[command.results]] if command.results else []


def logger(edition: str = "2017", **changes: Any) -> LoggerSession:
    port = Memory()
    port.edition = edition
    given = {
        "mn": MN_2005 if edition == "2005" else MN,
        "password": PW,
        "hardware": {"hardware_id": HARDWARE},
    }
    settings = LoggerSettings(**{**given, "edition": edition, **changes})
    return LoggerSession(settings, port)


def linked(edition: str = "2017", **changes: Any) -> LoggerSession:
    session = logger(edition, **changes)
    session.opened(AT, 0.0)
    return session


def ask_for(name: str, edition: str, values: Mapping[str, object] | None = None, **changes: Any) -> Exchange:
    given: dict[str, Any] = {
        "qn": format_digits(AT, milliseconds=True), "st": "32", "pw": PW,
        "mn": MN_2005 if edition == "2005" else MN,
    }  # fmt: skip
    return request(name, edition=edition, values=values or {}, **{**given, **changes})


def messages(outs: Any) -> list[hj212.Message]:
    """The messages of what a session writes, unencrypted ones."""
    return [read(getattr(out, "raw", out)) for out in outs]


def read(raw: bytes, *keys: bytes) -> hj212.Message:
    found = hj212.read(raw, hj212.Decoding(keys=keys))
    assert found is not None, raw
    return found


def converse(exchange: Exchange, session: LoggerSession, *, at: datetime = AT, tick: float = 1.0) -> Exchange:
    """Host and logger exchange frames until both are still."""
    for message in messages(session.receive(exchange.raw, at, tick)):
        exchange = exchange.heard(message)
    return exchange


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)
