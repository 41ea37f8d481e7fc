"""A filled-in record form, laid out for reading: sections of label and text, tables, what needs attention."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext, ngettext

from mingcha.apps.accounts.permissions import Viewer
from mingcha.apps.maintenance import selectors
from mingcha.apps.maintenance.forms import Field, form_get
from mingcha.portals.shared.form_words import choice_word, english, group_word, label, title, yes_no
from mingcha.portals.shared.words import table_time

NORMAL, ABNORMAL = "normal", "abnormal"
PICTURES = ("photo", "photo_list")
UNFOLDED = ("result", "body")  # groups that are read first; others open where something is notable


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    text: str
    notable: bool = False
    normal: bool = False
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    heads: list[str]
    lines: list[list[str]]


@dataclass(slots=True)
class Section:
    key: str
    title: str
    rows: list[Row] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)

    @property
    def open(self) -> bool:
        seen = any(row.notable or row.pictures for row in self.rows)
        return seen or bool(self.tables) or self.key in UNFOLDED

    @property
    def summary(self) -> str:
        notable = sum(1 for row in self.rows if row.notable)
        total = len(self.rows)
        if not total:
            return ""
        text = ngettext("%(n)d 项", "%(n)d 项", total) % {"n": total}
        if all(row.normal for row in self.rows):
            return text + gettext("，均正常")
        return text + (gettext("，其中异常 %(n)d 项") % {"n": notable} if notable else "")


@dataclass(frozen=True, slots=True)
class Shown:
    """One record as a page shows it. ``attention``: judgements not met and abnormal items, in words."""

    id: int
    number: str
    form: str
    title: str
    source: str
    version: int
    author: str
    saved_at: datetime
    submitted: bool
    digest: str
    sections: list[Section]
    attention: list[str]


def shown_records(user: Viewer, visit: Any) -> list[Shown]:
    """The newest version of each form of the visit that ``user`` may read."""
    return [_shown(visit, record) for record in selectors.records_of(user, visit)]


def key_lines(user: Viewer, visit: Any, most: int = 4) -> list[str]:
    """The few results one confirms by: first what needs attention, then how much was recorded (ui.md §3.12)."""
    records = shown_records(user, visit)
    lines = [line for record in records for line in record.attention][:most]
    for record in records[: most - len(lines)]:
        rows = sum(len(section.rows) for section in record.sections)
        state = gettext("没有异常项") if not record.attention else gettext("有异常项")
        lines.append(
            gettext("%(title)s：%(rows)d 项，%(state)s")
            % {"title": record.title, "rows": rows, "state": state}
        )
    return lines


def value_text(item: Field, value: Any) -> str:
    """One value as a person reads it; "—" where nothing was filled in."""
    if value is None or value in ("", []):
        return "—"
    if isinstance(value, bool):
        return yes_no(value)
    if item.type == "choice":
        return choice_word(str(value))
    if item.type == "multi_choice":
        return "、".join(choice_word(str(part)) for part in value)
    if item.type == "datetime":
        return table_time(datetime.fromisoformat(str(value)))
    if item.type in ("photo", "photo_list", "file", "file_list"):
        count = len(value) if isinstance(value, list) else 1
        return ngettext("%(n)d 个附件", "%(n)d 个附件", count) % {"n": count}
    text = "、".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{text}\N{NO-BREAK SPACE}{item.unit}" if item.unit else text


def _shown(visit: Any, record: Any) -> Shown:
    form = form_get(record.form)
    sections = [_section(group, fields, record.values) for group, fields in form.groups]
    return Shown(
        id=record.pk,
        number=f"{visit.number}/{record.form}/{record.version}",
        form=record.form,
        title=title(form),
        source=f"{form.source_standard} {form.source_table}".strip(),
        version=record.version,
        author=str(record.author),
        saved_at=record.saved_at,
        submitted=record.submitted,
        digest=record.digest,
        sections=[section for section in sections if section.rows or section.tables],
        attention=_attention(form.fields, record),
    )


def _section(group: str, fields: tuple[Field, ...], values: Mapping[str, Any]) -> Section:
    section = Section(group, group_word(group))
    for item in fields:
        value = values.get(item.key)
        if item.type == "table":
            section.tables.append(_table(item, value or []))
        elif value is not None or item.required:
            section.rows.append(_row(item, value))
    return section


def _row(item: Field, value: Any) -> Row:
    pictures = tuple([value] if isinstance(value, str) else value or ()) if item.type in PICTURES else ()
    return Row(label(item), value_text(item, value), value == ABNORMAL, value == NORMAL, pictures)


def pictures_of(records: list[Shown]) -> set[str]:
    """The digests of every picture in the records."""
    rows = (row for record in records for section in record.sections for row in section.rows)
    return {digest for row in rows for digest in row.pictures}


def _table(item: Field, rows: list[Mapping[str, Any]]) -> Table:
    heads = [f"{label(c)} ({c.unit})" if c.unit else label(c) for c in item.columns]
    bare = [[value_text(_unitless(c), row.get(c.key)) for c in item.columns] for row in rows]
    return Table(label(item), heads, bare)


def _unitless(item: Field) -> Field:
    """The same column without its unit: the head carries it."""
    return Field(item.key, item.label_zh, item.label_en, item.type, choices=item.choices)


def _attention(fields: tuple[Field, ...], record: Any) -> list[str]:
    abnormal = [
        gettext("%(label)s：异常") % {"label": label(item)}
        for item in fields
        if record.values.get(item.key) == ABNORMAL
    ]
    name = "message_en" if english() else "message_zh"
    return abnormal + [j[name] for j in record.judgements if j.get("result") in ("exceeded", "not_judged")]
