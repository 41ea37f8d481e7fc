"""Wide questions in SQL: DuckDB over the sealed files and the recent rows, as of one moment. The only module with DuckDB.

Views ``hours``, ``days``, ``months`` have a row for each version of a result; ``WHERE "current"`` are those in use now.
``readings`` (where kinds are named) has a row for each value of a kept frame: ``value`` as a number, ``text`` where it is none;
``frames`` when and in which frame they came. Only what the wheel of DuckDB holds is used.
"""

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.dataset as pads

from mingcha.core.clock import from_epoch, to_epoch
from mingcha.core.spans import Span
from mingcha.store.telemetry.history import pointers, readings, schema
from mingcha.store.telemetry.history.layout import RESULTS, File, bucket_of
from mingcha.store.telemetry.history.place import Place
from mingcha.store.telemetry.history.pointers import Sealed
from mingcha.store.telemetry.history.readings import SECOND_US
from mingcha.store.telemetry.recent.codec import kind_of
from mingcha.store.telemetry.recent.engines import is_postgres
from mingcha.store.telemetry.recent.results import WITHDRAWN
from mingcha.store.telemetry.values import RawResult

if TYPE_CHECKING:
    from mingcha.store.telemetry.store import Telemetry

_EVER = Span(from_epoch(-62_135_596_800), from_epoch(253_402_300_799))
_SETTINGS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
_SQL_TYPES = {int: "INTEGER", bool: "BOOLEAN", float: "DOUBLE", str: "VARCHAR"}
_VALUES = """
SELECT point, kind, factor, "field", "time", seq,
    CASE WHEN "text" IS NULL THEN mantissa / pow(10, "scale") END AS "value", "text", flag
FROM all_readings
"""
# Names of columns and relations are ours, kinds are digits or words of ours: no text of a user is put in.
_HELD = """
SELECT {columns} FROM {source} AS held WHERE {timed} >= to_timestamp({first}) AND {timed} < to_timestamp({last})
"""
_NOT_REOPENED = """
{held} AND NOT EXISTS (
    SELECT 1 FROM reopened_days AS r WHERE r.kind = '{kind}' AND r.name = held.{named}
    AND r.day = epoch_us(held.{timed}) // 86400000000
)
"""
_GIVEN = "SELECT {columns} FROM {source}"
_RECENT_RESULTS = """
SELECT outlet, factor, start, "version", "at", "current", {fields}
FROM (SELECT *, from_json("value", '{form}') AS said FROM {source})
"""


