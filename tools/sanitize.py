"""Build the compiled cores with AddressSanitizer and UndefinedBehaviorSanitizer in a temporary folder and try it.

``python tools/sanitize.py [COUNT]``: the recorded frames, then COUNT fuzzed inputs (``tests/soak/hj212_fuzz.py``), then blocks
of COUNT random entries through the packer of the journal.
Exit code 0 nothing found, 1 a fault (the sanitizer says where), 3 the compiler has no sanitizers (the reason is said).
The tree is not touched: the child process imports the cores from the temporary folder.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = ("mingcha.protocol.hj212._codec", "mingcha.store.journal._pack")
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
        built = {libraries!r}.get(name)
        return importlib.util.spec_from_file_location(name, built) if built else None
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
import random
from mingcha.store.journal import Direction, Entry, packing
assert packing.BACKEND == "compiled", "the sanitized packer was not imported"
chance, made = random.Random(7), 0
while made < {count}:
    mns = ["", "A" * 24, "0" * chance.randrange(1, 90), "\u4e2d" * chance.randrange(1, 30)]
    entries = [
        Entry(chance.choice(list(Direction)), chance.randrange(1 << 61), f"c{{chance.randrange(9)}}", mn,
              chance.choice(["", "accepted", "\u4e2d"]), chance.choice([b"", mn.encode()]) + chance.randbytes(chance.randrange(300)))
        for mn in chance.choices(mns, k=chance.choice([1, 2, 15, 16, 17, 40, 300]))
    ]
    assert packing.pack(entries) == packing.pack_pure(entries)
    made += len(entries)
print(f"{{report.total}} recorded frames, {count} fuzzed inputs and {{made}} packed entries, nothing found")
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


def build(module: str, folder: Path, compiler: str) -> Path:
    """The sanitized ``module`` in ``folder``."""
    pyx = ROOT / "src" / f"{module.replace('.', '/')}.pyx"
    source, target = folder / f"{pyx.stem}.c", folder / f"{pyx.stem}{sysconfig.get_config_var('EXT_SUFFIX')}"
    subprocess.run([sys.executable, "-m", "cython", "-3", "-o", str(source), str(pyx)], check=True)
    include = sysconfig.get_paths()["include"]
    command = [
        compiler,
        "-shared",
        "-fPIC",
        *FLAGS,
        f"-I{include}",
        f"-I{pyx.parent}",
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
        built = {module: str(build(module, Path(name), compiler)) for module in MODULES}
        code = CHILD.format(libraries=built, root=str(ROOT), count=count)
        # PYTHONMALLOC: every object has its own guarded memory. Leaks are not looked for: the interpreter keeps much.
        environment = {
            **os.environ, "LD_PRELOAD": " ".join(preload), "PYTHONMALLOC": "malloc", "MINGCHA_PURE": "0",
            "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        }  # fmt: skip
        done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=False)
        return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
