"""The compiled core under AddressSanitizer and UndefinedBehaviorSanitizer, built anew in a temporary folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mingcha.protocol.hj212 import codec

TOOL = Path(__file__).resolve().parents[2] / "tools" / "sanitize.py"
NOT_THERE = 3

pytestmark = pytest.mark.skipif(codec.BACKEND != "compiled", reason="no compiled codec")


def test_the_core_touches_no_memory_that_is_not_its_own():
    count = str(max(2000, int(os.environ.get("MINGCHA_FUZZ") or 0)))
    done = subprocess.run([sys.executable, str(TOOL), count], capture_output=True, text=True, check=False)
    if done.returncode == NOT_THERE:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing found" in done.stdout


def test_a_compiler_without_sanitizers_is_said(tmp_path):
    compiler = tmp_path / "cc"
    compiler.write_text('#!/bin/sh\necho "${1#-print-file-name=}"\n', encoding="utf-8")
    compiler.chmod(0o755)
    environment = {**os.environ, "CC": str(compiler)}
    done = subprocess.run(
        [sys.executable, str(TOOL)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == NOT_THERE
    assert "libasan.so" in done.stdout
