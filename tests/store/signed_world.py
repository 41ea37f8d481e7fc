"""A signed journal for the tests, and the outside verifier run where mingcha cannot be imported."""

import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from journal_makers import HOUR_US, T0, filled, frame

from mingcha.core.clock import from_us
from mingcha.store.journal import Journal, Notary, package

AT = datetime(2026, 11, 26, tzinfo=UTC)
LATER = AT + timedelta(minutes=10)
SCRIPT = package.HERE / "outside" / "verify_journal.py"
BOOT = """
import importlib.util, runpy, sys
sys.path[:0] = [{lib!r}]
assert importlib.util.find_spec("mingcha") is None, "mingcha must not be there"
sys.argv = {argv!r}
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def signed(data: Path, **options) -> Notary:
    """A data folder with a journal of some days, signed."""
    filled(data / "journal", **options)
    notary = Notary.in_data(data)
    notary.checkpoint(at=AT)
    return notary


def grown(data: Path, *, blocks: int = 2) -> None:
    """Some more blocks on the last day."""
    with Journal(data / "journal") as journal:
        for n in range(blocks):
            journal.append(
                [frame(1000 + n * 5 + k, T0 + 2 * 24 * HOUR_US + (10 + n) * HOUR_US) for k in range(5)]
            )


def us(moment: int) -> datetime:
    return from_us(moment)


@cache
def library(*names: str) -> Path:
    """A folder from which only ``names`` can be imported."""
    import tempfile

    folder = Path(tempfile.mkdtemp())
    for name in names:
        spec = find_spec(name)
        home = Path(spec.submodule_search_locations[0] if spec.submodule_search_locations else spec.origin)
        (folder / home.name).symlink_to(home)
    return folder


def outside(
    path: Path,
    *words: str,
    script: Path = SCRIPT,
    names=("zstandard", "cryptography", "cffi", "_cffi_backend"),
):
    """Run the script isolated; gives exit code and what it printed."""
    script = Path(shutil.copy(script, library(*names) / "verify_journal.py"))
    code = BOOT.format(lib=str(script.parent), argv=[str(script), str(path), *words])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout
