"""The crash benchmark (target R1) at a hundredth of its size; it would see what it looks for."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mingcha.cli.bench import folder, load

SHORT = 10


@pytest.fixture(scope="module")
def crash() -> ModuleType:
    return load(folder() / "crash.py")


@pytest.fixture(scope="module")
def done(crash: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run that was killed ten times, its data folder still there."""
    run = crash.Crash(tmp_path_factory.mktemp("crash"), SHORT)
    return run, asyncio.run(run.run())


def test_kills_lose_and_double_nothing(done: Any) -> None:
    _, result = done
    assert result["met"], json.dumps(result["values"], ensure_ascii=False, indent=1)
    assert result["values"]["kills"] >= SHORT
    assert set(result["values"]["killed"]) == {"gateway", "projector", "worker"}
    assert result["values"]["ended_by_themselves"] == {}
    assert (result["id"], json.loads(json.dumps(result))) == ("R1", result)


def test_a_lost_frame_a_wrong_value_and_a_doubled_one_would_be_seen(done: Any) -> None:
    run, _ = done
    logger = run.loggers[0]
    (kind, moment), value = next(iter(logger.sent.items()))
    later = datetime.fromisoformat("2026-10-30T00:00:00+00:00")
    logger.acked.add((kind, later))
    logger.sent[kind, later] = "1.0"
    logger.sent[kind, moment] = "0.5"
    try:
        assert run._acked() - run._journalled() == {(logger.mn, kind, later)}
        assert run._readings()[:2] == (2, 0)
        del logger.sent[kind, moment]
        assert run._readings()[:2] == (1, 1)
    finally:
        logger.acked.discard((kind, later))
        del logger.sent[kind, later]
        logger.sent[kind, moment] = value


def test_a_broken_journal_and_a_doubled_finding_would_be_seen(done: Any) -> None:
    run, _ = done
    with closing(sqlite3.connect(run.folder / "records.sqlite3")) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(findings_fact)") if row[1] != "id"]
        copied = ", ".join("'other'" if name == "digest" else name for name in columns)
        db.execute(
            f"INSERT INTO findings_fact ({', '.join(columns)}) SELECT {copied} FROM findings_fact WHERE withdrawn_at IS NULL LIMIT 1"
        )
        db.commit()
    path = next(Path(run.folder / "journal").glob("*.sqlite3"))
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE blocks SET chain = zeroblob(32) WHERE seq = 2")
        db.commit()
    assert run._facts()[1] == 1
    verified = run._mingcha("journal", "verify", "--json")
    assert verified.returncode == 1
    assert json.loads(verified.stdout)["ok"] is False
