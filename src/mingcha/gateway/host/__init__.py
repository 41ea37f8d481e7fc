"""The host's side of every exchange: orders, first contact, clocks and keys. See ``host`` for the rules."""

from mingcha.gateway.host.conduct import Conduct
from mingcha.gateway.host.host import Host
from mingcha.gateway.host.orders import Asked, Order, Orders, Report

__all__ = ["Asked", "Conduct", "Host", "Order", "Orders", "Report"]
