"""Run everything on embedded defaults."""

import time

import click

from mingcha.core.errors import MingchaError
from mingcha.workers.supervise import Part, Supervisor

ASK_S = 15.0  # a first target that was set on the web begins after so long


class Targets:
    """Whether there are hosts to forward to. Loads Django when first asked; a database that is away changes nothing."""

    def __init__(self) -> None:
        self._next = 0.0
        self._found = False

    def __call__(self) -> bool:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + ASK_S
            self._found = self._asked()
        return self._found

    def _asked(self) -> bool:
        from mingcha.cli.records import django_ready

        django_ready()
        from django.db import Error, close_old_connections

        from mingcha.cli.forward import wanted

        try:
            close_old_connections()
            return wanted()
        except (Error, MingchaError):
            return self._found


def parts(host: str) -> list[Part]:
    """Gateway first: nothing sent to us may find the door closed while the rest starts."""
    return [
        Part("gateway", ["gateway", "--host", host]),
        Part("projector", ["worker", "--only", "projector"]),
        Part("worker", ["worker", "--only", "jobs"]),
        Part("web", ["web", "--host", host]),
        Part("forward", ["forward"], wanted=Targets()),
    ]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def serve(host: str) -> None:
    """Supervise gateway, projector, worker, web and, where there are targets, forwarding; restart what ends; Ctrl+C stops all."""
    Supervisor(parts(host), say=lambda text: click.echo(text, err=True)).run()
