"""Run a benchmark of ``bench/``. They need the source tree: an installed package carries none."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from mingcha.core.errors import LocalError


def folder() -> Path:
    """The ``bench`` folder beside ``src``.

    Raises:
        LocalError: mingcha runs from an installed package.
    """
    found = Path(__file__).resolve().parents[3] / "bench"
    if not found.is_dir():
        raise LocalError(f"no benchmarks at {found}: run `mingcha bench` from a clone of the repository")
    return found


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def table(result: dict[str, Any]) -> str:
    lines = [f"{result['id']}  target {result['target']}  {'met' if result['met'] else 'NOT met'}"]
    lines += [f"    {name}: {value}" for name, value in result["values"].items()]
    return "\n".join(lines)


class Benches(click.Group):
    """Every file of ``bench/`` is a command, beside those with options of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_names(), "all"})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        given = super().get_command(ctx, cmd_name)
        return given or (_command(cmd_name) if cmd_name in (*_names(), "all") else None)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        folder()  # says what is missing where there are no benchmarks at all
        return super().resolve_command(ctx, args)


def _names() -> list[str]:
    try:
        return sorted(p.stem for p in folder().glob("*.py") if not p.stem.startswith("_"))
    except LocalError:
        return []


def _command(name: str) -> click.Command:
    @click.command(name, help=f"Run benchmark {name}." if name != "all" else "Run every benchmark.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON object per target.")
    @click.option("--quick", is_flag=True, help="A tenth of the work, for CI.")
    def one(as_json: bool, quick: bool) -> None:
        _run(_names() if name == "all" else [name], as_json=as_json, quick=quick)

    return one


def _run(names: list[str], *, as_json: bool, quick: bool) -> None:
    met = True
    for one in names:
        found = load(folder() / f"{one}.py").run(quick=quick)
        results = found if isinstance(found, list) else [found]
        met = met and all(result["met"] for result in results)
        text = json.dumps(results if len(results) > 1 else results[0], ensure_ascii=False)
        click.echo(text if as_json else "\n".join(table(result) for result in results))
    sys.exit(0 if met else 1)


@click.group(cls=Benches)
def bench() -> None:
    """Run a benchmark (a file of bench/), or `all`; make the data of a province; write the sizing table."""


@bench.command()
@click.option(
    "--outlets", default=5000, show_default=True, type=click.IntRange(1, 100_000), help="How many report."
)
@click.option("--days", default=365, show_default=True, type=click.IntRange(1, 3660), help="Of hours.")
@click.option("--factors", default=5, show_default=True, type=click.IntRange(1, 8), help="Of each outlet.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("province"),
    show_default=True,
    help="Folder that is made.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same hours.")
@click.option("--workers", default=0, help="Processes; 0: one a core.")
@click.option(
    "--inputs", is_flag=True, help="Give every hour a digest, as real ones have; slower and larger."
)
@click.option("--json", "as_json", is_flag=True, help="What was made, as one object.")
def data(
    outlets: int, days: int, factors: int, out: Path, seed: int, workers: int, inputs: bool, as_json: bool
) -> None:
    """Make hours of a province: a store with its history, and outlets.csv beside it."""
    part = load(folder() / "_making.py")
    made = part.make(
        out, outlets=outlets, days=days, factors=factors, seed=seed, workers=workers, inputs=inputs,
        progress=None if as_json else part.bar(),
    )  # fmt: skip
    click.echo(json.dumps(made) if as_json else "\n".join(f"{name}: {value}" for name, value in made.items()))


@bench.command()
@click.option("--quick", is_flag=True, help="A tenth of the work.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Default: docs/sizing.md.")
def sizing(quick: bool, out: Path | None) -> None:
    """Measure this machine and write the sizing table into the documents."""
    target = out or folder().parent / "docs" / "sizing.md"
    target.write_text(load(folder() / "_sizing.py").page(quick=quick), encoding="utf-8")
    click.echo(f"written: {target}")
