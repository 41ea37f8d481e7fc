"""Regions: what a place changes, on top of its parent, up to ``national``.

An overlay's value holds from its own date until the parent's text is changed there again: on a day,
the value of the nearest region that has one in force is taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from mingcha.core.errors import BadInput, BadRule
from mingcha.rules.engine.parameters import Parameter, ParameterValue, parameter_of
from mingcha.rules.engine.reading import only_keys, read_mapping, read_text, read_yaml

NATIONAL = "national"
_KEYS = {"title", "unit", "values", "cite", "sureness", "checked_on"}


@dataclass(frozen=True, slots=True)
class Region:
    """``parent`` is None for ``national`` only."""

    name: str
    title_zh: str
    title_en: str
    parent: str | None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


def load_regions(folder: Path) -> dict[str, Region]:
    """Every ``*.yaml`` of the folder.

    Raises:
        BadRule: a file is wrong, or a chain of parents does not end at ``national``.
    """
    regions = {path.stem: _load(path) for path in sorted(folder.glob("*.yaml"))}
    for name in regions:
        _check_chain(folder, regions, name)
    return regions


def _load(path: Path) -> Region:
    found = read_yaml(path)
    only_keys(path, found, needed={"title_zh", "title_en", "parent", "parameters"})
    parameters = {}
    for name, body in read_mapping(path, "parameters", found["parameters"]).items():
        inner = read_mapping(path, f"parameters.{name}", body)
        only_keys(path, inner, needed=_KEYS, inside=f"parameters.{name}.")
        parameters[name] = parameter_of(path, name, inner, region=path.stem)
    parent = found["parent"]
    return Region(
        path.stem,
        read_text(path, "title_zh", found["title_zh"]),
        read_text(path, "title_en", found["title_en"]),
        None if parent is None else read_text(path, "parent", parent),
        parameters,
    )


def _check_chain(folder: Path, regions: Mapping[str, Region], name: str) -> None:
    """Check that the parents of a region exist and end at ``national``."""
    out: list[Region] = []
    step: str | None = name
    while step is not None:
        if step not in regions:
            raise BadRule(f"{folder / (name + '.yaml')}: key 'parent' names '{step}', which has no file here")
        if regions[step] in out:
            raise BadRule(f"{folder / (name + '.yaml')}: key 'parent' leads in a circle through '{step}'")
        out.append(regions[step])
        step = regions[step].parent
    if out[-1].name != NATIONAL:
        raise BadRule(f"{folder / (name + '.yaml')}: key 'parent' does not lead to '{NATIONAL}'")


def value_on(base: Parameter, regions: Mapping[str, Region], region: str, day: date) -> ParameterValue | None:
    """The value of ``base`` in ``region`` on ``day``; None when none is in force.

    Raises:
        BadInput: there is no such region.
    """
    if region not in regions:
        raise BadInput({"region": f"{region!r} is not known; expected one of {', '.join(sorted(regions))}"})
    place: Region | None = regions[region]
    while place is not None:
        overlay = place.parameters.get(base.name)
        value = overlay.on(day) if overlay is not None else None
        if value is not None:
            return value
        place = regions[place.parent] if place.parent is not None else None
    return base.on(day)
