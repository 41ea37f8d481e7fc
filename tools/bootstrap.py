"""Make ``.venv`` and put uv, pinned by hash, into it. Runs on the system's Python with nothing installed."""

import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"


def uv_requirement() -> str:
    """The lines of the lock file that pin uv."""
    text = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    match = re.search(r"^uv==.*?(?=^\S)", text, re.MULTILINE | re.DOTALL)
    if match is None:
        sys.exit("requirements/run.txt pins no uv: run tools/lock on a machine that has one")
    return match[0]


def main() -> None:
    """Make the environment and install uv."""
    if sys.version_info < (3, 11):
        sys.exit(
            f"mingcha needs Python 3.11 or later; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 run"
        )
    if not (VENV / "bin" / "python").exists():
        print("· making .venv", flush=True)
        try:
            venv.create(VENV, with_pip=True, symlinks=True)
        except (subprocess.CalledProcessError, OSError) as error:
            sys.exit(f"cannot make .venv: {error}. On Debian or Ubuntu: apt install python3-venv")
    print("· fetching uv", flush=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(uv_requirement())
        file.flush()
        pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "-q", "--require-hashes", "--no-deps"]
        subprocess.run([*pip, "-r", file.name], check=True)


if __name__ == "__main__":
    main()
