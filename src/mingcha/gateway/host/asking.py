"""From an order to its request: edition, ST and password of the station, a QN of its own, the key it is sealed with."""

from datetime import datetime, timedelta

from mingcha.core.clock import format_digits
from mingcha.gateway.host.orders import Order
from mingcha.gateway.host.peers import Peer
from mingcha.gateway.stations import Station
from mingcha.protocol.hj212.exchanges import Exchange, request

SET_TIME, NEW_KEY = "set_time", "new_key"


class Stamp:
    """Request numbers: the moment, and never one twice, so that no late answer meets another request."""

    def __init__(self) -> None:
        self._last: datetime | None = None

    def next(self, at: datetime) -> str:
        """17 digits, Beijing; a millisecond after the last where the clock has not moved on, or was set back."""
        if self._last is not None and at < self._last + timedelta(milliseconds=1):
            at = self._last + timedelta(milliseconds=1)
        self._last = at
        return format_digits(at, milliseconds=True)


def request_of(order: Order, peer: Peer, station: Station | None, qn: str) -> Exchange:
    """The exchange that carries out ``order``. A clock is set to the moment of ``qn`` where no other is given.

    Raises:
        BadInput: the edition does not know the command, or its values do not fit.
    """
    values = dict(order.values)
    if order.command == SET_TIME:
        values.setdefault("time", qn[:14])
    edition = (station.edition if station is not None else None) or peer.edition
    return request(
        order.command, edition=edition, qn=qn, st=_st(order, peer, station), pw=_password(peer, station), mn=order.mn,
        values=values, key=_key(values, station),
    )  # fmt: skip


def _key(values: dict[str, object], station: Station | None) -> bytes | None:
    """The newest key that the logger can already have: a new one travels under the one before it, the first one plain."""
    keys = station.decoding.keys if station is not None else ()
    new = str(values.get(NEW_KEY, "")).encode()
    return next((key for key in keys if key != new), None)


def _st(order: Order, peer: Peer, station: Station | None) -> str:
    known = station.sts if station is not None else ()
    return order.st or peer.st or (known[0] if known else "")


def _password(peer: Peer, station: Station | None) -> str:
    return (station.password if station is not None else "") or peer.pw
