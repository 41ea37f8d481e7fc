"""Tables of ``readings.sqlite3``.

A frame adds at most one row to ``readings``: only the (factor, field) texts that are new or changed for
its key (point, kind, time), numbered by ``seq`` in order of arrival. Nothing is updated or deleted there but by
``again``, which projects a station anew.
``names`` interns points, journals, outlets and layouts; a layout is the (factor, field) names of a row,
so that the row holds texts only. ``delay``: microseconds from ``time`` until the frame was received.
``latest`` keeps, by layout, the newest values in use of the factors a layout names; the newest of a
factor is that of the greatest (time, seq) among the few layouts of its point and kind. So a frame
updates one row here, not one for each factor. ``results`` are hour and day values, every version; the text
``null`` is that of a version which withdraws the value (since schema version 2).
"""

import secrets
import sqlite3

from mingcha.store.telemetry.errors import SchemaTooNew

VERSION = 2

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE positions (
    gateway TEXT PRIMARY KEY, journal TEXT NOT NULL, block INTEGER NOT NULL, idx INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE names (
    id INTEGER PRIMARY KEY, sort TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (sort, name)
) STRICT;
CREATE TABLE readings (
    point INTEGER NOT NULL, kind INTEGER NOT NULL, time INTEGER NOT NULL, seq INTEGER NOT NULL,
    delay INTEGER, journal INTEGER, block INTEGER, idx INTEGER,
    qn ANY NOT NULL, note INTEGER NOT NULL, layout INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (point, kind, time, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE latest (
    point INTEGER NOT NULL, kind INTEGER NOT NULL, layout INTEGER NOT NULL,
    time INTEGER NOT NULL, seq INTEGER NOT NULL,
    delay INTEGER, journal INTEGER, block INTEGER, idx INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (point, kind, layout)
) STRICT, WITHOUT ROWID;
CREATE TABLE dirty (
    point INTEGER NOT NULL, hour INTEGER NOT NULL, stamp INTEGER NOT NULL,
    PRIMARY KEY (hour, point)
) STRICT, WITHOUT ROWID;
CREATE TABLE results (
    level TEXT NOT NULL, outlet INTEGER NOT NULL, start INTEGER NOT NULL, factor TEXT NOT NULL,
    version INTEGER NOT NULL, at INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (level, outlet, start, factor, version)
) STRICT, WITHOUT ROWID;
"""


def prepare(db: sqlite3.Connection, name: str) -> None:
    """Make the tables in an empty file; leave a file of our version as it is; raise one of version 1 to ours.

    Raises:
        SchemaTooNew: the file is of a later version.
    """
    check(db, name)
    if version(db) == VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    if version(db) == 0:  # else it is of version 1, or another process was first
        for statement in filter(str.strip, TABLES.split(";")):
            db.execute(statement)
        # A new generation tells readers that interned ids mean something else now.
        db.execute("INSERT INTO meta VALUES ('generation', ?)", (secrets.token_hex(8),))
    db.execute(f"PRAGMA user_version = {VERSION}")
    db.execute("COMMIT")


def version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def check(db: sqlite3.Connection, name: str) -> None:
    """Refuse a file of a later version.

    Raises:
        SchemaTooNew: see above.
    """
    if (found := version(db)) > VERSION:
        raise SchemaTooNew(
            f"{name}: schema version {found} found, this mingcha knows up to {VERSION}; "
            "start the newer mingcha, or move the file away and run `mingcha rebuild`"
        )
