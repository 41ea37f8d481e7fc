"""The cases as data, from ``cases.yaml``; one case a command is made of the table of exchanges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mingcha.core.citation import Sureness
from mingcha.core.errors import BadInput
from mingcha.core.yamls import load_yaml
from mingcha.gateway.conformance.settings import Role, Settings
from mingcha.protocol.hj212.editions import EDITIONS
from mingcha.protocol.hj212.exchanges import COMMANDS, Command


@dataclass(frozen=True, slots=True)
class Case:
    """One thing a peer must do. ``role``: the peer under test. ``guide``: section of our guide to the protocol.

    ``clause`` is empty where none is known. ``judge`` names the function, ``args`` is what it needs besides. ``control``,
    ``slow``, ``needs`` (``key``): when it may run. ``watched``: judged at the end over everything seen.
    """

    id: str
    role: Role
    group: str
    editions: tuple[str, ...]
    clause: str
    guide: str
    tag: Sureness
    zh: str
    en: str
    how_zh: str
    how_en: str
    judge: str
    control: bool = False
    slow: bool = False
    watched: bool = False
    needs: str = ""
    args: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)


@cache
def _data() -> Any:
    return load_yaml(Path(__file__).with_name("cases.yaml").read_text(encoding="utf-8"))


@cache
def groups() -> Mapping[str, Mapping[str, str]]:
    """Headings of the report, in order: name → {zh, en}."""
    return MappingProxyType(_data()["groups"])


@cache
def sentences() -> Mapping[str, Mapping[str, str]]:
    """What judges say they saw: code → {zh, en} with places to fill."""
    return MappingProxyType(_data()["sentences"])


@cache
def cases(role: Role, edition: str) -> tuple[Case, ...]:
    """Every case for a peer of this role and edition, in the order they run.

    Raises:
        BadInput: an unknown edition.
    """
    if edition not in EDITIONS:
        raise BadInput({"edition": f"{edition!r} is unknown; expected one of {', '.join(EDITIONS)}"})
    return tuple(case for row in _data()["cases"] for case in _made(row, role, edition))


def chosen(settings: Settings, edition: str) -> tuple[Case, ...]:
    """The cases that ``only`` and ``skip`` leave; both are ids or patterns such as ``framing.*``.

    Raises:
        BadInput: a pattern that fits no case; the message lists the ids there are.
    """
    known = [case.id for one in EDITIONS for case in cases(settings.tested, one)]
    unknown = [p for p in (*settings.only, *settings.skip) if not any(fnmatchcase(name, p) for name in known)]
    found = tuple(case for case in cases(settings.tested, edition) if _is_chosen(case.id, settings))
    if unknown or not found:
        there = ", ".join(case.id for case in cases(settings.tested, edition))
        raise BadInput(
            {"cases": f"{', '.join(unknown or settings.only)} fit no case of {edition}; there are: {there}"}
        )
    return found


def _is_chosen(name: str, settings: Settings) -> bool:
    wanted = not settings.only or any(fnmatchcase(name, one) for one in settings.only)
    return wanted and not any(fnmatchcase(name, one) for one in settings.skip)


def _made(row: Mapping[str, Any], role: Role, edition: str) -> Iterator[Case]:
    editions = tuple(row.get("editions", EDITIONS))
    if row["role"] != role or edition not in editions:
        return
    if "commands" in row:
        yield from _of_commands(row, role, edition)
    else:
        yield _case(row, role, editions, row["id"], row.get("clause", ""), _sureness(row["tag"], edition))


def _sureness(tag: str, edition: str) -> Sureness:
    """Only the text of 2017 was read whole; what is official there is secondary for the other editions."""
    found = Sureness(tag)
    return Sureness.SECONDARY if found is Sureness.OFFICIAL and edition != "2017" else found


def _of_commands(row: Mapping[str, Any], role: Role, edition: str) -> Iterator[Case]:
    """One case a command of the table of exchanges, each with its own clause and sureness."""
    for command in COMMANDS.values():
        if not _is_meant(command, row["commands"], edition):
            continue
        cite = command.citation(edition)
        words = {"cn": command.cn, "zh": command.title_zh, "en": command.title_en}
        filled = {key: str(row[key]).format(**words) for key in ("zh", "en", "how_zh", "how_en")}
        control = command.name in row.get("control_names", ())
        args = {**row.get("args", {}), "command": command.name}
        made = {**row, **filled, "control": control, "args": args}
        yield _case(
            made, role, command.editions, f"{row['id']}.{command.name}", cite.document,
            _sureness(cite.sureness, edition),
        )  # fmt: skip


def _is_meant(command: Command, wanted: Mapping[str, Any], edition: str) -> bool:
    return (
        command.role == wanted["role"]
        and command.answers in wanted["answers"]
        and edition in command.editions
        and command.name not in wanted.get("without", ())
    )


def _case(
    row: Mapping[str, Any], role: Role, editions: tuple[str, ...], name: str, clause: str, tag: Sureness
) -> Case:
    return Case(
        id=name, role=role, group=row["group"], editions=editions, clause=clause, guide=str(row.get("guide", "")), tag=tag,
        zh=row["zh"], en=row["en"], how_zh=row["how_zh"], how_en=row["how_en"], judge=row["judge"],
        control=row.get("control", False), slow=row.get("slow", False), watched=row.get("watched", False),
        needs=row.get("needs", ""), args=MappingProxyType(dict(row.get("args", {}))),
    )  # fmt: skip
