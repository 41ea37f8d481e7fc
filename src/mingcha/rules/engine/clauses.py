"""``clauses.yaml``: what a document is, since when, and what of it is carried out here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from mingcha.core.citation import Sureness
from mingcha.core.errors import BadRule
from mingcha.rules.engine.reading import (
    only_keys,
    read_date,
    read_mapping,
    read_sureness,
    read_text,
    read_yaml,
)


class Status(StrEnum):
    DONE = "done"
    TODO = "todo"
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause. ``by``: rules and functions that carry it out; ``text_seen``: its full text was read."""

    key: str
    clause: str
    title: str
    status: Status
    text_seen: bool
    sureness: Sureness
    comment: str = ""
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A standard. ``in_force_to`` is exclusive, None while in force."""

    folder: str
    name: str
    title_zh: str
    title_en: str
    in_force_from: date
    in_force_to: date | None
    clauses: Mapping[str, Clause] = field(default_factory=dict)

    def in_force(self, day: date) -> bool:
        return self.in_force_from <= day and (self.in_force_to is None or day < self.in_force_to)


def load_document(path: Path) -> Document:
    """Read ``clauses.yaml`` of a folder.

    Raises:
        BadRule: what is wrong, by file and key.
    """
    found = read_yaml(path)
    head = {"document", "title_zh", "title_en", "in_force_from", "in_force_to", "clauses"}
    only_keys(path, found, needed=head)
    to = found["in_force_to"]
    clauses = read_mapping(path, "clauses", found["clauses"])
    return Document(
        path.parent.name,
        read_text(path, "document", found["document"]),
        read_text(path, "title_zh", found["title_zh"]),
        read_text(path, "title_en", found["title_en"]),
        read_date(path, "in_force_from", found["in_force_from"]),
        None if to is None else read_date(path, "in_force_to", to),
        {key: _clause(path, key, read_mapping(path, key, body)) for key, body in clauses.items()},
    )


def _clause(path: Path, key: str, body: Mapping[str, Any]) -> Clause:
    only_keys(
        path,
        body,
        needed={"clause", "title", "status", "text_seen", "sureness"},
        optional={"comment", "by"},
        inside=f"{key}.",
    )
    if body["status"] not in set(Status):
        raise BadRule(f"{path}: key '{key}.status' holds {body['status']!r}; expected {', '.join(Status)}")
    if not isinstance(body["text_seen"], bool):
        raise BadRule(f"{path}: key '{key}.text_seen' holds {body['text_seen']!r}; expected true or false")
    clause = Clause(
        key,
        read_text(path, f"{key}.clause", body["clause"]),
        read_text(path, f"{key}.title", body["title"]),
        Status(body["status"]),
        body["text_seen"],
        read_sureness(path, f"{key}.sureness", body["sureness"]),
        str(body.get("comment", "")),
        tuple(body.get("by", ())),
    )
    if clause.status is Status.EXEMPT and not clause.comment:
        raise BadRule(f"{path}: key '{key}' is exempt without 'comment'; say why")
    if clause.status is Status.DONE and not clause.by:
        raise BadRule(f"{path}: key '{key}' is done without 'by'; name the rule or function")
    return clause
