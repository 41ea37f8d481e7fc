"""``mingcha device``: loggers as seen by a person named with --as: quarantine, settings, keys, commands, targets."""

import json
from contextlib import closing
from typing import Any

import click

from mingcha.cli.device_commands import cancel, command, commands
from mingcha.cli.device_keys import key
from mingcha.cli.device_profiles import profile
from mingcha.cli.device_targets import target
from mingcha.cli.devices_shared import acting, json_flag, person, rows_out, shown_time
from mingcha.cli.journal_words import Moment


@click.group()
def device() -> None:
    """Data loggers: who is let in, how they are read, what they are asked, where frames go on to."""


@device.command("list")
@acting
@json_flag
def list_stations(username: str, *, as_json: bool) -> None:
    """Every logger in place: outlet, edition as registered, told and heard, dialect, when it was last heard."""
    user = person(username)
    from mingcha.apps.devices import selectors
    from mingcha.core.clock import beijing, now
    from mingcha.gateway.stats import boards
    from mingcha.site.data import data_folder

    rows = [
        {
            "mn": row.mn, "st": row.st, "outlet": row.outlet, "discharger": row.discharger,
            "registered": row.registered, "demanded": row.demanded, "spoken": row.spoken, "dialect": dict(row.dialect),
            "frames": row.frames, "deviations": dict(row.deviations),
            "last_seen": row.last_seen and beijing(row.last_seen).isoformat(),
        }
        for row in selectors.editions_board(user, now(), boards(data_folder()))
    ]  # fmt: skip
    rows_out(rows, ("mn", "st", "outlet", "registered", "spoken", "last_seen"), as_json=as_json)


@device.group()
def quarantine() -> None:
    """Loggers that send and are not registered."""


@quarantine.command("list")
@click.option("--state", default="waiting", show_default=True, help="waiting, adopted, dismissed or all.")
@acting
@json_flag
def list_quarantine(username: str, state: str, *, as_json: bool) -> None:
    """Who waits, the latest first."""
    user = person(username)
    from mingcha.apps.devices import selectors

    found = selectors.quarantine_list(user, state="" if state == "all" else state)
    rows_out(
        [_row(row) for row in found], ("id", "kind", "name", "state", "frames", "last_seen"), as_json=as_json
    )


@quarantine.command("show")
@click.argument("quarantine_id", metavar="ID", type=int)
@acting
@json_flag
def show_quarantine(quarantine_id: int, username: str, *, as_json: bool) -> None:
    """One of them with its newest frames, decoded, passwords hidden."""
    user = person(username)
    from mingcha.apps.devices import selectors

    row = selectors.quarantine_get(user, quarantine_id)
    frames = [_frame(ref) for ref in row.refs]
    if as_json:
        click.echo(json.dumps(_row(row) | {"frames_seen": frames}, ensure_ascii=False, indent=2))
        return
    rows_out([_row(row)], ("id", "kind", "name", "state", "frames", "last_seen"), as_json=False)
    for found in frames:
        click.echo(f"{found['ref']}  {found['text']}")


@quarantine.command("dismiss")
@click.argument("quarantine_id", metavar="ID", type=int)
@click.option("--reason", required=True, help="Why it is nobody of ours.")
@acting
def dismiss(quarantine_id: int, reason: str, username: str) -> None:
    """Say that it is nobody of ours; its frames stay in the journal."""
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now

    row = selectors.quarantine_get(user, quarantine_id)
    services.quarantine_dismiss(quarantine=row, reason=reason, by=user, at=now())
    click.echo(f"quarantine {row.pk} is dismissed")


@quarantine.command("undo")
@click.argument("quarantine_id", metavar="ID", type=int)
@acting
def undo(quarantine_id: int, username: str) -> None:
    """Take a dismissal back."""
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now

    row = selectors.quarantine_get(user, quarantine_id)
    services.quarantine_undo(quarantine=row, by=user, at=now())
    click.echo(f"quarantine {row.pk} waits again")


@device.command()
@click.argument("quarantine_id", metavar="ID", type=int)
@click.argument("outlet", metavar="USCC/CODE")
@click.option("--st", required=True, help="System code: 31 gas, 32 water.")
@click.option(
    "--edition", required=True, type=click.Choice(["2005", "2017", "2025"]), help="Edition it speaks."
)
@click.option(
    "--from", "counts_from", type=Moment(), help="Since when its frames count; default: since the first."
)
@click.option("--mn", default="", help="The MN that hardware of 2025 is given.")
@click.option("--replaces", is_flag=True, help="Close the logger that is in place at the outlet.")
@acting
def adopt(
    quarantine_id: int,
    outlet: str,
    st: str,
    edition: str,
    counts_from: Any,
    mn: str,
    username: str,
    *,
    replaces: bool,
) -> None:
    """Let who waits in quarantine report for an outlet; what it sent since then is projected."""
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.apps.registry.selectors import outlet_get
    from mingcha.core.clock import now

    row = selectors.quarantine_get(user, quarantine_id)
    uscc, _, code = outlet.partition("/")
    made = services.quarantine_adopt(
        quarantine=row, outlet=outlet_get(user, uscc, code), st=st, edition=edition, counts_from=counts_from,
        mn=mn, replaces=replaces, by=user, at=now(),
    )  # fmt: skip
    click.echo(f"{made.mn}/{made.st} reports for {outlet} since {shown_time(made.installed_at)}")


for one in (command, commands, cancel, profile, key, target):
    device.add_command(one)


def _row(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "name": row.mn or row.hardware_id,
        "hardware": row.hardware,
        "state": row.state,
        "frames": row.frames,
        "first_seen": shown_time(row.first_seen),
        "last_seen": shown_time(row.last_seen),
        "reason": row.reason,
    }


def _frame(ref: str) -> dict[str, Any]:
    from mingcha.core.errors import BrokenEvidence, NotFound
    from mingcha.core.refs import FrameRef
    from mingcha.protocol.hj212 import decode, describe, frame_of, mask
    from mingcha.site.data import journal_reader

    try:
        with closing(journal_reader()) as reader:
            raw = reader.read(FrameRef.parse(ref)).raw
    except (BrokenEvidence, NotFound, ValueError) as error:
        return {"ref": ref, "text": f"not readable: {error}", "described": None}
    frame = frame_of(raw)
    text = mask(raw).decode("latin-1").strip()
    return {"ref": ref, "text": text, "described": None if frame is None else describe(decode(frame))}
