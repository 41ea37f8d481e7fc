"""``mingcha journal checkpoint | key | retain``: what the keeper of the evidence signs."""

import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mingcha.cli.journal_words import as_json, folder_of, print_json, progress, reader_of
from mingcha.core import clock
from mingcha.core.errors import LocalError
from mingcha.site.data import journal_setting
from mingcha.store.journal import JournalReader, Notary, StampFailed, retention, stamps, verify
from mingcha.store.journal.jetstream import local

if TYPE_CHECKING:
    from mingcha.store.journal.retention import Holds, Plan


@click.command("checkpoint")
@as_json
@click.pass_obj
def checkpoint_command(data: Path, *, as_json: bool) -> None:
    """Sign where every gateway's chain stands now; time-stamp it where MINGCHA_TSA_URL is set.

    Exit code 1 where there is no block yet or the authority gave no stamp.
    """
    with (
        reader_of(data) as reader,
        progress("following blocks", verify.count_blocks(reader.folder)) as advance,
    ):
        folder = reader.folder
        made = Notary.in_data(data, reader=reader).checkpoint(at=clock.now(), on_block=advance)
    stamped, trouble = None, ""
    if made and (url := os.environ.get("MINGCHA_TSA_URL")):
        try:
            stamped = stamps.stamp_newest(folder, url)
        except StampFailed as error:
            trouble = str(error)
    if as_json:
        print_json({"checkpoints": [one.body for one in made], "stamped": stamped, "stamp_trouble": trouble})
    else:
        for one in made:
            heads = " ".join(f"{h['journal']}/{h['block']}={h['chain']}" for h in one.body["heads"])
            click.echo(f"checkpoint {one.number} {heads}")
        click.echo(trouble or (f"stamped {stamped}" if stamped else f"{len(made)} checkpoints signed"))
    sys.exit(0 if made and not trouble else 1)


@click.command("key")
@click.option("--rotate", is_flag=True, help="Begin a new key, signed by the old one, which is destroyed.")
@click.option("--lost", metavar="REASON", help="The old key is lost: begin a new one that signs itself.")
@as_json
@click.pass_obj
def key_command(data: Path, *, rotate: bool, lost: str | None, as_json: bool) -> None:
    """Print the public key that signs checkpoints; publish it where others can compare."""
    notary, at = Notary.in_data(data), clock.now()
    if rotate or lost:
        notary.rotate(at=at, lost=lost or "")
    public = notary.public_key(at=at)
    print_json({"public": public, "algorithm": "Ed25519"}) if as_json else click.echo(public)


@click.command("retain")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--by", help="Who orders it; by default the name of the user of this machine.")
@as_json
@click.pass_obj
def retain_command(data: Path, *, dry_run: bool, by: str | None, as_json: bool) -> None:
    """Drop entries that are old enough for their class (retention.yaml), and sign what was dropped.

    What open findings and cases refer to is held. Exit code 1 where there is nothing to drop. Streams of a cluster are not
    reduced: the refusal says what to do.
    """
    if (cluster := journal_setting()) is not None and not dry_run:
        raise LocalError(local.RETAIN.format(cluster=cluster.shown))
    at, reader = clock.now(), JournalReader(folder_of(data))
    settings = retention.ages(data / "retention.yaml")
    holds, notary = _holds(), Notary.in_data(data)
    if not dry_run:
        notary.checkpoint(at=at)
    with progress("looking at blocks", verify.count_blocks(reader.folder)) as advance:
        plan = retention.plan(reader, at, settings, holds, unsigned=dry_run, on_block=advance)
    number = None
    if not dry_run and (stated := retention.carry_out(notary, plan, at=at, by=by or getpass.getuser())):
        number = stated.number
        _audit(number, plan)
    if as_json:
        print_json({"dry_run": dry_run, "record": number, **plan.as_json()})
    else:
        _tell(plan, number)
    sys.exit(0 if plan.cuts else 1)


def _tell(plan: "Plan", number: int | None) -> None:
    for name, entry in plan.settings.items():
        kept = "kept for ever" if entry["days"] == retention.FOREVER else f"kept {entry['days']} days"
        click.echo(f"{name:<11} {kept} ({entry['sureness']}): {plan.classes[name]} entries to go")
    click.echo(
        f"{len(plan.cuts)} blocks shrink by {plan.saved} bytes; {plan.held} entries are held by open findings or cases, "
        f"{plan.unprofitable} stay because their hashes would take more room"
    )
    click.echo("nothing was changed" if number is None else f"dropped under record {number}")


def _holds() -> "Holds":
    from mingcha.cli.records import django_ready

    django_ready()
    from django.db import OperationalError

    from mingcha.workers.holding import holds

    try:
        return holds()
    except OperationalError as error:
        raise click.UsageError(
            f"the records database cannot be read ({error}), so nobody knows what open cases need; run `mingcha migrate`"
        ) from error


def _audit(number: int, plan: "Plan") -> None:
    from mingcha.apps.audit.services import audit_record

    audit_record(
        by=None,
        action="journal.retained",
        subject=("retention", number),
        at=clock.now(),
        detail=plan.as_json(),
    )
