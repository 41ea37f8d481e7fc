"""Say what is set up, what is missing, how to mend it."""

import importlib.util
import json
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mingcha.cli.logs import log_aside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mingcha.core.refs import FrameRef
    from mingcha.store.journal import JournalReader

LEAST_FREE = 2 * 2**30  # bytes: a day of 30 outlets takes a few MB, a database needs room to rewrite itself


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. ``remedy`` is empty where it is well."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def python() -> Check:
    ok = sys.version_info >= (3, 11)
    return Check("python", ok, sys.version.split()[0], "" if ok else "install Python 3.11 or later")


def codec() -> Check:
    found = importlib.util.find_spec("mingcha.protocol.hj212._codec") is not None
    remedy = "" if found else "the pure twin serves, slower; install a C compiler and run `make setup` again"
    return Check("compiled codec", found, "there" if found else "missing", remedy)


def front_end() -> Check:
    import mingcha.site

    folder = Path(mingcha.site.__file__).parent / "static" / "dist"
    files = len(list(folder.rglob("*.*"))) if folder.is_dir() else 0
    return Check("front end", files > 0, f"{files} files built", "" if files else "run `make setup`")


def data_folder() -> Check:
    from mingcha.site import data

    folder = data.data_folder()
    free = shutil.disk_usage(folder).free
    ok = free > LEAST_FREE
    return Check(
        "data folder", ok, f"{folder.name}, {free / 2**30:.0f} GiB free", "" if ok else "free disk space"
    )


def sqlite() -> Check:
    ok = sqlite3.sqlite_version_info >= (3, 37)
    return Check(
        "sqlite", ok, sqlite3.sqlite_version, "" if ok else "use a Python built with SQLite 3.37 or later"
    )


def records() -> Check:
    from mingcha.site import data

    if data.on_server("DATABASE_URL"):
        return _records_on_server()
    there = data.records_file().exists()
    found = "SQLite, there" if there else "SQLite, not made yet"
    return Check("records", there, found, "" if there else "run `mingcha migrate`")


def _records_on_server() -> Check:
    from mingcha.cli.records import django_ready

    django_ready()
    from django.db import DatabaseError, connection

    where = f"PostgreSQL {connection.settings_dict['NAME']}"
    try:
        connection.ensure_connection()
        made = "django_migrations" in connection.introspection.table_names()
    except DatabaseError as error:
        return Check("records", False, f"{where}: {error}", "start the server, or mend DATABASE_URL")
    return Check(
        "records", made, where if made else f"{where}, not made yet", "" if made else "run `mingcha migrate`"
    )


def readings() -> Check:
    """Which engine keeps the readings, and whether it answers."""
    from mingcha.core.errors import LocalError
    from mingcha.site import data

    if not data.readings_made():
        return Check("readings", True, "SQLite, nothing projected yet")
    engine = "PostgreSQL" if data.on_server("MINGCHA_READINGS") else "SQLite"
    try:
        with closing(data.open_readings()) as telemetry:
            gateways = len(telemetry.positions())
    except LocalError as error:
        return Check("readings", False, f"{engine}: {error}", "start the server, or mend MINGCHA_READINGS")
    return Check("readings", True, f"{engine}, {gateways} gateways projected")


def history() -> Check:
    """Whether every file of the history is where the readings say that it is."""
    from mingcha.core.errors import MingchaError
    from mingcha.site import data
    from mingcha.store.telemetry.history.check import health

    if not data.readings_made():
        return Check("history", True, "nothing sealed yet")
    try:
        with closing(data.open_readings()) as telemetry:
            found = health(telemetry)
    except (MingchaError, OSError) as error:
        return Check("history", False, str(error), "mend MINGCHA_HISTORY, or the way to the object store")
    if found.broken:
        more = f" and {len(found.broken) - 1} more" if len(found.broken) > 1 else ""
        return Check(
            "history",
            False,
            found.broken[0] + more,
            "bring back the backup, or run `mingcha rebuild --replace`",
        )
    said = f"{found.partitions} partitions, {found.files} files, {found.bytes:,} bytes, {found.reopened} days open again"
    return Check("history", True, said if found.partitions else "nothing sealed yet")


