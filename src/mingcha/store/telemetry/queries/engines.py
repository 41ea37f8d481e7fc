"""What runs a query; DuckDB is here, Sail beside it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import duckdb
import pyarrow as pa

Value = str | int | float | bool | datetime


class Engine(Protocol):
    """Runs the text of a query: relations of the history are known to it, ``tables`` are handed in for this one."""

    def execute(self, sql: str, params: Mapping[str, Value], tables: Mapping[str, pa.Table]) -> pa.Table: ...


class Duck:
    """A DuckDB connection with the views ``hours`` and ``days``. Not shared by threads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, sql: str, params: Mapping[str, Value], tables: Mapping[str, pa.Table]) -> pa.Table:
        for name, table in tables.items():
            self._connection.register(name, table)
        try:
            return self._connection.sql(sql, params=dict(params)).to_arrow_table()
        finally:
            for name in tables:
                self._connection.unregister(name)
