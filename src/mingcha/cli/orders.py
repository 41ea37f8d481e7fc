"""The queue of commands as the gateway sees it: ``gateway.host.Orders`` over the records database.

Called in the gateway's own thread. What the records refuse for good (a logger removed meanwhile) is logged and
dropped, so that it never holds up the rest; a database that is away raises, and the gateway tries again.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog
from django.db import close_old_connections

from mingcha.apps.devices import selectors, services
from mingcha.core.clock import now
from mingcha.core.errors import MingchaError
from mingcha.gateway.host import Asked, Order, Report
from mingcha.gateway.host.orders import FIRST_CONTACT, KEY, OWN, REGISTER

log = structlog.get_logger("mingcha.gateway.orders")

T = TypeVar("T", Report, Asked)


class RecordsOrders:
    """``gateway``: the name of the gateway that takes the orders."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway

    def begin(self) -> None:
        close_old_connections()
        ended = services.commands_abandoned(gateway=self._gateway, at=now())
        if ended:
            log.warning("commands under way when the gateway ended have timed out", commands=ended)

    def waiting(self) -> list[Order]:
        close_old_connections()
        return [Order(**values) for values in selectors.orders_waiting()]

    def take(self, orders: Sequence[tuple[Order, str]]) -> set[str]:
        close_old_connections()
        marks = [(order.id, qn) for order, qn in orders]
        return services.command_take(orders=marks, gateway=self._gateway, at=now())

    def report(self, reports: Sequence[Report]) -> None:
        close_old_connections()
        for report in reports:
            _try(self._report, report)

    def heard(self, asked: Sequence[Asked]) -> None:
        close_old_connections()
        for one in asked:
            _try(_HEARD[one.what], one)

    def _report(self, report: Report) -> None:
        services.command_report(
            command_id=report.id, state=report.state, at=report.at, qn=report.qn, reason=report.reason,
            results=report.results, gateway=self._gateway,
        )  # fmt: skip


def _try(work: Callable[[T], object], told: T) -> None:
    try:
        work(told)
    except MingchaError as error:
        if not error.permanent:
            raise
        log.warning("the records do not take what the gateway tells", error=str(error), **_named(told))


def _named(told: Report | Asked) -> dict[str, str]:
    """What is told, for the log; without values, which may be secret."""
    if isinstance(told, Report):
        return {"command": told.id, "state": told.state}
    return {"asked": told.what, "mn": told.mn}


def _first_contact(asked: Asked) -> None:
    services.first_contact_ask(mn=asked.mn, edition=asked.edition, steps=asked.detail["steps"], at=asked.at)


def _key(asked: Asked) -> None:
    services.key_asked(mn=asked.mn, at=asked.at, created=asked.detail["created"])


def _register(asked: Asked) -> None:
    detail = asked.detail
    services.registration_seen(
        hardware=detail["hardware"],
        detail=detail["fields"],
        at=asked.at,
        conn=detail["conn"],
        st=detail["st"],
    )


def _own(asked: Asked) -> None:
    detail = asked.detail
    services.command_note(
        mn=asked.mn, command=detail["command"], state=detail["state"], at=asked.at, qn=detail["qn"],
        reason=detail["reason"],
    )  # fmt: skip


_HEARD: dict[str, Callable[[Asked], Any]] = {
    FIRST_CONTACT: _first_contact, KEY: _key, REGISTER: _register, OWN: _own,
}  # fmt: skip
