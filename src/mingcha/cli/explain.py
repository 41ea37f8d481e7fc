"""Print the walk from a finding back to the raw bytes."""

import json

import click

from mingcha.cli.records import django_ready


@click.command()
@click.argument("finding")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(finding: str, as_json: bool) -> None:
    """Explain FINDING (F-2026-000001): facts, receipts, hours, readings, frames, blocks.

    For whoever runs the platform: it shows what the finding rests on whoever may see it on the pages.
    """
    django_ready()
    from mingcha.site import data
    from mingcha.workers.explaining import Explainer

    walk = Explainer(data.open_readings(), data.journal_reader()).finding(finding)
    click.echo(
        json.dumps(walk.as_json(), ensure_ascii=False, default=str) if as_json else "\n".join(walk.lines())
    )
