"""Loggers for the tests of devices: one of 2025 on our side, and what is often asked."""

from datetime import datetime, timedelta
from typing import Any

from tests.people import People

from mingcha.apps.devices.models import Command, StationKey
from mingcha.apps.devices.services import command_ask, key_approve, key_propose
from mingcha.apps.registry.models import Datalogger
from mingcha.apps.registry.services import datalogger_install, outlet_register

NEW_MN = "0200000000000000000000C3"
STRANGER = "0F" * 12
HARDWARE = {"i23005": "6970000000001ABCDEFG1234", "i23006": "CPU7", "i23007": "00:11:22:33:44:55"}
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BEGIN, END = "20260301000000", "20260301050000"


def logger_2025(folk: People, at: datetime) -> Datalogger:
    outlet = outlet_register(discharger=folk.discharger, code="DA002", name="二号", medium="gas", at=at)
    return datalogger_install(outlet=outlet, mn=NEW_MN, st="31", edition="2025", at=at)


def ask(folk: People, at: datetime, command: str = "get_hours", **how: Any) -> Command:
    values = {"begin": BEGIN, "end": END} if command == "get_hours" else {}
    given = {"datalogger": folk.datalogger, "values": values, "by": folk["district_regulator"]} | how
    return command_ask(command=command, at=at, **given)


def approved(folk: People, logger: Datalogger, at: datetime, **how: Any) -> StationKey:
    made = key_propose(datalogger=logger, by=folk["district_regulator"], at=at, **how)
    return key_approve(key=made, by=folk["city_regulator"], at=at)
