"""Commands (CN) and system codes (ST) of all editions, from ``codes/commands.csv`` and ``codes/st_codes.csv``."""

import csv
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from mingcha.core.citation import Sureness

_CODES = Path(__file__).with_name("codes")
_SURENESS = {"verified": Sureness.OFFICIAL, "secondary source": Sureness.SECONDARY}

REQUEST_REPLY, RESULT, NOTIFY_REPLY, DATA_REPLY = "9011", "9012", "9013", "9014"
REPLIES = frozenset({REQUEST_REPLY, RESULT, NOTIFY_REPLY, DATA_REPLY})
INTERACTION_ST = "91"
REGIONAL = frozenset({"9021", "9022"})  # login and its reply in some regions; in no edition
VENDOR = frozenset({"2000"})  # seen in the field


@dataclass(frozen=True, slots=True)
class Command:
    """One row: what a CN means in one edition and direction (``host->field``, ``field->host``, ``both``)."""

    cn: str
    edition: str
    name_zh: str
    name_en: str
    direction: str
    kind: str
    sureness: Sureness
    note: str


@dataclass(frozen=True, slots=True)
class SystemCode:
    """One ST. ``group``: quality, source, process, interaction; "" for a range."""

    st: str
    name_zh: str
    name_en: str
    group: str
    editions: tuple[str, ...]
    note: str


def _rows(name: str) -> list[dict[str, str]]:
    with (_CODES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def commands() -> tuple[Command, ...]:
    return tuple(
        Command(
            cn=row["cn"],
            edition=row["edition"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            direction=row["direction"],
            kind=row["type"],
            sureness=_SURENESS.get(row["confidence"], Sureness.DOUBTFUL),
            note=row["note"],
        )
        for row in _rows("commands.csv")
    )


@cache
def system_codes() -> dict[str, SystemCode]:
    return {
        row["st"]: SystemCode(
            row["st"],
            row["name_zh"],
            row["name_en"],
            row["class"],
            tuple(row["editions"].split(",")),
            row["note"],
        )
        for row in _rows("st_codes.csv")
        if len(row["st"]) == 2 and row["editions"]
    }


@cache
def _by_cn() -> dict[str, tuple[Command, ...]]:
    index: dict[str, tuple[Command, ...]] = {}
    for command in commands():
        if command.cn.isdigit():  # ranges of reserved numbers are no commands
            index[command.cn] = (*index.get(command.cn, ()), command)
    return index


def meanings(cn: str, edition: str | None = None) -> tuple[Command, ...]:
    """What ``cn`` means: in ``edition`` if that knows it, else in any."""
    found = _by_cn().get(cn, ())
    own = tuple(command for command in found if command.edition == edition)
    return own or found


def is_known(cn: str) -> bool:
    return cn in _by_cn()


@lru_cache(maxsize=1024)
def is_notify(cn: str, edition: str | None) -> bool:
    """Whether the field's message ``cn`` is a notify, answered by 9013."""
    return any("notify" in c.kind and c.direction == "field->host" for c in meanings(cn, edition))


@lru_cache(maxsize=1024)
def is_upload(cn: str, edition: str | None) -> bool:
    """Whether ``cn`` can carry an upload of the field, answered by 9014."""
    return any("upload" in c.kind and c.direction in ("field->host", "both") for c in meanings(cn, edition))
