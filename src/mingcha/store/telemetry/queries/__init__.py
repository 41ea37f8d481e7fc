"""Questions over the whole history, written once as SQL and run on DuckDB or, through sqlglot, on Sail.

Each ``.sql`` file says what it gives. Parameters are named (``$start``); relations besides ``hours`` and ``days`` are
handed in as Arrow tables. The files keep to what both engines do alike: times only by ``epoch_us`` (so no session's
time zone matters), whole numbers cast to BIGINT, ``//`` where a quotient is whole, an ORDER BY over the whole key.
"""

from mingcha.store.telemetry.queries.engines import Duck, Engine
from mingcha.store.telemetry.queries.running import NAMES, run, text_of
from mingcha.store.telemetry.queries.sail import Sail

__all__ = ["NAMES", "Duck", "Engine", "Sail", "run", "text_of"]
