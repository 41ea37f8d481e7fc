"""From what the browser posts to the values the forms engine checks."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from mingcha.apps.maintenance.forms import Field, Form
from mingcha.portals.mobile.records.sheet import FILES, PICTURES

_CELL = re.compile(r"(?P<table>[a-z_0-9]+)\.(?P<row>[0-9]{1,3})\.(?P<column>[a-zA-Z_0-9]+)")
LISTS = ("multi_choice", "photo_list", "file_list")

Keep = Callable[[Field, Any], str]  # stores an uploaded file of a field, gives its SHA-256


def posted(
    fields: list[Field], post: QueryDict, files: MultiValueDict[str, Any], keep: Keep
) -> dict[str, Any]:
    """The values of ``fields`` as posted; a field left empty is there and empty, so that it can be cleared."""
    return {item.key: _value(item, post, files, keep) for item in fields}


def _value(item: Field, post: QueryDict, files: MultiValueDict[str, Any], keep: Keep) -> Any:
    if item.type == "table":
        return _rows(item, post)
    if item.type in PICTURES or item.type in FILES:
        kept = [*post.getlist(item.key), *(keep(item, file) for file in files.getlist(item.key))]
        kept = [digest for digest in kept if digest]
        return kept if item.type in LISTS else (kept[-1] if kept else "")
    if item.type in LISTS:
        return post.getlist(item.key)
    return post.get(item.key, "").strip()


def _rows(table: Field, post: QueryDict) -> list[dict[str, str]]:
    """The rows of a table in the order of their numbers, which may have holes; blank rows are no rows."""
    known = {column.key for column in table.columns if not column.given}
    rows: dict[int, dict[str, str]] = {}
    for name in post:
        found = _CELL.fullmatch(name)
        if found and found["table"] == table.key and found["column"] in known:
            rows.setdefault(int(found["row"]), {})[found["column"]] = post.get(name, "").strip()
    return [row for _, row in sorted(rows.items()) if any(row.values())]


def changed_rows(values: dict[str, Any], order: str) -> dict[str, Any]:
    """Carry out a row button: ``copy:rows.2`` or ``drop:rows.2``; anything else changes nothing."""
    verb, _, place = order.partition(":")
    table, _, number = place.partition(".")
    rows = values.get(table)
    if not isinstance(rows, list):
        return values
    index = int(number) if number.isdigit() else -1
    if verb == "copy" and 0 <= index < len(rows):
        rows = [*rows[: index + 1], dict(rows[index]), *rows[index + 1 :]]
    elif verb == "drop" and 0 <= index < len(rows):
        rows = [*rows[:index], *rows[index + 1 :]]
    return values | {table: rows}


def with_blank_row(values: dict[str, Any], table: str) -> dict[str, Any]:
    """``values`` with one more row to fill in, where the address asks for one."""
    rows = values.get(table, [])
    return values | {table: [*rows, {}]} if table and isinstance(rows, list) else values


def as_typed(form: Form, typed: Mapping[str, Any], clean: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows: computed values as the engine gave them, everything else as typed, wrong or not."""
    shown = dict(clean)
    for item in form.fields:
        if item.type == "table" and isinstance(typed.get(item.key), list):
            shown[item.key] = _rows_as_typed(item, typed[item.key], clean.get(item.key) or [])
        elif item.key in typed and not _computed(item):
            shown[item.key] = typed[item.key]
    return shown


def _rows_as_typed(
    table: Field, typed: list[dict[str, Any]], clean: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    computed = [column.key for column in table.columns if _computed(column)]
    rows = []
    for number, row in enumerate(typed):
        known = clean[number] if number < len(clean) else {}
        rows.append({**row, **{key: known.get(key) for key in computed}})
    return rows


def _computed(item: Field) -> bool:
    return any(rule.kind in ("computed", "qualifies") for rule in item.rules)
