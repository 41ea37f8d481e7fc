"""What the gateway must know of the loggers (no viewer, secrets opened), and what people may see of them."""

from mingcha.apps.devices.matrix import matrix
from mingcha.apps.devices.selectors.boards import BoardRow, editions_board
from mingcha.apps.devices.selectors.commands import (
    OrderValues,
    command_of,
    commands_list,
    commands_open_to,
    orders_waiting,
    system_asks,
)
from mingcha.apps.devices.selectors.decodings import Decodings, decodings, units_in_force
from mingcha.apps.devices.selectors.keys import KeyDue, key_due, key_get, keys_due, keys_of, keys_visible_to
from mingcha.apps.devices.selectors.quarantine import (
    ActivationValues,
    RewalkValues,
    activations,
    adoptions,
    quarantine_get,
    quarantine_list,
    rewalks_waiting,
)
from mingcha.apps.devices.selectors.stations import (
    StationValues,
    profile_export,
    setting_in_force,
    settings_of,
    station_get,
    stations,
    stations_visible_to,
)
from mingcha.apps.devices.selectors.targets import TargetValues, forward_targets, target_get, targets_list

COMMAND_ROLES = matrix().cells  # (role, command) → own, district or all; a missing pair is no

__all__ = [
    "COMMAND_ROLES",
    "ActivationValues",
    "BoardRow",
    "Decodings",
    "KeyDue",
    "OrderValues",
    "RewalkValues",
    "StationValues",
    "TargetValues",
    "activations",
    "adoptions",
    "command_of",
    "commands_list",
    "commands_open_to",
    "decodings",
    "editions_board",
    "forward_targets",
    "key_due",
    "key_get",
    "keys_due",
    "keys_of",
    "keys_visible_to",
    "orders_waiting",
    "profile_export",
    "quarantine_get",
    "quarantine_list",
    "rewalks_waiting",
    "setting_in_force",
    "settings_of",
    "station_get",
    "stations",
    "stations_visible_to",
    "system_asks",
    "target_get",
    "targets_list",
    "units_in_force",
]
