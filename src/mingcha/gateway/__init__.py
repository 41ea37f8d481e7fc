"""Bytes coming in: the TCP server that keeps every frame before it answers, and simulated data loggers."""

from mingcha.gateway.caps import Caps, Policy
from mingcha.gateway.process import tune_process
from mingcha.gateway.server import Gateway
from mingcha.gateway.stations import Station, Stations
from mingcha.gateway.stats import Stats

__all__ = ["Caps", "Gateway", "Policy", "Station", "Stations", "Stats", "tune_process"]
