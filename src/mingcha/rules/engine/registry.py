"""Finding everything: each folder of ``standards`` is a document, each ``*.py`` in it may hold rules.

To add a rule is to add one file. Nothing is listed by hand; what is wrong is said with file, key and
remedy when loading, not when judging.
"""

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from types import ModuleType

from mingcha.core.errors import BadRule, NotFound
from mingcha.rules.engine.clauses import Document, load_document
from mingcha.rules.engine.declare import KINDS, MARK, Rule
from mingcha.rules.engine.parameters import Parameter, ParameterValue, load_parameter
from mingcha.rules.engine.regions import NATIONAL, Region, load_regions, value_on

RULES = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Registry:
    """All rules, documents, parameters and regions of one loading."""

    folder: Path
    rules: Mapping[str, Rule] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    regions: Mapping[str, Region] = field(default_factory=dict)

    def rule(self, rule_id: str) -> Rule:
        """Raises NotFound with the ids that are known."""
        try:
            return self.rules[rule_id]
        except KeyError:
            raise NotFound(f"no rule {rule_id!r}; known: {', '.join(sorted(self.rules))}") from None

    def parameter(self, name: str, day: date, region: str = NATIONAL) -> ParameterValue | None:
        """The value of ``folder.name`` on ``day`` in ``region``; None when none is in force."""
        if name not in self.parameters:
            raise NotFound(f"no parameter {name!r}; known: {', '.join(sorted(self.parameters))}")
        return value_on(self.parameters[name], self.regions, region, day)


@cache
def standard_registry() -> Registry:
    """The registry of what is delivered with mingcha."""
    return load_all(RULES / "standards", RULES / "regions")


def load_all(standards: Path, regions: Path) -> Registry:
    """Load every folder of ``standards`` and every file of ``regions``.

    Raises:
        BadRule: file, key and remedy.
    """
    folders = [
        f for f in sorted(standards.iterdir()) if f.is_dir() and f.name.isidentifier() and f.name[0] != "_"
    ]
    documents = {f.name: load_document(f / "clauses.yaml") for f in folders if (f / "clauses.yaml").exists()}
    parameters = {p.name: p for f in folders for p in _parameters(f)}
    rules: dict[str, Rule] = {}
    for folder in folders:
        for path, declared in _rules(folder):
            _check(path, declared, documents, parameters, rules)
            rules[declared.id] = declared
    places = load_regions(regions)
    _check_overlays(regions, places, parameters)
    return Registry(standards, rules, documents, parameters, places)


def _parameters(folder: Path) -> Iterator[Parameter]:
    for path in sorted((folder / "params").glob("*.yaml")):
        yield load_parameter(path, f"{folder.name}.{path.stem}")


def _rules(folder: Path) -> Iterator[tuple[Path, Rule]]:
    for path in sorted(folder.glob("*.py")):
        if path.name == "__init__.py":
            continue
        for _, item in inspect.getmembers(load_module(path), inspect.isfunction):
            declared = getattr(item, MARK, None)
            if isinstance(declared, Rule):
                yield path, _localised(replace(declared, standard=folder.name))


def load_module(path: Path) -> ModuleType:
    """The module of a file; one inside the package under its own name, any other by its path.

    Raises:
        BadRule: the file cannot be imported.
    """
    if path.is_relative_to(RULES):
        parts = path.relative_to(RULES).with_suffix("").parts
        return importlib.import_module(".".join(("mingcha", "rules", *parts)))
    name = f"mingcha_rules_{hashlib.sha256(bytes(path)).hexdigest()[:16]}_{path.stem}"
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


def _localised(declared: Rule) -> Rule:
    """Parameter names in full: ``near`` of folder ``f`` is ``f.near``."""
    full = tuple(name if "." in name else f"{declared.standard}.{name}" for name in declared.params)
    return replace(declared, params=full)


def _check(
    path: Path,
    declared: Rule,
    documents: Mapping[str, Document],
    parameters: Mapping[str, Parameter],
    rules: Mapping[str, Rule],
) -> None:
    if declared.id in rules:
        raise BadRule(f"{path}: id '{declared.id}' is taken by {rules[declared.id].standard}; choose another")
    document = documents.get(declared.standard)
    if document is None:
        raise BadRule(f"{path}: its folder has no clauses.yaml; add one that names the document")
    if declared.clause not in document.clauses:
        raise BadRule(f"{path}: clause '{declared.clause}' is not in {path.parent / 'clauses.yaml'}; add it")
    for name in declared.params:
        if name not in parameters:
            folder, _, stem = name.rpartition(".")
            raise BadRule(f"{path}: params names '{name}'; add {folder}/params/{stem}.yaml")
    for item in declared.inputs:
        if item.kind not in KINDS:
            raise BadRule(
                f"{path}: input '{item.name}' is of kind '{item.kind}'; expected {', '.join(KINDS)}"
            )
    codes = [outcome.code for outcome in declared.outcomes]
    for code in codes:
        if codes.count(code) > 1:
            raise BadRule(f"{path}: outcome '{code}' is declared twice; every outcome has its own code")


def _check_overlays(folder: Path, places: Mapping[str, Region], parameters: Mapping[str, Parameter]) -> None:
    for place in places.values():
        for name, overlay in place.parameters.items():
            path = folder / f"{place.name}.yaml"
            if name not in parameters:
                raise BadRule(f"{path}: key 'parameters.{name}' overlays nothing; name a file of params")
            if overlay.unit != parameters[name].unit:
                raise BadRule(
                    f"{path}: key 'parameters.{name}.unit' is {overlay.unit!r}, the standard's is "
                    f"{parameters[name].unit!r}; give the same unit"
                )
