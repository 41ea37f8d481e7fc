"""Say what is set up, what is missing, how to mend it."""

import importlib.util
import json
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click

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

    there = data.records_file().exists()
    return Check(
        "records", there, "there" if there else "not made yet", "" if there else "run `mingcha migrate`"
    )


def journal() -> Check:
    from mingcha.site import data
    from mingcha.store.journal import JournalReader

    if not data.journal_folder().exists():
        return Check("journal", True, "empty")
    report = JournalReader(data.journal_folder()).verify()
    ok = not report.problems
    return Check(
        "journal",
        ok,
        f"{report.frames} frames, {len(report.problems)} problems",
        "" if ok else "run `mingcha journal verify`",
    )


def projection() -> Check:
    """How far the readings follow each gateway's journal, and whether they can."""
    from mingcha.core.errors import BrokenEvidence
    from mingcha.site import data
    from mingcha.store.journal import JournalReader
    from mingcha.store.telemetry import Telemetry

    if not data.readings_file().exists():
        return Check("projection", True, "nothing projected yet")
    reader, found, broken = JournalReader(data.journal_folder()), [], False
    positions = Telemetry(data.readings_file()).positions()
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

    if not data.records_file().exists():
        return Check("jobs", True, "none")
    django_ready()
    from django.db import OperationalError

    from mingcha.workers.queue import given_up

    try:
        count = given_up()
    except OperationalError as error:
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
    looks = (
        python, sqlite, codec, front_end, data_folder, records, journal, projection, queue, *ports(),
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
