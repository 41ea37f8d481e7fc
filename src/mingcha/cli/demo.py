"""What `make run` starts: the demonstration region, everything that serves it, and simulated dataloggers."""

import asyncio
import os
import time
import urllib.request
from threading import Thread

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from mingcha.cli.records import django_ready
from mingcha.cli.serve import parts
from mingcha.workers.supervise import Part, Supervisor

STEPS = {
    "journal": "a week of frames into the journal",
    "readings": "journal to readings",
    "hours": "hours computed, judged, screened, published",
}
READY_S = 60.0
INTERVAL_S = 30.0  # the least real-time interval of HJ 212-2017


def prepare() -> None:
    """Set up the data folder, showing what is done."""
    from django.core.management import call_command

    from mingcha.workers.demo.preparing import prepare as run

    call_command("migrate", interactive=False, verbosity=0)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks = {step: bar.add_task(text, total=None, visible=False) for step, text in STEPS.items()}
        run(lambda step, units: bar.update(tasks[step], advance=units, visible=True))
        for task in bar.tasks:
            bar.update(task.id, total=task.completed)


def send_frames() -> None:
    """Run the region's simulated dataloggers until stopped."""
    from mingcha.cli.simulate import send
    from mingcha.core.clock import now
    from mingcha.gateway.simulator.fleet import Fleet
    from mingcha.workers.demo import live_outlets, load_region
    from mingcha.workers.demo.devices import speaking
    from mingcha.workers.demo.region import region

    port = int(os.environ.get("MINGCHA_GATEWAY_PORT", "9212"))
    outlets = speaking(live_outlets(load_region(now())), region())
    fleet = Fleet(outlets, host="127.0.0.1", port=port, interval_s=INTERVAL_S)
    asyncio.run(send(fleet, None, quiet=True))


def guide() -> str:
    """The address, the accounts, and what to look at."""
    from django.conf import settings

    from mingcha.core.clock import beijing, now
    from mingcha.workers.demo import load_region, printed, stories

    url = f"http://127.0.0.1:{settings.WEB_PORT}"
    at = now()
    loaded = load_region(at)
    lines = [
        "",
        f"mingcha 明察 is running: {url}",
        "",
        "Accounts (username, password, role):",
        printed(loaded.accounts),
    ]
    lines += ["", "What to look at:"]
    for path, span, zh, en in stories(at):
        place = f"{url}/regulator/outlets/{loaded.outlets[path]}"
        lines += [f"  {beijing(span.start):%m-%d %H:%M}  {zh} / {en}", f"      {place}"]
    lines += [f"  public pages without signing in: {url}/", "", "Ctrl+C stops everything; the data stay.", ""]
    return "\n".join(lines)


def announce(say: bool) -> None:
    """Wait for the first page, then print the guide."""
    from django.conf import settings

    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{settings.WEB_PORT}/healthz", timeout=2):
                if say:
                    click.echo(guide())
                return
        except OSError:
            time.sleep(0.2)
    click.echo(f"the pages did not answer within {READY_S:.0f} s; see the messages above", err=True)


@click.command()
@click.option("--only", type=click.Choice(["prepare", "loggers"]), help="One part of it.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def demo(only: str | None, host: str) -> None:
    """Load the demonstration region and run everything with 30 simulated dataloggers."""
    django_ready()
    if only == "loggers":
        send_frames()
        return
    prepare()
    if only == "prepare":
        return
    Thread(target=announce, args=(True,), daemon=True).start()
    loggers = Part("dataloggers", ["demo", "--only", "loggers"])
    Supervisor([*parts(host), loggers], say=lambda text: click.echo(text, err=True)).run()
