"""A record form laid out for a phone: pages of cells, each cell a label and one kind of control (ui.md §4).

Names of controls are the keys the forms engine names its problems by: ``key``, and ``table.row.column`` in tables.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from mingcha.apps.maintenance.forms import Field, Form
from mingcha.core.clock import beijing
from mingcha.portals.shared.form_words import choice_word, group_word, label, yes_no
from mingcha.portals.shared.records import value_text

BUTTONS_MOST = 5  # choices shown as buttons; more are a list
PAGE_FIELDS = 8  # short groups share a page up to so many fields
PICTURES = ("photo", "photo_list")
FILES = ("file", "file_list")


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    word: str
    chosen: bool


@dataclass(slots=True)
class Cell:
    """One field. ``control``: locked, buttons, list, number, text, long, day, moment, pictures, ticks or table."""

    name: str
    label: str
    control: str
    value: Any = ""
    unit: str = ""
    required: bool = False
    source: str = ""
    problem: str = ""
    judgements: list[dict[str, Any]] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    rows: list[list["Cell"]] = field(default_factory=list)
    whole: bool = False  # a number without decimals

    @property
    def ident(self) -> str:
        return ident(self.name)


@dataclass(slots=True)
class Sheet:
    """One page of a form: ``sections`` of (title, cells). ``filled`` of ``total`` counts what a person fills in."""

    number: int
    sections: list[tuple[str, list[Cell]]]
    filled: int
    total: int
    problems: int

    @property
    def title(self) -> str:
        return "、".join(title for title, _ in self.sections)


def pages(form: Form) -> list[tuple[tuple[str, tuple[Field, ...]], ...]]:
    """The groups of the form page by page; short neighbours share one."""
    found: list[list[tuple[str, tuple[Field, ...]]]] = []
    size = 0
    for group in form.groups:
        count = len(group[1])
        if found and size + count <= PAGE_FIELDS:
            found[-1].append(group)
            size += count
        else:
            found.append([group])
            size = count
    return [tuple(page) for page in found]


def sheets(
    form: Form,
    values: Mapping[str, Any],
    problems: Mapping[str, str],
    judgements: Iterable[Mapping[str, Any]],
) -> list[Sheet]:
    """Every page of the form with values, problems and judgements in their cells."""
    said = _by_field(judgements)
    return [_sheet(number, page, values, problems, said) for number, page in enumerate(pages(form), 1)]


def ident(name: str) -> str:
    """The id of the control of that name."""
    return "f-" + name.replace(".", "-")


def page_of_field(form: Form, key: str) -> int:
    """The page on which a field stands, from 1; the first where the form does not know it."""
    for number, page in enumerate(pages(form), 1):
        if any(item.key == key for _, fields in page for item in fields):
            return number
    return 1


def fields_of(form: Form, page: int) -> list[Field]:
    """The fields of one page (from 1) that a person fills in."""
    return [item for _, fields in pages(form)[page - 1] for item in fields if not item.given]


def _sheet(
    number: int,
    page: tuple[tuple[str, tuple[Field, ...]], ...],
    values: Mapping[str, Any],
    problems: Mapping[str, str],
    said: Mapping[str, list[dict[str, Any]]],
) -> Sheet:
    fields = [item for _, group in page for item in group if not item.given]
    return Sheet(
        number=number,
        sections=[
            (
                group_word(group),
                [_cell(item, item.key, values.get(item.key), problems, said) for item in items],
            )
            for group, items in page
        ],
        filled=sum(1 for item in fields if values.get(item.key) not in (None, "", [])),
        total=len(fields),
        problems=sum(1 for item in fields for name in problems if name.split(".")[0] == item.key),
    )


def _cell(
    item: Field, name: str, value: Any, problems: Mapping[str, str], said: Mapping[str, list[dict[str, Any]]]
) -> Cell:
    cell = Cell(
        name=name,
        label=label(item),
        control=_control(item),
        value=_typed(item, value),
        unit=item.unit or "",
        required=item.required and not item.given,
        problem=problems.get(name, ""),
        judgements=said.get(name, []),
        whole=item.type == "integer",
    )
    if cell.control == "locked":
        cell.value, cell.unit, cell.source = value_text(item, value), "", _source(item)
    elif cell.control in ("buttons", "list", "ticks"):
        cell.options = _options(item, value)
    elif cell.control == "table":
        cell.rows = [
            [_cell(c, f"{name}.{i}.{c.key}", row.get(c.key), problems, said) for c in item.columns]
            for i, row in enumerate(value or [{}])
        ]
    return cell


def _control(item: Field) -> str:
    if item.given:
        return "locked"
    if item.type == "choice":
        return "buttons" if len(item.choices) <= BUTTONS_MOST else "list"
    if item.type in PICTURES or item.type in FILES:
        return "pictures"
    return {
        "boolean": "buttons", "multi_choice": "ticks", "decimal": "number", "integer": "number", "table": "table",
        "longtext": "long", "date": "day", "datetime": "moment",
    }.get(item.type, "text")  # fmt: skip


def _typed(item: Field, value: Any) -> Any:
    """The value as its control takes it back."""
    if value is None:
        return ""
    if item.type == "datetime":
        return _moment(str(value))
    if isinstance(value, list) and item.type == "ref_list":
        return ", ".join(map(str, value))
    return value


def _moment(text: str) -> str:
    """As ``datetime-local`` wants it, on the Beijing clock; what is no time stays as typed."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    local = beijing(found) if found.tzinfo else found
    return local.strftime("%Y-%m-%dT%H:%M")


def _options(item: Field, value: Any) -> list[Option]:
    if item.type == "boolean":
        return [Option(text, yes_no(answer), value is answer or value == text) for text, answer in _YES_NO]
    chosen = value if isinstance(value, list) else [value]
    return [Option(choice, choice_word(choice), choice in chosen) for choice in item.choices]


_YES_NO = (("true", True), ("false", False))


def _source(item: Field) -> str:
    if any(rule.kind in ("computed", "qualifies") for rule in item.rules):
        return gettext("自动计算")
    return (
        gettext("自动填写") if item.key in ("record_time", "technician", "visit_id") else gettext("来自备案")
    )


def _by_field(judgements: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for judgement in judgements:
        found.setdefault(str(judgement["field"]), []).append(dict(judgement))
    return found
