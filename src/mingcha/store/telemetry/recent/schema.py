"""Tables of the readings.

A frame adds at most one row to ``readings``: only the (factor, field) texts that are new or changed for
its key (point, kind, time), numbered by ``seq`` in order of arrival. Nothing is updated or deleted there but by
``again``, which projects a station anew, and by the sealer, which moves whole days into history and back.
``names`` interns points, journals, outlets and layouts; a layout is the (factor, field) names of a row,
so that the row holds texts only. ``delay``: microseconds from ``time`` until the frame was received.
``latest`` keeps, by layout, the newest values in use of the factors a layout names; the newest of a
factor is that of the greatest (time, seq) among the few layouts of its point and kind. So a frame
updates one row here, not one for each factor. ``results`` are hour, day and month values, every version; the text
``null`` is that of a version which withdraws the value (since schema version 2).

Since schema version 3: ``sealed`` and ``reopened`` say which days lie in history and not here; ``touched``, ``losses``
and ``restatements`` are told in the module of that name.

Types are words that each engine replaces by its own; PostgreSQL compares texts by their bytes, as SQLite does.
"""

import re
import secrets

from mingcha.store.telemetry.errors import SchemaTooNew
from mingcha.store.telemetry.recent.engine import Database

VERSION = 3

TABLES = """
CREATE TABLE meta (key {text} PRIMARY KEY, value {text} NOT NULL) {keyed};
CREATE TABLE positions (
    gateway {text} PRIMARY KEY, journal {text} NOT NULL, block {int} NOT NULL, idx {int} NOT NULL
) {keyed};
CREATE TABLE names (
    id {id}, sort {text} NOT NULL, name {text} NOT NULL, UNIQUE (sort, name)
) {rows};
CREATE TABLE readings (
    point {int} NOT NULL, kind {int} NOT NULL, time {big} NOT NULL, seq {int} NOT NULL,
    delay {big}, journal {int}, block {int}, idx {int},
    qn {any} NOT NULL, note {small} NOT NULL, layout {int} NOT NULL, body {text} NOT NULL,
    PRIMARY KEY (point, kind, time, seq)
) {keyed};
CREATE TABLE latest (
    point {int} NOT NULL, kind {int} NOT NULL, layout {int} NOT NULL,
    time {big} NOT NULL, seq {int} NOT NULL,
    delay {big}, journal {int}, block {int}, idx {int}, body {text} NOT NULL,
    PRIMARY KEY (point, kind, layout)
) {keyed};
CREATE TABLE dirty (
    point {int} NOT NULL, hour {big} NOT NULL, stamp {big} NOT NULL,
    PRIMARY KEY (hour, point)
) {keyed};
CREATE TABLE results (
    level {text} NOT NULL, outlet {int} NOT NULL, start {big} NOT NULL, factor {text} NOT NULL,
    version {int} NOT NULL, at {big} NOT NULL, value {text} NOT NULL,
    PRIMARY KEY (level, outlet, start, factor, version)
) {keyed};
"""
SINCE_3 = """
CREATE TABLE sealed (
    kind {text} NOT NULL, month {text} NOT NULL, bucket {int} NOT NULL,
    version {big} NOT NULL, until_s {big} NOT NULL, files {text} NOT NULL,
    PRIMARY KEY (kind, month, bucket)
) {keyed};
CREATE TABLE reopened (
    kind {text} NOT NULL, name {text} NOT NULL, day {int} NOT NULL,
    PRIMARY KEY (kind, name, day)
) {keyed};
"""

# Of restating, see ``restatements``: hours and moments are epoch seconds, ``_us`` microseconds.
FLOW_TABLES = """
CREATE TABLE touched (
    point {text} NOT NULL, hour {big} NOT NULL, reason {text} NOT NULL, PRIMARY KEY (point, hour)
) {keyed};
CREATE TABLE losses (
    mn {text} NOT NULL, word {text} NOT NULL, received {big} NOT NULL, hour {big} NOT NULL,
    first_us {big} NOT NULL, last_us {big} NOT NULL, frames {big} NOT NULL,
    PRIMARY KEY (mn, word, received, hour)
) {keyed};
CREATE TABLE restatements (
    id {id}, outlet {text} NOT NULL, at {big} NOT NULL, start {big} NOT NULL, until {big} NOT NULL,
    reason {text} NOT NULL, hours {int} NOT NULL, days {int} NOT NULL, months {int} NOT NULL, detail {text} NOT NULL
) {rows};
"""

NAMES = tuple(re.findall(r"CREATE TABLE (\w+)", TABLES + SINCE_3 + FLOW_TABLES))


def prepare(db: Database, name: str) -> None:
    """Make the tables in an empty store; leave one of our version as it is; raise an older one to ours.

    Raises:
        SchemaTooNew: the store is of a later version.
    """
    check(db, name)
    if db.version() == VERSION:
        return
    db.lock()
    found = db.version()  # another process may have been first
    if found == 0:
        db.create(TABLES + SINCE_3 + FLOW_TABLES, VERSION)
        # A new generation tells readers that interned ids mean something else now.
        db.execute("INSERT INTO meta VALUES ('generation', ?)", (secrets.token_hex(8),))
    elif found < VERSION:
        db.create(SINCE_3 + FLOW_TABLES, VERSION)
    db.commit()


def check(db: Database, name: str) -> None:
    """Refuse a store of a later version.

    Raises:
        SchemaTooNew: see above.
    """
    if (found := db.version()) > VERSION:
        raise SchemaTooNew(
            f"{name}: schema version {found} found, this mingcha knows up to {VERSION}; "
            "start the newer mingcha, or move the file away and run `mingcha rebuild`"
        )
