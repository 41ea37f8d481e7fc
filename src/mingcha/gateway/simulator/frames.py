"""Frames of a profile: text of the factors, packs, and what faults make of them on the wire."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from mingcha.core.clock import format_digits, from_epoch, to_epoch
from mingcha.core.packets import DAY, HOUR, MINUTE, REALTIME
from mingcha.gateway.simulator import means, plant
from mingcha.gateway.simulator.faults import Fault, Future, SplitPacks
from mingcha.gateway.simulator.kinds import DECIMALS, KINDS
from mingcha.gateway.simulator.noise import Values
from mingcha.gateway.simulator.plant import FLAGS, SAMPLE_S, Profile
from mingcha.protocol.hj212 import encode, factors
from mingcha.protocol.hj212.editions import ACK_BIT, SPLIT_BIT, version_bits

CP_ROOM = 890  # bytes between CP=&& and &&: header and CP together must stay within 1024
VOLUME_DECIMALS, MASS_DECIMALS = 1, 4  # of -Cou: m³, kg


@dataclass(frozen=True, slots=True)
class Upload:
    """One frame to be sent. ``qn`` names it in the answer; ``time`` is the true DataTime."""

    mn: str
    cn: str
    qn: str
    time: datetime
    raw: bytes
    wants_ack: bool

    def on_wire(self, faults: Sequence[Fault]) -> list[bytes]:
        """The writes that leave the logger in place of this frame."""
        return on_wire(self.raw, self.time, self.mn, faults)


def frames_for(
    profile: Profile,
    kind: str,
    moment: datetime,
    edition: str = "2017",
    *,
    sent: datetime | None = None,
    faults: Sequence[Fault] = (),
    supplement: bool = False,
    ack: bool = True,
) -> list[bytes]:
    """The bytes that ``profile`` writes for ``kind`` (2011, 2051, 2061, 2031) at ``moment`` (DataTime).

    ``sent`` stamps the QN; without it the frame is sent when its interval ends.
    """
    found = uploads_for(
        profile, kind, moment, edition, sent=sent, faults=faults, supplement=supplement, ack=ack
    )  # fmt: skip
    return [write for upload in found for write in upload.on_wire(faults)]


def uploads_for(
    profile: Profile,
    kind: str,
    moment: datetime,
    edition: str = "2017",
    *,
    sent: datetime | None = None,
    faults: Sequence[Fault] = (),
    supplement: bool = False,
    ack: bool = True,
) -> list[Upload]:
    """As ``frames_for``, but the clean frames with their names; one unless it must be split."""
    items = items_of(profile, kind, moment, edition, faults)
    after = moment if kind == REALTIME else moment + timedelta(seconds=interval_s(profile, kind))
    form = Form(profile, kind, edition, tuple(faults), ack)
    return form.uploads(items, moment, sent or after, supplement=supplement)


def items_of(
    profile: Profile, kind: str, moment: datetime, edition: str, faults: Sequence[Fault] = ()
) -> list[str]:
    """The factor items of the instant (2011) or interval that begins at ``moment``."""
    disturbing = tuple(fault for fault in faults if fault.disturbs)
    if disturbing:
        return _items(profile, kind, moment, edition, disturbing)
    plant_of = replace(profile, mn=profile.twin or profile.mn, twin="", password="")
    second = to_epoch(moment)
    start = second // SAMPLE_S * SAMPLE_S if kind == REALTIME else second  # the sample at or before
    return list(_cached_items(plant_of, kind, start, edition))


@lru_cache(maxsize=4096)  # loggers of a large fleet share plants; a minute of 200 plants in three editions
def _cached_items(profile: Profile, kind: str, start: int, edition: str) -> tuple[str, ...]:
    return tuple(_items(profile, kind, from_epoch(start), edition, ()))


def _items(profile: Profile, kind: str, moment: datetime, edition: str, faults: Sequence[Fault]) -> list[str]:
    if kind == REALTIME:
        return realtime_items(profile, moment, edition, faults)
    return next(interval_items(table_for(profile, kind, moment, faults), edition))


def on_wire(raw: bytes, moment: datetime, mn: str, faults: Sequence[Fault]) -> list[bytes]:
    """The writes that leave the logger in place of the frame ``raw`` with DataTime ``moment``."""
    writes = [raw]
    for fault in faults:
        if fault.strikes(moment, mn):
            writes = [*writes[:-1], *fault.on_wire(writes[-1])]
    return writes


@dataclass(frozen=True, slots=True)
class Form:
    """How one logger writes its frames of one kind."""

    profile: Profile
    kind: str
    edition: str
    faults: tuple[Fault, ...] = ()
    ack: bool = True

    def uploads(
        self, items: list[str], moment: datetime, sent: datetime, *, supplement: bool = False
    ) -> list[Upload]:
        """The frames that carry ``items`` of the interval or instant ``moment``."""
        texts = self.texts(items, moment)
        return [
            self._upload(text, (len(texts), number), moment, sent, supplement)
            for number, text in enumerate(texts, start=1)
        ]

    def texts(self, items: list[str], moment: datetime) -> list[str]:
        """The content of CP of each pack, with what the faults make of it."""
        shown, least = moment, 1
        for fault in self.faults:
            if fault.strikes(moment, self.profile.mn):
                items = fault.on_items(items)
                shown += fault.ahead if isinstance(fault, Future) else timedelta(0)
                least = fault.packs if isinstance(fault, SplitPacks) else least
        head = f"DataTime={format_digits(shown)}"
        return packed(head, items, limit=CP_ROOM, least=least)

    def _upload(
        self, text: str, pack: tuple[int, int], moment: datetime, sent: datetime, supplement: bool
    ) -> Upload:
        split = pack[0] > 1
        qn = format_digits(sent + timedelta(milliseconds=pack[1] - 1), milliseconds=True)
        raw = encode(
            edition=self.edition, qn=qn, st=self.profile.st, cn=self.kind, pw=self.profile.password,
            mn=self.profile.mn, flag=version_bits(self.edition) | ACK_BIT * self.ack | SPLIT_BIT * split,
            cp=text, pack=pack if split else None, rf=supplement and self.edition == "2025",
        )  # fmt: skip
        return Upload(self.profile.mn, self.kind, qn, moment, raw, self.ack)


def packed(head: str, items: Sequence[str], *, limit: int, least: int = 1) -> list[str]:
    """``head`` and the items in as few texts of at most ``limit`` bytes as possible, at least ``least``.

    Every text repeats the head (DataTime), HJ 212-2017 §6.6.
    """
    share = -(-len(items) // least)
    texts, size = [head], 0
    for item in items:
        if size and (size >= share or len(texts[-1]) + 1 + len(item) > limit):
            texts.append(head)
            size = 0
        texts[-1] += ";" + item
        size += 1
    return texts


def interval_s(profile: Profile, kind: str) -> int:
    return {MINUTE: profile.minute_interval_s, HOUR: 3600, DAY: 86_400}[kind]


def table_for(profile: Profile, kind: str, moment: datetime, faults: Sequence[Fault] = ()) -> means.Table:
    """The one interval of ``kind`` that begins at ``moment``."""
    start = to_epoch(moment)
    times = np.arange(start, start + interval_s(profile, kind), SAMPLE_S, dtype=np.int64)
    table = means.from_samples(profile, plant.samples(profile, times, faults))
    if kind in {HOUR, DAY}:
        table = means.hours(profile, table)
    return means.days(profile, table) if kind == DAY else table


def realtime_items(
    profile: Profile, moment: datetime, edition: str, faults: Sequence[Fault] = ()
) -> list[str]:
    """``a21026-Rtd=3.10,a21026-ZsRtd=3.42,a21026-Flag=N`` for every factor."""
    found = plant.at(profile, moment, faults)
    items = []
    for factor, column in found.values.items():
        code = code_in(edition, factor)
        if code is None:
            continue
        texts = [f"{code}-Rtd={_text(factor, column)[0]}"]
        if factor in found.converted:
            texts.append(f"{code}-ZsRtd={_text(factor, found.converted[factor])[0]}")
        items.append(",".join([*texts, f"{code}-Flag={FLAGS[found.flags[factor][0]]}"]))
    return items


def interval_items(table: means.Table, edition: str) -> Iterator[list[str]]:
    """For each interval of ``table`` the items of its frame; column by column, so that a week is quick."""
    columns = [
        _interval_texts(code, factor, column)
        for factor, column in table.columns.items()
        if (code := code_in(edition, factor)) is not None
    ]
    return (list(row) for row in zip(*columns, strict=True))


def _interval_texts(code: str, factor: str, column: means.Column) -> list[str]:
    fields: list[tuple[str, list[str]]] = []
    if column.total is not None:
        decimals = MASS_DECIMALS if column.converted or factor in _MASS else VOLUME_DECIMALS
        fields.append(("Cou", _fixed(column.total, decimals)))
    fields += [(name, _text(factor, getattr(column, at))) for name, at in _STATISTICS]
    if column.converted is not None:
        names = ("ZsMin", "ZsAvg", "ZsMax")
        fields += [(name, _text(factor, part)) for name, part in zip(names, column.converted, strict=True)]
    fields.append(("Flag", [FLAGS[number] for number in column.flags.tolist()]))
    form = ",".join(f"{code}-{name}=%s" for name, _ in fields)
    return [form % row for row in zip(*(texts for _, texts in fields), strict=True)]


_STATISTICS = (("Min", "low"), ("Avg", "mean"), ("Max", "high"))
_MASS = frozenset(p.factor for kind in KINDS.values() for p in kind.pollutants)


def _text(factor: str, column: Values) -> list[str]:
    return _fixed(column, DECIMALS.get(factor, 2))


def _fixed(column: Values, decimals: int) -> list[str]:
    form = f"%.{decimals}f"
    return [form % value for value in (np.round(column, decimals) + 0.0).tolist()]


@lru_cache(maxsize=256)
def code_in(edition: str, factor: str) -> str | None:
    """The code of ``factor`` in ``edition``; None where 2005 had none and the logger leaves it out."""
    if edition != "2005":
        return factor
    found = factors.lookup(factor)
    return (found.code_2005 or None) if found else None
