"""Move old readings and results into history."""

import json
import sys
from contextlib import closing
from datetime import UTC, datetime

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn


@click.command()
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Seal days (UTC) before this date; else those closed for MINGCHA_HISTORY_DAYS days.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def seal(*, before: datetime | None, as_json: bool) -> None:
    """Move closed days into history, verified row by row; exit code 1 where some have to wait.

    It can be stopped at any moment and run again, while everything else runs. Late readings of a sealed day bring it
    back; the next sealing puts it into history again.
    """
    from mingcha.core.clock import now
    from mingcha.site import data
    from mingcha.workers.sealing import due_before

    limit = due_before(now()) if before is None else before.replace(tzinfo=UTC)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with closing(data.open_readings()) as telemetry, Progress(*columns, transient=True) as bar:
        task = bar.add_task("partitions", total=None)
        done = telemetry.seal(limit, progress=lambda n, total: bar.update(task, completed=n, total=total))
    waiting = [f"{one.kind} {one.month} {one.bucket}" for one in done.waiting]
    if as_json:
        said = {
            "before": limit.isoformat(),
            "partitions": done.partitions,
            "rows": done.rows,
            "bytes": done.bytes,
        }
        click.echo(json.dumps({**said, "waiting": waiting, "deleted": done.deleted}))
    else:
        click.echo(
            f"before {limit:%Y-%m-%d}: {done.rows:,} rows of {done.partitions} partitions sealed in {done.bytes:,} bytes, "
            f"{done.deleted} files out of use deleted"
        )
        for partition in waiting:
            click.echo(f"readings of {partition} came in meanwhile; seal again", err=True)
    sys.exit(1 if waiting else 0)
