"""``mingcha bench data``: the hours of a province are such as the rest of the system makes them."""

import csv
import json
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from mingcha.cli.bench import bench, folder, load
from mingcha.core.causes import NOT_DUE, NOT_RECEIVED
from mingcha.core.clock import from_epoch
from mingcha.core.errors import LocalError
from mingcha.core.spans import Span
from mingcha.store.telemetry import Telemetry
from mingcha.store.telemetry.history import schema

OUTLETS, DAYS, FACTORS = 24, 40, 4


@pytest.fixture(scope="module")
def making() -> ModuleType:
    return load(folder() / "_making.py")


@pytest.fixture(scope="module")
def province(making: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out: Path = tmp_path_factory.mktemp("data") / "province"
    making.make(out, outlets=OUTLETS, days=DAYS, factors=FACTORS, workers=1)
    return out


@pytest.fixture(scope="module")
def hours(province: Path) -> list[pa.Table]:
    """Every file."""
    return [
        pq.read_table(path, partitioning=None)
        for path in sorted(province.glob("history/*/hours/**/*.parquet"))
    ]


def test_every_outlet_and_factor_has_every_hour_once_in_use(hours: list[pa.Table]) -> None:
    whole = pa.concat_tables(hours)
    in_use = whole.filter(whole["current"])
    assert in_use.num_rows == OUTLETS * FACTORS * DAYS * 24
    assert len(in_use.group_by(["outlet", "factor", "start"]).aggregate([])) == in_use.num_rows
    assert whole.num_rows > in_use.num_rows, "nothing came late"


def test_rows_are_sorted_as_the_history_wants_them_in_its_columns(hours: list[pa.Table]) -> None:
    keys = [(name, "ascending") for name in schema.SORTED["hours"]]
    for table in hours:
        assert table.schema.equals(schema.SCHEMAS["hours"], check_metadata=False)
        assert pc.sort_indices(table, sort_keys=keys).to_pylist() == list(range(table.num_rows))


def test_causes_due_received_and_means_fit_together(hours: list[pa.Table]) -> None:
    rows: list[dict[str, Any]] = pa.concat_tables(hours).to_pylist()
    for row in rows:
        assert row["due"] == (row["cause"] not in NOT_DUE)
        assert row["received"] == (row["cause"] not in NOT_RECEIVED)
        assert (row["mean"] is not None) == (row["code"] == "N")
        assert row["cause"] or row["code"] == "N"
        assert row["minimum"] is None or row["minimum"] <= row["mean"] + 1e-9 <= row["maximum"] + 2e-9
    assert {"", "no_frame", "calibration", "standard_check", "fault", "stopped"} <= {
        row["cause"] for row in rows
    }


def test_the_same_seed_gives_the_same_rows_whatever_the_workers(
    making: ModuleType, hours: list[pa.Table], tmp_path: Path
) -> None:
    for seed, same in ((1, True), (2, False)):
        out = tmp_path / str(seed)
        making.make(out, outlets=OUTLETS, days=DAYS, factors=FACTORS, workers=2 if same else 1, seed=seed)
        files = sorted(out.glob("history/*/hours/**/*.parquet"), key=lambda path: path.parent)
        again = pa.concat_tables([pq.read_table(path, partitioning=None) for path in files])
        keys = [(name, "ascending") for name in schema.SORTED["hours"]]
        assert again.sort_by(keys).equals(pa.concat_tables(hours).sort_by(keys)) == same


def test_the_store_reads_what_was_made(making: ModuleType, province: Path) -> None:
    store = Telemetry(province / "readings.sqlite3")
    register = list(csv.DictReader((province / "outlets.csv").open(encoding="utf-8")))
    assert len(register) == OUTLETS
    assert {row["medium"] for row in register} == {"gas", "water"}
    start = making.Province(OUTLETS, DAYS).start
    day = Span(from_epoch(start), from_epoch(start) + timedelta(days=1))
    for row in register:
        values = store.hours(row["outlet"], day)
        assert len(values) == 24 * FACTORS
        assert len({value.factor for value in values}) == FACTORS
    store.close()


def test_a_folder_with_a_store_is_left_alone(making: ModuleType, province: Path) -> None:
    with pytest.raises(LocalError, match="holds a store already"):
        making.make(province, outlets=1, days=1)


def test_the_command_says_how_fast_it_was(tmp_path: Path) -> None:
    out = tmp_path / "small"
    done = CliRunner().invoke(
        bench, ["data", "--outlets", "3", "--days", "2", "--workers", "1", "--out", str(out), "--json"]
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert said["rows"] >= 3 * 2 * 24 * 5
    assert said["rows_a_second"] > 0


def test_an_unknown_benchmark_is_refused() -> None:
    assert CliRunner().invoke(bench, ["speed"]).exit_code == 2
