"""Forwarding to other hosts (district, national): reads the journal after its own position for each target."""

from mingcha.gateway.forwarder.forwarder import Forwarder, Pace
from mingcha.gateway.forwarder.position import ForwardInUse, LeftOut, Positions, left_out
from mingcha.gateway.forwarder.running import Forwarding, status_path, status_read
from mingcha.gateway.forwarder.source import Read
from mingcha.gateway.forwarder.targets import Identity, Target

__all__ = [
    "ForwardInUse",
    "Forwarder",
    "Forwarding",
    "Identity",
    "LeftOut",
    "Pace",
    "Positions",
    "Read",
    "Target",
    "left_out",
    "status_path",
    "status_read",
]
