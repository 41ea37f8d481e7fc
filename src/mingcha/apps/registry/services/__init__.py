"""What the register holds is entered here: ``register`` dischargers and outlets, ``limits``, ``equipment``.

Nothing is overwritten: a limit, logger or instrument that is replaced is closed with a date and stays.
"""

from mingcha.apps.registry.services.equipment import datalogger_install, datalogger_remove, instrument_install
from mingcha.apps.registry.services.limits import limit_set
from mingcha.apps.registry.services.register import discharger_register, outlet_register

__all__ = [
    "datalogger_install",
    "datalogger_remove",
    "discharger_register",
    "instrument_install",
    "limit_set",
    "outlet_register",
]
