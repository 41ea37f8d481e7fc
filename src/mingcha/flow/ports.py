"""What ``flow`` asks of a store of readings: the least that the telemetry store offers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from mingcha.core.spans import Span
from mingcha.stats.codes import Times, Values


class Column(Protocol):
    """One field of one factor over time; columns run parallel, ``times`` rise strictly."""

    @property
    def times(self) -> Times: ...
    @property
    def values(self) -> Values: ...
    @property
    def texts(self) -> Sequence[str]: ...
    @property
    def flags(self) -> Sequence[str]: ...
    @property
    def received(self) -> Times: ...


class Readings(Protocol):
    """Reader of the current, or of the formerly known (``as_of``), readings of a point."""

    def packets(
        self,
        point: str,
        kind: str,
        span: Span,
        *,
        as_of: datetime | None = None,
        fields: Collection[str] | None = None,
    ) -> Mapping[str, Mapping[str, Column]]:
        """By factor, by field (``Avg``, ``Rtd``, ``Cou`` …). ``kind``: CN of the upload; None: all fields."""
        ...
