"""How a detector is written down: ``@detector`` over one function, its settings beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from mingcha.core.citation import Sureness
from mingcha.core.clues import Clue

if TYPE_CHECKING:
    from mingcha.screening.features import Prepared

Detect = Callable[["Prepared", Mapping[str, Any]], list[Clue]]
F = TypeVar("F", bound=Detect)
MARK = "__mingcha_detector__"


@dataclass(frozen=True, slots=True)
class Setting:
    """One number of a detector. Numbers of detectors are defaults to be tuned unless a text sets them."""

    value: Any
    unit: str
    meaning: str
    sureness: Sureness = Sureness.DEFAULT


@dataclass(frozen=True, slots=True)
class Detector:
    """A declared detector. ``version`` changes when its definition does. ``history_s``: how much of the
    past it wants to see before the span it is asked about.
    """

    id: str
    name_zh: str
    name_en: str
    version: str
    history_s: int
    function: Detect
    settings: Mapping[str, Setting] = field(default_factory=dict)

    def run(self, prepared: "Prepared", **changed: Any) -> list[Clue]:
        """All clues in what was prepared, signed with id, version and settings.

        ``changed`` replaces settings by name.

        Raises:
            TypeError: a changed setting is not one of this detector.
        """
        unknown = changed.keys() - self.settings.keys()
        if unknown:
            raise TypeError(f"{self.id} has no setting {', '.join(sorted(unknown))}")
        values = {name: setting.value for name, setting in self.settings.items()}
        used = {**values, **changed}
        found = self.function(prepared, used)
        return [replace(clue, detector=self.id, version=self.version, parameters=used) for clue in found]


def detector(
    *,
    id: str,  # noqa: A002 - the word of the detector library, as for rules
    name_zh: str,
    name_en: str,
    settings: Mapping[str, Setting],
    version: str = "1",
    history_s: int = 14 * 86400,
) -> Callable[[F], F]:
    """Declare the function below as a detector; ``registry`` finds it when its file is loaded."""

    def attach(function: F) -> F:
        declared = Detector(id, name_zh, name_en, version, history_s, function, settings)
        setattr(function, MARK, declared)
        return function

    return attach
