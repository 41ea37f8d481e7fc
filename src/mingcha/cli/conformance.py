"""``mingcha hj212 conformance``: play the host against a real logger, or a logger against a real host."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path

import click

from mingcha.cli.gateway import run_loop
from mingcha.core.errors import BadInput, LocalError
from mingcha.gateway.conformance import Outcome, Result, Run, Runner, Settings, cases, chosen
from mingcha.gateway.conformance.outcomes import WORDS, shown
from mingcha.gateway.conformance.report import as_data, as_markdown, as_pdf
from mingcha.gateway.conformance.settings import EXAMPLE_PW
from mingcha.protocol.hj212.editions import EDITIONS
from mingcha.protocol.hj212.sm4 import key_of

PORT_MAX = 65535
COLOURS = {Outcome.PASS: "green", Outcome.FAIL: "red", Outcome.NOT_RUN: "yellow"}
FORMS = (".pdf", ".json", ".md")


def address(text: str, host: str) -> tuple[str, int]:
    """``HOST:PORT`` or ``PORT``; a host of IPv6 stands in brackets.

    Raises:
        click.BadParameter: it is neither.
    """
    name, _, digits = text.rpartition(":")
    if not (digits.isascii() and digits.isdigit()) or not int(digits) <= PORT_MAX:
        raise click.BadParameter(f"{text!r}: expected [HOST:]PORT with a port of at most {PORT_MAX}")
    return name.strip("[]") or host, int(digits)


def report_form(path: Path | None) -> None:
    if path is not None and path.suffix not in FORMS:
        raise click.BadParameter(
            f"{path.name}: expected a name that ends in {', '.join(FORMS)}", param_hint="--report"
        )


async def played(runner: Runner, *, quiet: bool, listen: bool, host: str) -> Run:
    async with runner.opened() as port:
        if not quiet:
            verb = "waiting on" if listen else "connecting to"
            click.echo(f"{verb} {host}:{port}", err=True)
        return await runner.play()


def progress(result: Result, number: int, of: int) -> None:
    word = click.style(f"{WORDS[result.outcome][1]:<14}", fg=COLOURS.get(result.outcome))
    click.echo(f"{number:>3}/{of} {word} {result.case.id:<34} {result.verdict.sentence('en')}", err=True)
    if result.outcome is Outcome.FAIL:
        for one in result.verdict.frames:
            click.echo(f"        {shown(one)}", err=True)


def write(run: Run, path: Path) -> None:
    if path.suffix == ".pdf":
        path.write_bytes(as_pdf(run))
    elif path.suffix == ".md":
        path.write_text(as_markdown(run), encoding="utf-8")
    else:
        path.write_text(json.dumps(as_data(run), ensure_ascii=False, indent=1), encoding="utf-8")


def listing(tested: str, edition: str) -> str:
    found = cases("host" if tested == "host" else "logger", edition)
    marks = {True: "  (--allow-control)", False: ""}
    return "\n".join(f"{case.id:<34} {case.en}{marks[case.control]}" for case in found)


@click.command()
@click.option("--listen", metavar="[HOST:]PORT", help="The peer connects to us.")
@click.option("--connect", metavar="HOST:PORT", help="We connect to the peer.")
@click.option("--role", type=click.Choice(["host", "logger"]),
              help="Whom we play; the other one is tested. Default: host with --listen, logger with --connect.")  # fmt: skip
@click.option(
    "--edition", type=click.Choice(EDITIONS), help="Default: as the logger speaks; 2017 as a logger."
)
@click.option("--mn", default="", help="Of the logger. As host by default that of its first frame.")
@click.option("--password", default="", help=f"Default: that of the first frame; as a logger {EXAMPLE_PW}.")
@click.option("--st", default="", help="System code; default that of the first frame, 32 as a logger.")
@click.option("--key", default="", metavar="HEX", help="SM4 key (2025): 32 hex digits, or 16 characters.")
@click.option(
    "--only",
    multiple=True,
    metavar="CASE",
    help="Only these cases; patterns as framing.*; may be given again.",
)
@click.option("--skip", multiple=True, metavar="CASE", help="Not these cases.")
@click.option("--allow-control", "control", is_flag=True,
              help="Also cases that change password, key, stored parameters or move instruments.")  # fmt: skip
@click.option("--slow", is_flag=True, help="Also cases that take minutes.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(0.05, 99), default=10.0, show_default=True,
              help="Seconds an answer may take.")  # fmt: skip
@click.option("--result-timeout", "result_s", type=click.FloatRange(0.05, 3600), default=60.0, show_default=True,
              help="Seconds from 9011 to the data and to 9012.")  # fmt: skip
@click.option("--wait", "wait_s", type=click.FloatRange(0.05, 86400), default=120.0, show_default=True,
              help="Seconds to wait for the peer, and for uploads it sends by itself.")  # fmt: skip
@click.option("--quiet-for", "quiet_s", type=click.FloatRange(0.05, 99), default=3.0, show_default=True,
              help="Seconds without answer that count as silence.")  # fmt: skip
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write FILE.pdf, .json or .md."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON; no progress.")
@click.option("--list", "only_list", is_flag=True, help="Print the cases and do nothing.")
def conformance(
    *, listen: str | None, connect: str | None, role: str | None, edition: str | None, mn: str, password: str, st: str,
    key: str, only: tuple[str, ...], skip: tuple[str, ...], control: bool, slow: bool, timeout_s: float,
    result_s: float, wait_s: float, quiet_s: float, report: Path | None, as_json: bool, only_list: bool,
) -> None:  # fmt: skip
    """Test a real data logger (we are the host) or a real host (we are a logger), case by case of the standard.

    Exit code 0: nothing failed. 1: something failed, or nobody could be tested. 2: used wrongly.
    """
    tested = "host" if (role or ("logger" if connect else "host")) == "logger" else "logger"
    if only_list:
        click.echo(listing(tested, edition or "2017"))
        return
    if bool(listen) == bool(connect):
        raise click.UsageError("give either --listen [HOST:]PORT or --connect HOST:PORT")
    if tested == "host" and not mn:
        raise click.UsageError("as a logger we need the MN that the host knows: --mn")
    report_form(report)
    host, port = address(listen or connect or "", "0.0.0.0" if listen else "127.0.0.1")  # noqa: S104 - loggers come from outside
    settings = Settings(
        "host" if tested == "host" else "logger", edition=edition or ("2017" if tested == "host" else ""), mn=mn,
        password=password or (EXAMPLE_PW if tested == "host" else ""), st=st, key=_key(key), timeout_s=timeout_s,
        result_s=result_s, wait_s=wait_s, quiet_s=quiet_s, control=control, slow=slow, only=only, skip=skip,
    )  # fmt: skip
    chosen(settings, settings.edition or "2017")  # a mistyped case shows before anything is sent
    show = None if as_json else progress
    runner = Runner(settings, host=host, port=port, listen=bool(listen), on_result=show)
    _finish(_run(runner, quiet=as_json, listen=bool(listen), host=host), report, as_json=as_json)


def _key(text: str) -> bytes | None:
    try:
        return key_of(text) if text else None
    except BadInput as error:
        raise click.BadParameter(str(error), param_hint="--key") from None


def _run(runner: Runner, *, quiet: bool, listen: bool, host: str) -> Run:
    found: list[Run] = []

    async def main() -> None:
        with suppress(asyncio.CancelledError):
            found.append(await played(runner, quiet=quiet, listen=listen, host=host))

    with suppress(KeyboardInterrupt):
        run_loop(main())
    if not found:
        raise click.exceptions.Exit(1)
    return found[0]


def _finish(run: Run, report: Path | None, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(as_data(run), ensure_ascii=False, indent=1))
    else:
        counts = ", ".join(f"{run.count(outcome)} {WORDS[outcome][1]}" for outcome in Outcome)
        click.echo(f"{run.settings.tested} {run.edition} {run.mn or '-'}: {counts} in {run.took_s:.1f} s")
    if report is not None:
        try:
            write(run, report)
        except OSError as error:
            raise LocalError(
                f"{report} cannot be written: {error.strerror}; the outcome stands above"
            ) from None
        click.echo(f"report: {report}", err=True)
    raise SystemExit(0 if run.passed else 1)
