"""``mingcha device command``: ask a logger, and wait for what it answers."""

import json
import sys
import time
from typing import Any

import click

from mingcha.cli.devices_shared import acting, json_flag, pairs, person, rows_out, shown_time

POLL_S = 0.2


@click.command()
@click.argument("mn", metavar="MN")
@click.argument("name", metavar="NAME")
@click.argument("values", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--st", default="", help="System code, where one MN has several loggers.")
@click.option("--why", default="", help="Why it is asked; kept with the command.")
@click.option("--wait", is_flag=True, help="Wait for the end; exit code 1 unless it is done.")
@click.option("--timeout", "timeout_s", default=120.0, show_default=True, help="Seconds to wait at most.")
@acting
@json_flag
def command(
    mn: str,
    name: str,
    values: tuple[str, ...],
    st: str,
    why: str,
    username: str,
    timeout_s: float,
    *,
    wait: bool,
    as_json: bool,
) -> None:
    """Ask the logger MN to carry out NAME, such as get_hours begin=20260301000000 end=20260301050000.

    A value of - is asked for without showing it. The gateway sends the command; docs/commands_and_roles.md says who may ask.
    """
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now

    logger = selectors.station_get(user, mn, st)
    made = services.command_ask(
        datalogger=logger, command=name, values=pairs(values), why=why, by=user, at=now()
    )
    if wait:
        made = _ended(user, made, timeout_s)
    _out(made, as_json=as_json)
    if wait and made.state != "done":
        sys.exit(1)


def _ended(user: Any, made: Any, timeout_s: float) -> Any:
    """The command when it ended, or as it is when the time is over."""
    from mingcha.apps.devices import selectors

    deadline = time.monotonic() + timeout_s
    while made.under_way and time.monotonic() < deadline:
        time.sleep(POLL_S)
        made = selectors.command_of(user, made.pk)
    return made


@click.command()
@click.option("--state", default="", help="One state, or open, or ended.")
@click.option("--mn", default="", help="Of this logger only.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="Rows at most.")
@acting
@json_flag
def commands(state: str, mn: str, limit: int, username: str, *, as_json: bool) -> None:
    """The commands to loggers, newest first."""
    user = person(username)
    from mingcha.apps.devices import selectors

    found = selectors.commands_list(user, state=state, mn=mn)[:limit]
    rows_out(
        [_row(row) for row in found], ("id", "mn", "command", "state", "asked_at", "reason"), as_json=as_json
    )


@click.command()
@click.argument("command_id", metavar="ID", type=int)
@acting
def cancel(command_id: int, username: str) -> None:
    """Take back a command that was not sent yet."""
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now

    services.command_cancel(command=selectors.command_of(user, command_id), by=user, at=now())
    click.echo(f"command {command_id} is cancelled")


def _out(row: Any, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_row(row) | {"results": row.results}, ensure_ascii=False, indent=2))
        return
    click.echo(f"{row.pk}  {row.title_en}  {row.state}  {row.reason_en}".rstrip())
    for result in row.results:
        click.echo("  " + json.dumps(result, ensure_ascii=False))


def _row(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk,
        "mn": row.datalogger.mn,
        "outlet": row.datalogger.outlet.key,
        "command": row.command,
        "values": row.values,
        "state": row.state,
        "asked_by": row.asked_by.username if row.asked_by else None,
        "asked_at": shown_time(row.asked_at),
        "sent_at": shown_time(row.sent_at),
        "ended_at": shown_time(row.ended_at),
        "reason": row.reason,
        "reason_en": row.reason_en,
    }
