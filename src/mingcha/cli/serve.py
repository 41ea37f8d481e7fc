"""Run everything on embedded defaults."""

import click

from mingcha.workers.supervise import Part, Supervisor


def parts(host: str) -> list[Part]:
    """Gateway first: nothing sent to us may find the door closed while the rest starts."""
    return [
        Part("gateway", ["gateway", "--host", host]),
        Part("projector", ["worker", "--only", "projector"]),
        Part("worker", ["worker", "--only", "jobs"]),
        Part("web", ["web", "--host", host]),
    ]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def serve(host: str) -> None:
    """Supervise gateway, projector, worker and web; restart what ends; Ctrl+C stops all."""
    Supervisor(parts(host), say=lambda text: click.echo(text, err=True)).run()
