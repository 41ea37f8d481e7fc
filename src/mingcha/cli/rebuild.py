"""Make the readings again from the journal."""

import sys

import click
from rich.progress import Progress, SpinnerColumn, TextColumn

from mingcha.cli.records import django_ready


@click.command()
@click.option(
    "--replace", is_flag=True, help="Put the rebuilt file in the place of the old one (stop serve first)."
)
def rebuild(replace: bool) -> None:
    """Project the journal into a fresh file and compare digests; exit code 1 where they differ."""
    django_ready()
    from mingcha.core.clock import now
    from mingcha.site import data
    from mingcha.workers.rebuilding import rebuild as run

    with Progress(SpinnerColumn(), TextColumn("{task.description} {task.completed:,.0f}"), transient=True) as bar:
        task = bar.add_task("entries and hours", total=None)
        done = run(data.journal_folder(), data.readings_file(), now(), lambda n: bar.advance(task, n), keep=replace)
    for table, before in done.before.items():
        after = done.after[table]
        click.echo(f"{table:<9} {before[:16]}…  {after[:16]}…  {'equal' if before == after else 'DIFFERENT'}")
    click.echo(f"{done.entries} journal entries projected")
    if replace and not done.same:
        click.echo("the rebuilt content is in place")
    sys.exit(0 if done.same else 1)
