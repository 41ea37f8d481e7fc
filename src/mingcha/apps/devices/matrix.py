"""Who may ask which command of a logger: ``matrix.yaml`` as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.roles import Role
from mingcha.apps.registry.models import Outlet
from mingcha.core.errors import BadRule
from mingcha.core.yamls import load_yaml

FILE = Path(__file__).with_name("matrix.yaml")


class Cell(StrEnum):
    """How far a role may ask a command."""

    OWN = "own"
    DISTRICT = "district"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Group:
    """Commands that are decided together. ``by_service``: nobody asks them directly."""

    name: str
    title_zh: str
    title_en: str
    commands: tuple[str, ...]
    by_service: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """``cells``: (role, command) → how far; a missing pair is no."""

    groups: tuple[Group, ...]
    cells: Mapping[tuple[str, str], Cell]
    tag: str

    def cell(self, role: str, command: str) -> Cell | None:
        return self.cells.get((role, command))

    def group_of(self, command: str) -> Group | None:
        return next((group for group in self.groups if command in group.commands), None)

    def roles_of(self, command: str) -> list[Role]:
        """The roles that may ask ``command`` at all, in the order of roles."""
        return [role for role in Role if (role.value, command) in self.cells]


@cache
def matrix() -> Matrix:
    """The matrix of ``matrix.yaml``.

    Raises:
        BadRule: the file is wrong; the message names key and remedy.
    """
    data = load_yaml(FILE.read_text(encoding="utf-8"))
    groups = tuple(_group(name, entry) for name, entry in data["groups"].items())
    named = [command for group in groups for command in group.commands]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise BadRule(f"matrix.yaml: {', '.join(twice)} stands in two groups; keep one")
    by_name = {group.name: group for group in groups}
    cells: dict[tuple[str, str], Cell] = {}
    for role, row in data["roles"].items():
        _check_row(role, row, by_name)
        cells |= {(role, one): Cell(word) for name, word in row.items() for one in by_name[name].commands}
    return Matrix(groups, cells, str(data["tag"]))


def _group(name: str, entry: Mapping[str, Any]) -> Group:
    by_service = bool(entry.get("by_service", False))
    return Group(name, entry["title_zh"], entry["title_en"], tuple(entry["commands"]), by_service)


def _check_row(role: str, row: Mapping[str, str], groups: Mapping[str, Group]) -> None:
    if role not in Role.values:
        raise BadRule(f"matrix.yaml: there is no role {role!r}; use one of {', '.join(Role.values)}")
    for name, word in row.items():
        if name not in groups or groups[name].by_service:
            open_groups = ", ".join(group.name for group in groups.values() if not group.by_service)
            raise BadRule(f"matrix.yaml: {role}: {name!r} can be given to nobody; groups: {open_groups}")
        if word not in list(Cell):
            raise BadRule(f"matrix.yaml: {role}.{name}: found {word!r}; use one of {', '.join(Cell)}")


def may_ask(user: User, command: str, outlet: Outlet) -> bool:
    """Whether the matrix lets ``user`` ask ``command`` of a logger of ``outlet``, which the user sees."""
    cell = matrix().cell(user.role, command)
    if not user.is_active or cell is None:
        return False
    if cell is Cell.ALL:
        return True
    if cell is Cell.DISTRICT:
        return user.district_id is not None and outlet.discharger.district_id == user.district_id
    return user.organisation_id is not None and outlet.discharger_id == user.organisation_id


def as_markdown() -> str:
    """The matrix as a page: one row a command, one column a role that may ask anything."""
    found = matrix()
    roles = [role for role in Role if any(key[0] == role.value for key in found.cells)]
    lines = [
        "# Commands and roles", "",
        "Generated from `src/mingcha/apps/devices/matrix.yaml` by `tools/docs.py`. How far a role may ask a command of a",
        "logger: `own` outlets, those of its `district`, `all`; never beyond what the person sees. Roles that are not",
        f"shown ask nothing: they read the results of their outlets. All cells are [{found.tag}].", "",
        f"| command | {' | '.join(role.value for role in roles)} |", f"|---|{'---|' * len(roles)}",
    ]  # fmt: skip
    for group in found.groups:
        note = ": only by adoption and by approval of a key" if group.by_service else ""
        lines.append(f"| **{group.title_en}** {group.title_zh}{note} |{' |' * len(roles)}")
        for command in group.commands:
            cells = [str(found.cell(role, command) or "–") for role in roles]
            lines.append(f"| `{command}` | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])
