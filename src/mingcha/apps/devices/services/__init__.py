"""Every write about loggers: who is let in, how they are read, what they are asked, where frames go on to."""

from mingcha.apps.devices.services.access import access_set, password_change
from mingcha.apps.devices.services.commands import command_ask, command_cancel
from mingcha.apps.devices.services.contacts import contact_due, first_contact_ask
from mingcha.apps.devices.services.keys import key_approve, key_asked, key_propose, key_reject, key_send
from mingcha.apps.devices.services.quarantine import (
    quarantine_adopt,
    quarantine_dismiss,
    quarantine_seen,
    quarantine_undo,
    registration_framed,
    registration_seen,
)
from mingcha.apps.devices.services.reports import (
    command_note,
    command_report,
    command_take,
    commands_abandoned,
    commands_expire,
)
from mingcha.apps.devices.services.rewalks import rewalk_done
from mingcha.apps.devices.services.stations import profile_copy, profile_import, setting_set
from mingcha.apps.devices.services.targets import target_set, target_station_set, target_switch

__all__ = [
    "access_set",
    "command_ask",
    "command_cancel",
    "command_note",
    "command_report",
    "command_take",
    "commands_abandoned",
    "commands_expire",
    "contact_due",
    "first_contact_ask",
    "key_approve",
    "key_asked",
    "key_propose",
    "key_reject",
    "key_send",
    "password_change",
    "profile_copy",
    "profile_import",
    "quarantine_adopt",
    "quarantine_dismiss",
    "quarantine_seen",
    "quarantine_undo",
    "registration_framed",
    "registration_seen",
    "rewalk_done",
    "setting_set",
    "target_set",
    "target_station_set",
    "target_switch",
]
