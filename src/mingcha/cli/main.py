"""The root command. Sub-commands are imported when called, so that decoding a frame loads no Django."""

import sys
from importlib import import_module

import click

from mingcha import __version__
from mingcha.core.errors import MingchaError

# name → module:attribute, in the order of the help page
COMMANDS = {
    "demo": "mingcha.cli.demo:demo",
    "serve": "mingcha.cli.serve:serve",
    "gateway": "mingcha.cli.gateway:gateway",
    "web": "mingcha.cli.web:web",
    "worker": "mingcha.cli.worker:worker",
    "forward": "mingcha.cli.forward:forward",
    "hj212": "mingcha.cli.hj212:hj212",
    "simulate": "mingcha.cli.simulate:simulate",
    "device": "mingcha.cli.devices:device",
    "journal": "mingcha.cli.journal:journal",
    "verify": "mingcha.cli.verify:verify",
    "rebuild": "mingcha.cli.rebuild:rebuild",
    "seal": "mingcha.cli.seal:seal",
    "rules": "mingcha.cli.rules:rules",
    "restate": "mingcha.cli.compute:restate",
    "judge": "mingcha.cli.compute:judge",
    "screen": "mingcha.cli.compute:screen",
    "explain": "mingcha.cli.explain:explain",
    "migrate": "mingcha.cli.records:migrate",
    "user": "mingcha.cli.records:user",
    "bench": "mingcha.cli.bench:bench",
    "doctor": "mingcha.cli.doctor:doctor",
}


class LazyGroup(click.Group):
    """A group whose commands are named in ``COMMANDS`` and imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mingcha")
def cli() -> None:
    """mingcha 明察: supervision of the automatic monitoring of pollution sources."""


def main() -> None:
    """Run the command line; our own errors end it with one sentence and code 2."""
    try:
        cli()
    except MingchaError as error:
        click.echo(f"mingcha: {error}", err=True)
        sys.exit(2)
