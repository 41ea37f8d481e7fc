"""Make the readings again from the journal."""

import json
import sys
from dataclasses import asdict

import click
from rich.progress import Progress, SpinnerColumn, TextColumn

from mingcha.cli.records import django_ready


@click.command()
@click.option(
    "--replace", is_flag=True, help="Put the rebuilt file in the place of the old one (stop serve first)."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rebuild(*, replace: bool, as_json: bool) -> None:
    """Project the journal into a fresh file and compare digests; exit code 1 where they differ.

    Versions of hour and day values that were superseded are not made again: only those in use are compared.
    """
    django_ready()
    from mingcha.core.clock import now
    from mingcha.site import data
    from mingcha.workers.rebuilding import rebuild as run

    with Progress(
        SpinnerColumn(), TextColumn("{task.description} {task.completed:,.0f}"), transient=True
    ) as bar:
        task = bar.add_task("entries and hours", total=None)
        done = run(
            data.journal_folder(),
            data.readings_place(),
            now(),
            lambda n: bar.advance(task, n),
            keep=replace,
            history=data.history_place(),
        )
    if as_json:
        click.echo(json.dumps({**asdict(done), "same": done.same, "replaced": replace and not done.same}))
        sys.exit(0 if done.same else 1)
    for table, before in done.before.items():
        after = done.after[table]
        click.echo(f"{table:<9} {before[:16]}…  {after[:16]}…  {'equal' if before == after else 'DIFFERENT'}")
    click.echo(f"{done.entries} journal entries projected")
    for outlet, why in done.skipped.items():
        click.echo(f"{outlet} cannot be computed and was left as it is: {why}", err=True)
    if replace and not done.same:
        click.echo("the rebuilt content is in place")
    sys.exit(0 if done.same else 1)
