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


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per target.")
@click.option("--quick", is_flag=True, help="A tenth of the work, for CI.")
def bench(name: str, as_json: bool, quick: bool) -> None:
    """Run benchmark NAME (a file of bench/), or `all`."""
    names = sorted(p.stem for p in folder().glob("*.py") if not p.stem.startswith("_"))
    if name not in (*names, "all"):
        raise click.BadParameter(f"{name}: expected one of {', '.join(names)}, all")
    met = True
    for one in names if name == "all" else [name]:
        found = load(folder() / f"{one}.py").run(quick=quick)
        results = found if isinstance(found, list) else [found]
        met = met and all(result["met"] for result in results)
        text = json.dumps(results if len(results) > 1 else results[0], ensure_ascii=False)
        click.echo(text if as_json else "\n".join(table(result) for result in results))
    sys.exit(0 if met else 1)
