"""Settings and keys in force at any moment: the projection of old frames is the same whenever it is made."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from mingcha.apps.devices import sealing
from mingcha.apps.devices.models import StationKey, StationSetting
from mingcha.core.digest import canonical
from mingcha.core.errors import BadInput, LocalError
from mingcha.protocol.hj212 import PLAIN, Decoding, Dialect

Decodings = Callable[[str, datetime], Decoding]
_Line = tuple[list[datetime], list[Decoding]]


def decodings(mn: str | None = None) -> Decodings:
    """(MN, moment) → dialect and keys in force then; what nobody set is read plainly. Reads all once: two queries.

    ``mn``: only of this one, for a page that shows its frames; others are read plainly then.

    Raises:
        BrokenEvidence: a key does not open. LocalError: a setting cannot be read by this version.
    """
    lines = {name: _line(settings, keys) for name, settings, keys in _kept(mn)}

    def at(name: str, moment: datetime) -> Decoding:
        line = lines.get(name)
        if line is None:
            return PLAIN
        place = bisect_right(line[0], moment)
        return line[1][place - 1] if place else PLAIN

    return at


def units_in_force(at: datetime, mns: Collection[str] | None) -> dict[str, tuple[tuple[str, str], ...]]:
    """(factor, unit) pairs in which a logger departs from the factor table at a moment, by MN; None: of all loggers."""
    found = StationSetting.objects.filter(valid_from__lte=at).order_by("valid_from", "id")
    if mns is not None:
        found = found.filter(datalogger__mn__in=mns)
    newest = {mn: data.get("units") for mn, data in found.values_list("datalogger__mn", "dialect")}
    return {mn: Dialect.from_json({"units": units}).units for mn, units in newest.items() if units}


def _kept(
    only: str | None,
) -> list[tuple[str, list[tuple[datetime, Dialect]], list[tuple[datetime, datetime | None, bytes]]]]:
    settings: dict[str, list[tuple[datetime, Dialect]]] = defaultdict(list)
    known: dict[str, Dialect] = {}
    wanted = {} if only is None else {"datalogger__mn": only}
    rows = (
        StationSetting.objects.filter(**wanted)
        .order_by("valid_from", "id")
        .values_list("datalogger__mn", "valid_from", "dialect", "id")
    )
    for mn, valid_from, data, number in rows:
        settings[mn].append((valid_from, _dialect(data, known, mn, number)))
    keys: dict[str, list[tuple[datetime, datetime | None, bytes]]] = defaultdict(list)
    usable = StationKey.objects.filter(**wanted).exclude(usable_from=None).order_by("-usable_from", "-id")
    for mn, start, ended, sealed in usable.values_list(
        "datalogger__mn", "usable_from", "ended_at", "sealed_key"
    ):
        if start is not None:
            keys[mn].append((start, ended, sealing.opened(sealed).encode("ascii")))
    return [(mn, settings.get(mn, []), keys.get(mn, [])) for mn in {*settings, *keys}]


def _dialect(data: dict[str, Any], known: dict[str, Dialect], mn: str, number: int) -> Dialect:
    text = canonical(data)
    if text not in known:
        try:
            known[text] = Dialect.from_json(data)
        except BadInput as error:
            raise LocalError(
                f"setting {number} of {mn} cannot be read by this version ({error}); enter a newer one that it can read"
            ) from None
    return known[text]


def _line(
    settings: list[tuple[datetime, Dialect]], keys: list[tuple[datetime, datetime | None, bytes]]
) -> _Line:
    """The moments at which the decoding of one MN changes, and what it is from each on."""
    begins = [start for start, _ in settings]

    def dialect(moment: datetime) -> Dialect:
        place = bisect_right(begins, moment)
        return settings[place - 1][1] if place else PLAIN.dialect

    spans = [
        (start, None if ended is None else ended + timedelta(hours=dialect(ended).key_grace_h), key)
        for start, ended, key in keys
    ]
    moments = sorted({*begins, *(s for s, _, _ in spans), *(e for _, e, _ in spans if e is not None)})
    held = [tuple(k for start, end, k in spans if start <= m and (end is None or m < end)) for m in moments]
    return moments, [Decoding(dialect(m), found) for m, found in zip(moments, held, strict=True)]