@contextmanager
def connect(
    telemetry: "Telemetry",
    *,
    span: Span | None = None,
    kinds: Collection[str] = (),
    outlets: Collection[str] | None = None,
    threads: int | None = None,
    memory: str | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the views, of rows whose time lies in ``span``. For one thread.

    ``kinds``: of readings (``2011`` …) that ``readings`` and ``frames`` hold. ``outlets``: results of
    others may be left out, so that their files are not opened. ``memory``: such as ``1GB``; what does not
    fit goes to a folder beside the store that is deleted at the end.

    Raises:
        BadValue: a kind is no command number.
    """
    with tempfile.TemporaryDirectory(prefix="duckdb-", dir=_beside(telemetry)) as folder:
        settings: dict[str, str | bool | int | float | list[str]] = {**_SETTINGS, "temp_directory": folder}
        settings |= {} if threads is None else {"threads": threads}
        settings |= {} if memory is None else {"memory_limit": memory}
        connection = duckdb.connect(config=settings)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            _make_views(connection, telemetry, span or _EVER, kinds, outlets)
            yield connection
        finally:
            connection.close()


def _beside(telemetry: "Telemetry") -> Path | None:
    """A folder that can be written; the system's own where the store is on a server."""
    return None if is_postgres(telemetry.where) else Path(telemetry.where).absolute().parent


def _make_views(
    connection: duckdb.DuckDBPyConnection, telemetry: "Telemetry", span: Span, kinds: Collection[str],
    outlets: Collection[str] | None,
) -> None:  # fmt: skip
    for kind in kinds:
        kind_of(kind)
    with telemetry.reading() as session:
        sealed = pointers.everything(session)
        if outlets is not None:
            buckets = {bucket_of(outlet, telemetry.buckets()) for outlet in outlets}
            sealed = [s for s in sealed if s.partition.kind not in RESULTS or s.partition.bucket in buckets]
        masked = pointers.all_reopened(session)
        files = _Files(connection, telemetry, span, sealed, masked)
        for level, table in RESULTS.items():
            recent = telemetry.result_rows(level, span, outlets)
            connection.register(f"recent_{table}", _texts(recent))
            files.view(table, (level,), _recent_results(level, table), _columns(level), table)
        if kinds:
            _view_readings(connection, telemetry, files, span, sorted(kinds))


def _view_readings(
    connection: duckdb.DuckDBPyConnection,
    telemetry: "Telemetry",
    files: "_Files",
    span: Span,
    kinds: list[str],
) -> None:
    held: dict[str, list[pa.Table]] = {"readings": [], "frames": []}
    for kind in kinds:
        for point in telemetry.points_named():
            rows = telemetry.raw_rows(point, kind, span)
            for table, found in zip(held, readings.encode(point, rows), strict=True) if rows else ():
                held[table].append(
                    found.append_column("kind", pa.array([kind] * found.num_rows, pa.string()))
                )
    for table, found in held.items():
        empty = schema.SCHEMAS[table].append(pa.field("kind", pa.string())).empty_table()
        connection.register(f"recent_{table}", pa.concat_tables([empty, *found]))
    values = ", ".join(f'"{name}"' for name in [*schema.READINGS.names, "kind"])
    files.view(
        "readings", kinds, _GIVEN.format(columns=values, source="recent_readings"), values, "all_readings"
    )
    connection.execute("CREATE VIEW readings AS " + _VALUES)
    frames = ", ".join(f'"{name}"' for name in [*schema.FRAMES.names, "kind"])
    files.view("frames", kinds, _GIVEN.format(columns=frames, source="recent_frames"), frames, "frames")


class _Files:
    """The sealed files in use, as relations."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, telemetry: "Telemetry", span: Span,
        sealed: Collection[Sealed], masked: Collection[tuple[str, str, int]],
    ) -> None:  # fmt: skip
        self._connection, self._telemetry, self._sealed = connection, telemetry, sealed
        self._first, self._last = to_epoch(span.start), to_epoch(span.end)
        self._span = span
        self._masked = {kind for kind, _, _ in masked}
        columns = list(zip(*masked, strict=True)) or [(), (), ()]
        table = pa.table(
            {
                "kind": pa.array(columns[0], pa.string()),
                "name": pa.array(columns[1], pa.string()),
                "day": pa.array(columns[2], pa.int64()),
            }
        )
        connection.register("reopened_days", table)

    def view(self, table: str, kinds: Collection[str], recent: str, columns: str, name: str) -> None:
        """A view over the files of some kinds and the recent rows."""
        parts = [recent]
        for kind in kinds:
            paths = self._paths(table, kind)
            if paths:
                parts.append(self._select(table, kind, columns, self._source(table, kind, paths)))
        self._connection.execute(f"CREATE VIEW {name} AS " + " UNION ALL ".join(parts))

    def _paths(self, table: str, kind: str) -> list[str]:
        found = [
            file
            for one in self._sealed
            if one.partition.kind == kind
            for file in one.files
            if file.table == table
        ]
        generation = self._telemetry.generation()
        place = self._telemetry.shelf.place if found else None
        return (
            [] if place is None else [_path(place, generation, file) for file in found if self._touches(file)]
        )

    def _touches(self, file: File) -> bool:
        return file.first * 86_400 < self._last and self._first < (file.last + 1) * 86_400

    def _source(self, table: str, kind: str, paths: list[str]) -> str:
        """A relation of the files: read by DuckDB itself, or, on an object store, by Arrow."""
        place = self._telemetry.shelf.place
        if not place.remote:
            listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
            return f"read_parquet([{listed}], hive_partitioning = false)"
        name = f"files_{table}_{kind}"
        self._connection.register(
            name, pads.dataset(paths, filesystem=place.fs, format="parquet", schema=schema.SCHEMAS[table])
        )
        return name

    def _select(self, table: str, kind: str, columns: str, source: str) -> str:
        timed, named = schema.TIMED[table], schema.NAMED[table]
        given = columns.replace('"kind"', f"'{kind}' AS \"kind\"") if kind not in RESULTS else columns
        held = _HELD.format(
            columns=given, source=source, timed=f'"{timed}"', first=self._first, last=self._last
        )
        if kind not in self._masked:
            return held
        return _NOT_REOPENED.format(held=held, kind=kind, named=named, timed=f'"{timed}"')


def _path(place: Place, generation: str, file: File) -> str:
    return place.below(generation, file.table, file.path)


def _columns(level: str) -> str:
    names = ["outlet", "factor", "start", "version", "at", "current", *schema.value_fields(level)]
    return ", ".join(f'"{name}"' for name in names)


def _texts(rows: list[RawResult]) -> pa.Table:
    """Versions as they are kept; DuckDB reads the JSON, which is ten times faster than Python."""
    outlets, starts, factors, versions, ats, texts = zip(*rows, strict=True) if rows else ((),) * 6
    in_use = [
        row.text != WITHDRAWN and (after is None or after[:3] != row[:3])
        for row, after in zip(rows, [*rows[1:], None], strict=False)
    ]
    return pa.table(
        {
            "outlet": pa.array(outlets, pa.string()),
            "factor": pa.array(factors, pa.string()),
            "start": pa.array([start * SECOND_US for start in starts], pa.int64()).cast(schema.TIME),
            "version": pa.array(versions, pa.int32()),
            "at": pa.array(ats, pa.int64()).cast(schema.TIME),
            "current": pa.array(in_use, pa.bool_()),
            "value": pa.array(texts, pa.string()),
        }
    )


def _recent_results(level: str, table: str) -> str:
    """The recent versions with the columns of the files; what a text leaves out is as usual."""
    plain = schema.value_fields(level)
    usual = schema.usual(level)
    form = ", ".join(f'"{name}": "{_SQL_TYPES[kind]}"' for name, kind in plain.items())
    fields = ", ".join(
        f'CASE WHEN said IS NOT NULL THEN coalesce(said."{name}", {_literal(usual[name])}) END AS "{name}"'
        for name in plain
    )  # of a withdrawal nothing is said
    return _RECENT_RESULTS.format(fields=fields, form=f"{{{form}}}", source=f"recent_{table}")


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str) else str(value)
