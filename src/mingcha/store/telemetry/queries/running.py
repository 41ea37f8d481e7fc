"""Find a query, check what it is given, run it."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files

import pyarrow as pa

from mingcha.core.errors import BadInput
from mingcha.store.telemetry.queries.engines import Engine, Value

_PARAMETER = re.compile(r"\$([a-z_]+)")
_COMMENT = re.compile(r"^--.*$", re.MULTILINE)
NAMES = ("days", "extremes", "latest", "lost_hours", "months", "rates", "versions")


@cache
def text_of(name: str) -> str:
    """The SQL of a query.

    Raises:
        BadInput: there is none of this name.
    """
    if name not in NAMES:
        raise BadInput({"query": f"no query {name!r}; expected one of {', '.join(NAMES)}"})
    return files("mingcha.store.telemetry.queries").joinpath(f"{name}.sql").read_text("utf-8")


@cache
def parameters_of(name: str) -> frozenset[str]:
    return frozenset(_PARAMETER.findall(_COMMENT.sub("", text_of(name))))


def run(
    name: str, engine: Engine, *, tables: Mapping[str, pa.Table] | None = None, **params: Value
) -> pa.Table:
    """What query ``name`` gives; ``tables``: the relations it asks for besides those of the history.

    Raises:
        BadInput: a parameter is missing or too many, or a moment has no time zone.
    """
    wanted = parameters_of(name)
    if wanted != params.keys():
        raise BadInput(
            {"parameters": f"query {name} got {sorted(params)}; expected exactly {sorted(wanted)}"}
        )
    naive = [key for key, value in params.items() if isinstance(value, datetime) and value.tzinfo is None]
    if naive:
        raise BadInput({naive[0]: f"query {name}: {params[naive[0]]} has no time zone; give an aware moment"})
    return engine.execute(text_of(name), params, tables or {})
