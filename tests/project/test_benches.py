"""The benchmarks keep their contract (design §7), so that scripts can rely on it."""

import inspect
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from mingcha.cli.bench import bench, folder, load

NAMES = sorted(path.stem for path in folder().glob("*.py") if not path.stem.startswith("_"))
TARGETS = {
    "crash": "R1", "decode": "P1", "forward": "F1", "gateway": "P2", "latency": "P3", "freshness": "P4", "store": "P6",
    "queries": "P7", "rates": "P8", "restate": "F2",
}  # fmt: skip
KEYS = {"id", "values", "target", "met", "machine", "method"}


@pytest.fixture(scope="module")
def modules() -> dict[str, ModuleType]:
    return {name: load(folder() / f"{name}.py") for name in NAMES}


def assert_contract(result: dict[str, Any]) -> None:
    assert result.keys() == KEYS
    assert isinstance(result["met"], bool)
    assert isinstance(result["values"], dict)
    assert all(isinstance(result[name], str) for name in ("id", "target", "machine", "method"))
    assert json.loads(json.dumps(result)) == result


def test_names_are_those_of_the_design() -> None:
    assert sorted(TARGETS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_takes_quick_and_names_its_target(name: str, modules: dict[str, ModuleType]) -> None:
    quick = inspect.signature(modules[name].run).parameters["quick"]
    assert (quick.kind, quick.default) == (inspect.Parameter.KEYWORD_ONLY, False)
    assert TARGETS[name] in (modules[name].__doc__ or "")
    assert str(Path(modules[name].__file__ or "").name) in (modules[name].__doc__ or "")


def test_a_quick_run_gives_what_the_contract_says() -> None:
    done = CliRunner().invoke(bench, ["decode", "--quick", "--json"])
    result = json.loads(done.output)
    assert_contract(result)
    assert done.exit_code == (0 if result["met"] else 1)
    assert {"lazy", "columns", "feed", "limit"} <= result["values"].keys()


def test_a_table_says_the_target_and_whether_it_is_met() -> None:
    done = CliRunner().invoke(bench, ["decode", "--quick"])
    assert "P1  target lazy at least" in done.output
    assert "lazy: {" in done.output
    assert "columns: {" in done.output
