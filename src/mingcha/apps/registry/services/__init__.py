"""What the register holds is entered here: ``register`` dischargers and outlets, ``limits``, ``equipment``, and what
an authority says of points: ``settings``, ``schedules``, ``amounts``.

Nothing is overwritten: a limit, logger or instrument that is replaced is closed with a date and stays.
"""

from mingcha.apps.registry.services.amounts import permitted_amount_set, permitted_amount_undo
from mingcha.apps.registry.services.equipment import datalogger_install, datalogger_remove, instrument_install
from mingcha.apps.registry.services.limits import limit_set
from mingcha.apps.registry.services.register import discharger_register, outlet_register
from mingcha.apps.registry.services.schedules import schedule_set, schedule_undo
from mingcha.apps.registry.services.settings import point_setting_set, point_setting_undo

__all__ = [
    "datalogger_install",
    "datalogger_remove",
    "discharger_register",
    "instrument_install",
    "limit_set",
    "outlet_register",
    "permitted_amount_set",
    "permitted_amount_undo",
    "point_setting_set",
    "point_setting_undo",
    "schedule_set",
    "schedule_undo",
]
