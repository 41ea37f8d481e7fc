"""All exchanges of HJ 212 as data and as values, for host and logger. No I/O, no clock.

``catalogue`` the commands by name · ``values`` what people give to what stands in CP and back · ``results`` what
answers say · ``moves`` the tables · ``host`` a request under way · ``logger`` a whole logger · ``cipher`` keys.
"""

from mingcha.protocol.hj212.exchanges.catalogue import (
    COMMANDS,
    EXEMPT,
    FIRST_CONTACT,
    LINKS,
    Command,
    Link,
    Parameter,
    command_of,
    covered,
    exempt,
    find,
    first_contact,
    follow_up,
)
from mingcha.protocol.hj212.exchanges.cipher import KEY_DAYS, KeyRing
from mingcha.protocol.hj212.exchanges.host import (
    REQUEST_CODES,
    RESENDS,
    RESULT_CODES,
    TIMEOUT_S,
    Exchange,
    ask,
    request,
    set_time,
)
from mingcha.protocol.hj212.exchanges.logger import LoggerSession
from mingcha.protocol.hj212.exchanges.moves import (
    FINAL,
    HOST_NEXT,
    LOGGER_NEXT,
    REGISTER_NEXT,
    SERVING_NEXT,
    Happened,
    State,
)
from mingcha.protocol.hj212.exchanges.results import Outcome, Result, results_of
from mingcha.protocol.hj212.exchanges.sending import Outgoing, Tally
from mingcha.protocol.hj212.exchanges.serving import LoggerSettings, Port
from mingcha.protocol.hj212.exchanges.values import fields_text, moment_of, written

__all__ = [
    "COMMANDS",
    "EXEMPT",
    "FINAL",
    "FIRST_CONTACT",
    "HOST_NEXT",
    "KEY_DAYS",
    "LINKS",
    "LOGGER_NEXT",
    "REGISTER_NEXT",
    "REQUEST_CODES",
    "RESENDS",
    "RESULT_CODES",
    "SERVING_NEXT",
    "TIMEOUT_S",
    "Command",
    "Exchange",
    "Happened",
    "KeyRing",
    "Link",
    "LoggerSession",
    "LoggerSettings",
    "Outcome",
    "Outgoing",
    "Parameter",
    "Port",
    "Result",
    "State",
    "Tally",
    "ask",
    "command_of",
    "covered",
    "exempt",
    "fields_text",
    "find",
    "first_contact",
    "follow_up",
    "moment_of",
    "request",
    "results_of",
    "set_time",
    "written",
]
