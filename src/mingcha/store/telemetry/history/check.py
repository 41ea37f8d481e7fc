"""Whether what the recent store says is sealed is there."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.fs as pafs

from mingcha.store.telemetry.history import pointers

if TYPE_CHECKING:
    from mingcha.store.telemetry.store import Telemetry


@dataclass(frozen=True, slots=True)
class Health:
    """``broken``: files that are missing or of another size, with what was found. ``reopened``: days to be sealed anew."""

    partitions: int
    files: int
    bytes: int
    reopened: int
    broken: list[str]


def health(telemetry: "Telemetry") -> Health:
    """Look for every file in use; their content was compared when they were sealed.

    Raises:
        OSError: the place cannot be reached.
        BadInput: the place is not set, or has another form.
    """
    with telemetry.reading() as session:
        sealed, reopened = pointers.everything(session), pointers.all_reopened(session)
        generation = telemetry.generation()
    files = [file for one in sealed for file in one.files]
    broken = []
    for file in files:
        place = telemetry.shelf.place
        path = place.below(generation, file.table, file.path)
        info = place.fs.get_file_info(path)
        if info.type != pafs.FileType.File:
            broken.append(f"{path}: not there")
        elif info.size != file.bytes:
            broken.append(f"{path}: {info.size} bytes found, {file.bytes} expected")
    return Health(len(sealed), len(files), sum(file.bytes for file in files), len(reopened), broken)
