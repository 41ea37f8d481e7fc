"""``mingcha verify``: check an evidence package by itself."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from mingcha.cli.journal_words import as_json, key_option, print_json, roots_option, word_of
from mingcha.store.journal import JournalReader, PackageReport, stamps, verify_package


@click.command()
@click.argument("package", type=click.Path(path_type=Path))
@key_option
@roots_option
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Data folder whose journal must hold the same blocks.",
)
@as_json
def verify(
    package: Path, *, keys: tuple[str, ...], roots: Path | None, against: Path | None, as_json: bool
) -> None:
    """Check an evidence PACKAGE: digests, chain, signatures, stamps, every frame's proof, and what is missing.

    Exit code 1 where something does not fit.
    """
    reader = JournalReader(against / "journal") if against else None
    report = verify_package(
        package, against=reader, trusted=[k.lower() for k in keys], roots=stamps.roots_of(roots)
    )
    tell(report, as_json=as_json, pinned=bool(keys))


def tell(report: PackageReport, *, as_json: bool, pinned: bool) -> None:
    """Print the report and leave with its exit code."""
    if as_json:
        print_json({"ok": report.ok, **asdict(report)})
        sys.exit(0 if report.ok else 1)
    for problem in report.problems:
        click.echo(f"FAULT {problem}")
    for head in report.heads.values():
        click.echo(f"head {head.replace(' ', '=')}")
    for key in report.keys:
        click.echo(
            f"key {key}{'' if pinned else '  (compare it with one got by another way, or give --key)'}"
        )
    for number, time in sorted(report.stamps.items()):
        click.echo(f"stamp of statement {number}: {time}")
    for line in report.complete:
        click.echo(f"complete {line}")
    for line in report.open:
        click.echo(f"not proven to be complete: {line}")
    if not report.checkpoints:
        click.echo("not signed: the package holds no checkpoint")
    click.echo(f"{report.blocks} blocks, {report.frames} frames: {word_of(report.ok)}")
    sys.exit(0 if report.ok else 1)
