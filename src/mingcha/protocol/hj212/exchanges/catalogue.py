"""Every exchange by name, from ``commands.yaml``: who begins it, what it carries, how it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from mingcha.core.citation import Citation, Sureness
from mingcha.core.errors import BadInput
from mingcha.core.yamls import load_yaml
from mingcha.protocol.hj212 import commands as codes
from mingcha.protocol.hj212.editions import EDITIONS

Role = Literal["host", "logger"]
Answers = Literal["reply+result", "reply+data+result", "notify", "data"]
Kind = Literal[
    "int", "time", "time_ms", "hms", "hm", "hours", "text", "choice", "password", "key", "factor", "factors",
    "info", "limits",
]  # fmt: skip

SECRET_KINDS = frozenset({"password", "key"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of a command. ``field``: its name in CP by edition; ``{info}`` in it stands for another value.

    ``least`` and ``most`` bound a number, or the length of a text. ``choices`` are the texts on the wire, with
    their words where they have any. ``secret``: never shown, stored sealed.
    """

    name: str
    field: Mapping[str, str]
    kind: Kind
    label_zh: str
    label_en: str
    unit: str = ""
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    choices_zh: tuple[str, ...] = ()
    choices_en: tuple[str, ...] = ()
    required: bool = True
    editions: tuple[str, ...] = EDITIONS

    @property
    def secret(self) -> bool:
        return self.kind in SECRET_KINDS


@dataclass(frozen=True, slots=True)
class Command:
    """One exchange. ``st``: the system code that tells commands of one CN apart; "" for the station's own."""

    name: str
    cn: str
    editions: tuple[str, ...]
    role: Role
    title_zh: str
    title_en: str
    parameters: tuple[Parameter, ...]
    answers: Answers
    results: str = ""
    fields: tuple[Parameter, ...] = ()
    followed_by: str = ""
    st: str = ""
    tag: Sureness | None = None

    @property
    def direction(self) -> str:
        return "host->field" if self.role == "host" else "field->host"

    @property
    def history(self) -> bool:
        """Asks for the records of a span, each in a frame with a QN of its own."""
        return self.role == "host" and any(p.name == "begin" and p.required for p in self.parameters)

    def parameters_in(self, edition: str) -> tuple[Parameter, ...]:
        """What a form for ``edition`` asks."""
        return tuple(p for p in self.parameters if edition in p.editions)

    def citation(self, edition: str) -> Citation:
        """Where the command stands in ``edition``, and how sure that is.

        Raises:
            BadInput: the edition has no such command.
        """
        if edition not in self.editions:
            raise BadInput({"edition": _not_in(self, edition)})
        rows = [row for row in codes.meanings(self.cn, edition) if row.edition == edition]
        sureness = self.tag or (rows[0].sureness if rows else Sureness.DOUBTFUL)
        return Citation(CLAUSES[edition], f"CN={self.cn}", sureness)


@dataclass(frozen=True, slots=True)
class Link:
    """How long an answer may take on a kind of link, and how often a message is sent again."""

    name: str
    title_zh: str
    title_en: str
    timeout_s: float
    resends: int
    editions: tuple[str, ...]
    sureness: Sureness


def command_of(name: str, edition: str | None = None) -> Command:
    """The command ``name``.

    Raises:
        BadInput: there is none, or ``edition`` does not have it; the message lists what there is.
    """
    found = COMMANDS.get(name)
    if found is None:
        known = ", ".join(COMMANDS)
        raise BadInput(
            {"command": f"{name!r} 不是命令，应为 {known} 之一 ({name!r} is no command; known: {known})"}
        )
    if edition is not None and edition not in found.editions:
        raise BadInput({"edition": _not_in(found, edition)})
    return found


def find(cn: str, edition: str, role: Role, st: str = "") -> Command | None:
    """The command that ``cn`` is in ``edition`` when ``role`` sends it; one for ``st`` goes before the general one."""
    return _INDEX.get((cn, edition, role, st)) or _INDEX.get((cn, edition, role, ""))