def journal() -> Check:
    """Of the cluster where MINGCHA_JOURNAL names one, else of the data folder."""
    from mingcha.core.errors import LocalError
    from mingcha.site import data

    if not data.journal_folder().exists() and data.journal_setting() is None:
        return Check("journal", True, "empty")
    try:
        with closing(data.journal_reader()) as reader:
            report = reader.verify()
    except LocalError as error:
        return Check("journal", False, str(error), "start the cluster, or mend MINGCHA_JOURNAL")
    ok = not report.problems
    return Check(
        "journal",
        ok,
        f"{report.frames} frames, {len(report.problems)} problems",
        "" if ok else "run `mingcha journal verify`",
    )


def projection() -> Check:
    """How far the readings follow each gateway's journal, and whether they can."""
    from mingcha.core.errors import LocalError
    from mingcha.site import data

    if not data.readings_made():
        return Check("projection", True, "nothing projected yet")
    try:
        with closing(data.open_readings()) as telemetry:
            positions = telemetry.positions()
    except LocalError:
        return Check("projection", False, "not known: the readings cannot be read", "see readings")
    try:
        with closing(data.journal_reader()) as reader:
            return _followed(reader, positions)
    except LocalError as error:
        return Check("projection", False, str(error), "start the cluster, or mend MINGCHA_JOURNAL")


def _followed(reader: "JournalReader", positions: "Mapping[str, FrameRef]") -> Check:
    from mingcha.core.errors import BrokenEvidence

    found, broken = [], False
    for gateway in reader.gateways():
        position, head = positions.get(gateway), reader.head(gateway)
        try:
            waiting = next(reader.entries(position, limit=1, gateway=gateway), None) is not None
            state = "waiting" if waiting else "up to date"
        except BrokenEvidence:
            broken, state = True, f"stopped after {position}: what follows does not fit its hashes"
        found.append(f"{gateway} {state}, journal ends at {head.journal}/{head.block}" if head else gateway)
    remedy = "run `mingcha journal verify`; put back a copy of that journal file" if broken else ""
    return Check("projection", not broken, "; ".join(found) or "no journal", remedy)


def queue() -> Check:
    """Jobs that were tried in vain."""
    from mingcha.cli.records import django_ready
    from mingcha.site import data

    if not data.records_made():
        return Check("jobs", True, "none")
    django_ready()
    from django.db import DatabaseError

    from mingcha.workers.queue import given_up

    try:
        count = given_up()
    except DatabaseError as error:
        return Check("jobs", False, str(error), "run `mingcha migrate`")
    remedy = "the system administrator sees why under task results in the admin" if count else ""
    return Check("jobs", count == 0, f"{count} failed for good", remedy)


def port(name: str, number: int) -> Check:
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", number)) == 0
    return Check(
        f"{name} port", True, f"{number} {'in use: served here or by another program' if taken else 'free'}"
    )


def ports() -> list[Callable[[], Check]]:
    import os

    gateway, web = (
        int(os.environ.get("MINGCHA_GATEWAY_PORT", "9212")),
        int(os.environ.get("MINGCHA_WEB_PORT", "8000")),
    )
    return [lambda: port("gateway", gateway), lambda: port("web", web)]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Check the installation; exit code 1 where something is missing."""
    log_aside()
    looks = (
        python, sqlite, codec, front_end, data_folder, records, readings, history, journal, projection, queue, *ports(),
    )  # fmt: skip
    checks = [look() for look in looks]
    ok = all(check.ok for check in checks)
    if as_json:
        click.echo(json.dumps({"ok": ok, "checks": [asdict(check) for check in checks]}, ensure_ascii=False))
    else:
        for check in checks:
            click.echo(f"{'ok ' if check.ok else 'NO '} {check.name:<15} {check.found}")
            if check.remedy:
                click.echo(f"    {check.remedy}")
    sys.exit(0 if ok else 1)
