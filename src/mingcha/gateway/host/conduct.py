"""How the host behaves where no standard says it: named settings with their reasons. All are tagged ``default``."""

from dataclasses import dataclass

# The standard's own numbers are in ``Policy``: time-out and resends, HJ 212-2017 §6.6.2.


@dataclass(frozen=True, slots=True)
class Conduct:
    """Seconds, unless a name says otherwise."""

    poll_s: float = 1.0  # how often orders are read and reports written: bounds the delay of a command
    retry_s: float = 30.0  # longest pause between tries while the records are away
    flush_s: float = 5.0  # how long a stopping gateway tries to write its last reports

    open_most: int = 4096  # orders under way at once, of all stations
    results_most: int = 200  # results kept of one command; history itself is kept as readings
    asked_most: int = 10_000  # what loggers ask for and is not yet written; the oldest goes, they ask again

    nameless_per_h: int = 1000  # loggers without MN (1001) heard in an hour; anybody can invent hardware
    ask_again_s: float = 60.0  # a logger that asks for a key or an MN again and again is heard so often

    result_s: float = 120.0  # from 9011 or the last frame to the next: reading a store takes time
    control_s: float = (
        1800.0  # the same for commands that move instruments (3xxx): a calibration takes its time
    )
    exchange_s: float = 3600.0  # an exchange of a logger that never sends its 9012 ends

    contact_look_s: float = 60.0  # how often stations in contact are asked for a first contact due meanwhile
