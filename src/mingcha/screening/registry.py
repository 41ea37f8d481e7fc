"""Finding detectors: every ``*.py`` of a folder may hold one. To add a detector is to add one file."""

import hashlib
import importlib
import importlib.util
import inspect
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from mingcha.core.errors import BadRule
from mingcha.screening.declare import MARK, Detector

DETECTORS = Path(__file__).resolve().parent / "detectors"


@cache
def standard_detectors() -> dict[str, Detector]:
    """What is delivered with mingcha, by id."""
    return load_detectors(DETECTORS)


def load_detectors(folder: Path) -> dict[str, Detector]:
    """Every detector of the folder, by id.

    Raises:
        BadRule: a file cannot be loaded, or an id is taken twice; file and remedy are named.
    """
    found: dict[str, Detector] = {}
    for path in sorted(folder.glob("*.py")):
        if path.name == "__init__.py":
            continue
        for _, item in inspect.getmembers(_module(path), inspect.isfunction):
            declared = getattr(item, MARK, None)
            if not isinstance(declared, Detector):
                continue
            if declared.id in found:
                raise BadRule(f"{path}: id '{declared.id}' is taken by another detector; choose another")
            found[declared.id] = declared
    return found


def _module(path: Path) -> ModuleType:
    if path.parent == DETECTORS:
        return importlib.import_module(f"mingcha.screening.detectors.{path.stem}")
    name = f"mingcha_detectors_{hashlib.sha256(bytes(path)).hexdigest()[:16]}_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BadRule(f"{path}: cannot be loaded as Python; name it like its siblings")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise BadRule(f"{path}: {type(error).__name__}: {error}; mend the file") from error
    return module