def first_contact(edition: str) -> tuple[str, ...]:
    """What a host asks of a logger it meets, in order; registration and key come when the logger asks for them."""
    answered = {command.followed_by for command in COMMANDS.values()} - {"set_time"}
    return tuple(
        name for name in FIRST_CONTACT
        if COMMANDS[name].role == "host" and edition in COMMANDS[name].editions and name not in answered
    )  # fmt: skip


def follow_up(cn: str, edition: str | None) -> str:
    """The command with which the host follows the field's notify ``cn`` after its 9013; "" where there is none."""
    found = find(cn, edition or "", "logger")
    return found.followed_by if found is not None else ""


def covered(row: codes.Command) -> tuple[str, ...]:
    """Names of the commands that carry out a row of ``codes/commands.csv``; replies are named by their CN."""
    if row.cn in codes.REPLIES:
        return (f"reply {row.cn}",)
    st = next((st for st in ("44", "45") if f"ST={st}" in f"{row.name_en} {row.note}"), "")
    return tuple(
        command.name for command in COMMANDS.values()
        if command.cn == row.cn and row.edition in command.editions and command.st == st and _goes(command, row)
    )  # fmt: skip


def exempt(row: codes.Command) -> str:
    """Why a row is no exchange of ours; "" where it is one."""
    return EXEMPT.get(f"{row.edition} {row.cn}", "")


def _goes(command: Command, row: codes.Command) -> bool:
    if row.direction in ("both", command.direction):
        return True
    return row.direction == "field->host" and "upload" in row.kind and command.answers == "reply+data+result"


def _not_in(command: Command, edition: str) -> str:
    there, asked = ", ".join(command.editions), edition or "?"
    english = f"{command.name} ({command.cn}) is not in {asked}; it is in {there}"
    return f"{asked} 版没有{command.title_zh}（{command.cn}），有此命令的版本：{there} ({english})"


def _parameter(name: str, row: Mapping[str, Any], changes: Mapping[str, Any] | None = None) -> Parameter:
    given = {**row, **(changes or {})}
    field = given.pop("field", "")
    by_edition = field if isinstance(field, dict) else dict.fromkeys(EDITIONS, field)
    for key in ("choices", "choices_zh", "choices_en", "editions"):
        if key in given:
            given[key] = tuple(given[key])
    return Parameter(name=name, field=MappingProxyType(by_edition), **given)


def _command(name: str, row: Mapping[str, Any], library: Mapping[str, Any]) -> Command:
    given = dict(row)
    given["parameters"] = tuple(_used(entry, library) for entry in given["parameters"])
    given["fields"] = tuple(_used(entry, library) for entry in given.get("fields", ()))
    given["editions"] = tuple(given["editions"])
    given["tag"] = Sureness(given["tag"]) if "tag" in given else None
    return Command(name=name, **given)


def _used(entry: str | Mapping[str, Any], library: Mapping[str, Any]) -> Parameter:
    if isinstance(entry, str):
        return _parameter(entry, library[entry])
    changes = {key: value for key, value in entry.items() if key != "use"}
    return _parameter(entry["use"], library[entry["use"]], changes)


def _link(name: str, row: Mapping[str, Any]) -> Link:
    editions = tuple(row.get("editions", EDITIONS))
    return Link(
        name, row["title_zh"], row["title_en"], float(row["timeout_s"]), row["resends"], editions,
        Sureness(row["tag"]),
    )  # fmt: skip


_DATA = load_yaml(Path(__file__).with_name("commands.yaml").read_text(encoding="utf-8"))

CLAUSES: Mapping[str, str] = MappingProxyType(_DATA["clauses"])
COMMANDS: Mapping[str, Command] = MappingProxyType(
    {name: _command(name, row, _DATA["parameters"]) for name, row in _DATA["commands"].items()}
)
LINKS: Mapping[str, Link] = MappingProxyType({name: _link(name, row) for name, row in _DATA["links"].items()})
FIRST_CONTACT: tuple[str, ...] = tuple(_DATA["first_contact"])
EXEMPT: Mapping[str, str] = MappingProxyType(_DATA["exempt"])
_INDEX: dict[tuple[str, str, str, str], Command] = {
    (command.cn, edition, command.role, command.st): command
    for command in COMMANDS.values()
    for edition in command.editions
}
