"""``mingcha device key``: SM4 keys of 2025 loggers under two persons' control."""

from typing import Any

import click

from mingcha.cli.devices_shared import acting, json_flag, person, rows_out, shown_time
from mingcha.cli.journal_words import Moment


@click.group()
def key() -> None:
    """SM4 keys: proposed by one person, approved by another; nobody reads one back."""


@key.command("list")
@click.option("--due", is_flag=True, help="Only those that must be changed soon or should have been.")
@acting
@json_flag
def list_keys(username: str, *, due: bool, as_json: bool) -> None:
    """Keys of the stations one sees, newest first."""
    user = person(username)
    from mingcha.apps.devices import selectors
    from mingcha.core.clock import now

    found = selectors.keys_visible_to(user)
    if due:
        found = found.filter(pk__in=[one.key_id for one in selectors.keys_due(now(), user)])
    rows = [
        {
            "id": row.pk, "mn": row.datalogger.mn, "state": row.state, "imported": row.imported,
            "proposed_by": row.proposed_by.username,
            "approved_by": row.approved_by.username if row.approved_by else None,
            "in_force_from": shown_time(row.in_force_from), "ended_at": shown_time(row.ended_at),
            "due_at": shown_time(selectors.key_due(row)),
        }
        for row in found
    ]  # fmt: skip
    rows_out(
        rows, ("id", "mn", "state", "proposed_by", "approved_by", "in_force_from", "due_at"), as_json=as_json
    )


@key.command("propose")
@click.argument("mn", metavar="MN")
@click.option("--import", "imported", is_flag=True, help="Ask for a key that the logger has already.")
@click.option("--from", "valid_from", type=Moment(), help="Since when the logger uses an imported key.")
@click.option("--why", default="", help="Why; kept with the key.")
@acting
def propose(mn: str, valid_from: Any, why: str, username: str, *, imported: bool) -> None:
    """Propose a key for a logger: a new one, made here and sent when approved, or one it has already."""
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now

    given = click.prompt("key", hide_input=True) if imported else ""
    logger = selectors.station_get(user, mn)
    made = services.key_propose(
        datalogger=logger, key=given, valid_from=valid_from, why=why, by=user, at=now()
    )
    click.echo(f"key {made.pk} for {mn} waits for approval by another person")


@key.command("approve")
@click.argument("key_id", metavar="ID", type=int)
@acting
def approve(key_id: int, username: str) -> None:
    """Approve what another person proposed."""
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now

    made = services.key_approve(key=selectors.key_get(user, key_id), by=user, at=now())
    click.echo(f"key {made.pk} is {made.state}")


@key.command("send")
@click.argument("key_id", metavar="ID", type=int)
@acting
def send(key_id: int, username: str) -> None:
    """Send a key again to a logger that did not take it, or lost it."""
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now

    made = services.key_send(key=selectors.key_get(user, key_id), by=user, at=now())
    click.echo(f"key {key_id} goes out as command {made.pk}")


@key.command("reject")
@click.argument("key_id", metavar="ID", type=int)
@click.option("--why", required=True, help="Why; kept with the key.")
@acting
def reject(key_id: int, why: str, username: str) -> None:
    """Take back a key that is not in force."""
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now

    made = services.key_reject(key=selectors.key_get(user, key_id), why=why, by=user, at=now())
    click.echo(f"key {made.pk} is {made.state}")
