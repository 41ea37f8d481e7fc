"""The same queries on Sail: Spark's SQL over Spark Connect, without a JVM.

Needs the extra ``sail``. Where no address of a cluster is given (``sc://host:port``), a server is started inside this
process. It sees what is sealed, not the recent rows.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import pyarrow as pa

from mingcha.core.errors import LocalError
from mingcha.store.telemetry.queries.engines import Value

EXTRA = "queries on Sail need the extra `sail`: install mingcha[sail]"


class Sail:
    """A session whose views are Delta tables, by name; ``tables`` handed in are views of one query."""

    def __init__(self, session: Any) -> None:
        self._session = session

    @classmethod
    @contextmanager
    def over(cls, relations: Mapping[str, str], *, address: str | None = None) -> Iterator["Sail"]:
        """``relations``: address of the Delta table of each name. ``address``: of a cluster; None starts a server.

        Raises:
            LocalError: the extra ``sail`` is not installed.
        """
        with _server() if address is None else _given(address) as where:
            session = _session(where)
            try:
                for name, uri in relations.items():
                    session.read.format("delta").load(uri).createOrReplaceTempView(name)
                yield cls(session)
            finally:
                session.stop()

    def execute(self, sql: str, params: Mapping[str, Value], tables: Mapping[str, pa.Table]) -> pa.Table:
        for name, table in tables.items():
            self._session.createDataFrame(table).createOrReplaceTempView(name)
        found = self._session.sql(as_spark(sql), args=dict(params)).toArrow()
        for name in tables:
            self._session.catalog.dropTempView(name)
        assert isinstance(found, pa.Table)
        return found


@cache
def as_spark(sql: str) -> str:
    """The text in Spark's dialect.

    Raises:
        LocalError: the extra ``sail`` is not installed.
    """
    try:
        import sqlglot
        from sqlglot import exp
    except ImportError as error:
        raise LocalError(EXTRA) from error

    def known(node: Any) -> Any:
        if isinstance(node, exp.Anonymous) and node.name.lower() == "epoch_us":
            return exp.Anonymous(this="unix_micros", expressions=node.expressions)
        return node

    tree = sqlglot.parse_one(sql, read="duckdb").transform(known)
    return str(tree.sql(dialect="spark", comments=False))


@contextmanager
def _server() -> Iterator[str]:
    try:
        from pysail.spark import SparkConnectServer
    except ImportError as error:
        raise LocalError(EXTRA) from error
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    try:
        host, port = server.listening_address
        yield f"sc://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def _given(address: str) -> Iterator[str]:
    yield address


def _session(address: str) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise LocalError(EXTRA) from error
    session = SparkSession.builder.remote(address).create()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return session
