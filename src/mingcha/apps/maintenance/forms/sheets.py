"""Record forms as data: one YAML file per form, read once and checked whole.

A file gives ``id``, titles, medium, source and ``fields``; a field gives ``key``, labels, ``type``, ``unit``,
``required``, and where they apply ``choices``, ``columns``, ``group`` and ``validation``. A new form is a new file.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mingcha.apps.maintenance.forms.rules import Rule, read_rules
from mingcha.core.digest import digest
from mingcha.core.errors import BadRule, NotFound
from mingcha.core.yamls import load_yaml

FOLDER = Path(__file__).parent
KINDS = (
    "text", "longtext", "integer", "decimal", "boolean", "choice", "multi_choice", "date", "datetime", "ref", "ref_list",
    "table", "photo", "photo_list", "file", "file_list", "signature", "auto",
)  # fmt: skip
CHOOSING = ("choice", "multi_choice")
# Filled by the platform from the visit and the register; nobody types them.
GIVEN = ("visit_id", "discharger_name", "outlet_code", "om_agency", "technician", "record_time")


@dataclass(frozen=True, slots=True)
class Field:
    """One field or table column. ``note`` is what of the validation stays prose."""

    key: str
    label_zh: str
    label_en: str
    type: str
    unit: str | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    columns: tuple["Field", ...] = ()
    group: str = ""
    max_interval_days: int | None = None
    validation: str = ""
    rules: tuple[Rule, ...] = ()
    note: str = ""

    @property
    def given(self) -> bool:
        """Whether the platform fills it in: from the register, the clock or by computing."""
        return self.type == "auto" or self.key in GIVEN or any(rule.gives for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Form:
    """One record form. ``digest`` names this version of it."""

    id: str
    title_zh: str
    title_en: str
    medium: str  # waste_gas, wastewater, both
    source_standard: str
    source_table: str
    use: str
    fields: tuple[Field, ...]
    digest: str
    frequency: str = ""
    notes: str = ""
    provenance: tuple[str, ...] = ()

    def field(self, key: str) -> Field | None:
        return next((field for field in self.fields if field.key == key), None)

    @property
    def groups(self) -> tuple[tuple[str, tuple[Field, ...]], ...]:
        """The fields by group, both in the order of the file."""
        names = dict.fromkeys(field.group for field in self.fields)
        return tuple((name, tuple(f for f in self.fields if f.group == name)) for name in names)


def form_list() -> list[Form]:
    """Every form, sorted by id."""
    return list(_all().values())


def form_get(form_id: str) -> Form:
    """One form.

    Raises:
        NotFound: there is no such form.
    """
    try:
        return _all()[form_id]
    except KeyError:
        raise NotFound(f"there is no form {form_id!r}; form_list() names all {len(_all())}") from None


@cache
def _all() -> dict[str, Form]:
    return {form.id: form for form in load(sorted(FOLDER.glob("*.yaml")))}


def load(paths: Iterable[Path]) -> list[Form]:
    """Read form files.

    Raises:
        BadRule: a file is wrong; the message names file, key and remedy.
    """
    return [_form(path, load_yaml(path.read_text(encoding="utf-8"))) for path in paths]


def _form(path: Path, data: Any) -> Form:
    where = path.name
    if not isinstance(data, dict):
        raise BadRule(f"{where}: holds no form; expected a mapping with id, titles and fields")
    _need(
        where,
        data,
        "id",
        "title_zh",
        "title_en",
        "medium",
        "source_standard",
        "source_table",
        "use",
        "fields",
    )
    if data["id"] != path.stem:
        raise BadRule(f"{where}: id is {data['id']!r}; give it the name of the file, {path.stem!r}")
    if data["medium"] not in ("waste_gas", "wastewater", "both"):
        raise BadRule(f"{where}: medium is {data['medium']!r}; use waste_gas, wastewater or both")
    return Form(
        id=data["id"],
        title_zh=data["title_zh"],
        title_en=data["title_en"],
        medium=data["medium"],
        source_standard=data["source_standard"],
        source_table=data["source_table"],
        use=str(data["use"]),
        fields=_fields(where, data["fields"]),
        digest=digest(data),
        frequency=str(data.get("frequency", "")),
        notes=str(data.get("notes", "")),
        provenance=tuple(data.get("provenance", ())),
    )


def _fields(where: str, entries: Any) -> tuple[Field, ...]:
    if not isinstance(entries, list) or not entries:
        raise BadRule(f"{where}: fields is no list with entries; give at least one field")
    keys = [entry.get("key") if isinstance(entry, dict) else None for entry in entries]
    doubled = sorted({str(key) for key in keys if keys.count(key) > 1})
    if doubled:
        raise BadRule(
            f"{where}: {', '.join(doubled)} occurs twice or has no key; give each field its own key"
        )
    return tuple(_field(where, entry, entries) for entry in entries)


def _field(where: str, entry: dict[str, Any], siblings: list[dict[str, Any]]) -> Field:
    here = f"{where}: {entry.get('key')}"
    _need(here, entry, "key", "label_zh", "label_en", "type")
    kind = entry["type"]
    if kind not in KINDS:
        raise BadRule(f"{here}.type: there is no type {kind!r}; use one of {', '.join(KINDS)}")
    if not isinstance(entry.get("required"), bool):
        raise BadRule(f"{here}.required: found {entry.get('required')!r}; write true or false")
    if kind in CHOOSING and not _texts(entry.get("choices")):
        raise BadRule(
            f"{here}.choices: a {kind} needs a list of texts; quote words like 'NO' that YAML reads otherwise"
        )
    if (kind == "table") != ("columns" in entry):
        raise BadRule(
            f"{here}.columns: a table has columns and nothing else has; change the type or the columns"
        )
    rules, note = read_rules(here, entry, siblings)
    return Field(
        key=entry["key"],
        label_zh=entry["label_zh"],
        label_en=entry["label_en"],
        type=kind,
        unit=entry.get("unit"),
        required=entry["required"],
        choices=tuple(entry.get("choices", ())),
        columns=_fields(here, entry["columns"]) if kind == "table" else (),
        group=entry.get("group", ""),
        max_interval_days=entry.get("max_interval_days"),
        validation=entry.get("validation", ""),
        rules=rules,
        note=note,
    )


def _need(where: str, data: dict[str, Any], *names: str) -> None:
    missing = [name for name in names if not data.get(name)]
    if missing:
        raise BadRule(f"{where}: {', '.join(missing)} missing; add what is missing")


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
