"""Build the compiled core with AddressSanitizer and UndefinedBehaviorSanitizer in a temporary folder and try it.

``python tools/sanitize.py [COUNT]``: the recorded frames, then COUNT fuzzed inputs (``tests/soak/hj212_fuzz.py``).
Exit code 0 nothing found, 1 a fault (the sanitizer says where), 3 the compiler has no sanitizers (the reason is said).
The tree is not touched: the child process imports the core from the temporary folder.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "src/mingcha/protocol/hj212"
MODULE = "mingcha.protocol.hj212._codec"
COUNT = 3000
# -O1 keeps the build short; faults of undefined behaviour end the run like those of memory.
FLAGS = (
    "-O1",
    "-g1",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-w",
)

CHILD = """
import importlib.util, sys
from importlib.abc import MetaPathFinder
class Finder(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        return importlib.util.spec_from_file_location(name, {library!r}) if name == {module!r} else None
sys.meta_path.insert(0, Finder())
sys.path.insert(0, {root!r})
from importlib.resources import files
from mingcha.protocol import hj212
from mingcha.protocol.hj212 import codec, selftest
assert codec.BACKEND == "compiled", "the sanitized core was not imported"
lines = files(hj212).joinpath("vectors", "hj212_frames.jsonl").read_text(encoding="utf-8").split("\\n")
report = selftest.run(lines)
assert not report.differences, report.differences
from tests.soak import hj212_fuzz
hj212_fuzz.run({count}, seed=7)
print(f"{{report.total}} recorded frames and {count} fuzzed inputs, nothing found")
"""


class Missing(Exception):
    """What is not there, and why that matters."""


def library(name: str, compiler: str) -> str:
    """The path of a sanitizer's runtime.

    Raises:
        Missing: the compiler has none.
    """
    if shutil.which(compiler) is None:
        raise Missing(f"there is no C compiler {compiler}")
    asked = [compiler, f"-print-file-name={name}"]
    found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    if not Path(found).is_absolute():
        raise Missing(
            f"{compiler} has no {name}: install the sanitizer runtime that belongs to it (libasan, libubsan)"
        )
    return str(Path(found).resolve())


def build(folder: Path, compiler: str) -> Path:
    """The sanitized core in ``folder``."""
    source, target = folder / "_codec.c", folder / f"_codec{sysconfig.get_config_var('EXT_SUFFIX')}"
    subprocess.run(
        [sys.executable, "-m", "cython", "-3", "-o", str(source), str(CORE / "_codec.pyx")], check=True
    )
    include = sysconfig.get_paths()["include"]
    command = [
        compiler,
        "-shared",
        "-fPIC",
        *FLAGS,
        f"-I{include}",
        f"-I{CORE}",
        str(source),
        "-o",
        str(target),
    ]
    subprocess.run(command, check=True)
    return target


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else COUNT
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc") or "cc"
    try:
        preload = [library("libasan.so", compiler), library("libubsan.so", compiler)]
    except Missing as missing:
        print(f"not run: {missing}")
        return 3
    with tempfile.TemporaryDirectory(prefix="mingcha-sanitize-") as name:
        built = build(Path(name), compiler)
        code = CHILD.format(library=str(built), module=MODULE, root=str(ROOT), count=count)
        # PYTHONMALLOC: every object has its own guarded memory. Leaks are not looked for: the interpreter keeps much.
        environment = {
            **os.environ, "LD_PRELOAD": " ".join(preload), "PYTHONMALLOC": "malloc", "MINGCHA_PURE": "0",
            "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        }  # fmt: skip
        done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=False)
        return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
