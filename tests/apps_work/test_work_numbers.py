"""Numbers: in order, each once, also when several processes take them at the same time."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mingcha.core.numbers import number_after, take_number

PROCESSES, EACH = 2, 12


@given(st.integers(0, 999_998))
def test_a_number_follows_the_last(count):
    assert number_after(f"V-2026-{count:06d}", "V-2026-", digits=6) == f"V-2026-{count + 1:06d}"


def test_the_first_is_one():
    assert number_after(None, "C-2026-", digits=4) == "C-2026-0001"


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ("V-2025-000001", "no number under"),
        ("V-2026-00000x", "no number under"),
        ("V-2026-999999", "no number is left"),
    ],
)
def test_a_number_that_cannot_follow_is_said(last, words):
    with pytest.raises(ValueError, match=words):
        number_after(last, "V-2026-", digits=6)


def test_who_was_not_quick_enough_tries_again():
    held = ["X-1"]

    def take(number: str) -> str:
        if len(held) < 4:  # another was quicker
            held.append(f"X-{len(held) + 1}")
            raise KeyError(number)
        held.append(number)
        return number

    assert take_number("X-", digits=1, last=lambda: held[-1], take=take, taken=KeyError) == "X-5"


def test_who_is_never_quick_enough_is_told():
    def taken(number: str) -> str:
        raise KeyError(number)

    with pytest.raises(KeyError):
        take_number("X-", digits=1, last=lambda: None, take=taken, taken=KeyError)


def test_processes_at_once_leave_no_gap_and_no_double(tmp_path):
    """Several processes open visits on one file at the same time."""
    script = Path(__file__).with_name("open_visits.py")
    env = os.environ | {"MINGCHA_DATA": str(tmp_path)}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, str(script), *arguments],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("prepare", str(PROCESSES * EACH))
    with ThreadPoolExecutor(PROCESSES) as pool:
        found = list(pool.map(lambda part: run("open", str(part), str(EACH)), range(PROCESSES)))
    numbers = sorted(line for text in found for line in text.split())
    assert numbers == [f"V-2026-{n:06d}" for n in range(1, PROCESSES * EACH + 1)]
    assert run("verify").strip() == "[]"
