"""Run the background work."""

import click

from mingcha.cli.logs import logs_ready
from mingcha.cli.records import django_ready


@click.command()
@click.option("--only", type=click.Choice(["projector", "jobs"]), help="Run one half; serve runs both.")
def worker(only: str | None) -> None:
    """Project the journal, restate, judge, screen, and run jobs and schedules."""
    logs_ready()
    django_ready()
    from mingcha.workers.worker import Worker, make_projector, until_stopped

    if only == "projector":
        until_stopped([make_projector().step])
    elif only == "jobs":
        Worker().run()
    else:
        jobs, projector = Worker(), make_projector()
        until_stopped([projector.step, jobs.restate, jobs.follow, jobs.by_the_clock])
