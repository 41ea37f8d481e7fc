"""What is behind a simulated logger: its plant's memory and its instruments, one function a command, in one table.

The protocol around it, the checks, answers and the logger's own settings, is ``LoggerSession``'s. No I/O.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from mingcha.core.clock import beijing_day, day_start, format_digits, from_epoch, to_epoch
from mingcha.core.packets import REALTIME
from mingcha.gateway.simulator.faults import Fault
from mingcha.gateway.simulator.frames import interval_s, items_of
from mingcha.gateway.simulator.noise import uniform
from mingcha.gateway.simulator.plant import Profile
from mingcha.protocol.hj212.exchanges import Command, LoggerSettings, Outcome, fields_text
from mingcha.protocol.hj212.factors import canonical

CONDITION, NO_DATA = "3", "100"  # ExeRtn, HJ 212-2017 table 5
HISTORY_MAX = 1000  # records of one request; a real logger is as careful
RESULT_MIN = 40  # minutes from sampling to result
BOTTLES = 24
LOG_TEXT = "//更换试剂//"

Values = Mapping[str, object]


class PlantPort:
    """The instruments and memory of one outlet. Carries out what the logger does not do itself."""

    def __init__(self, profile: Profile, settings: LoggerSettings, faults: Sequence[Fault] = ()) -> None:
        self.profile = profile
        self.settings = settings
        self.faults = faults
        self.checks: list[tuple[datetime, str, float, float]] = []  # time, factor, measured, nominal
        self.memory: dict[str, Values] = {}  # what was set and can be read again
        self.bottle = 0

    def carry_out(self, command: Command, values: Values, at: datetime) -> Outcome:
        if "factor" in values and canonical(str(values["factor"])) not in self.profile.factors:
            return Outcome(code=CONDITION)  # no such instrument here
        return DEEDS[command.name](self, command, values, at)

    def answer(self, command: Command, **values: object) -> Outcome:
        return Outcome(frames=[fields_text(command, self.settings.edition, values)])


def _done(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    """The instrument does it; nothing is to be told."""
    return Outcome()


def _remembered(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    port.memory[command.name.removeprefix("set_") + str(values.get("factor", ""))] = values
    return Outcome()


def _recalled(defaults: Values) -> Callable[[PlantPort, Command, Values, datetime], Outcome]:
    def recall(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
        known = port.memory.get(command.name.removeprefix("get_") + str(values.get("factor", "")), defaults)
        return port.answer(command, **{**known, **values})

    return recall


def _span(values: Values) -> tuple[datetime, datetime]:
    begin, end = values["begin"], values["end"]
    if not isinstance(begin, datetime) or not isinstance(end, datetime):
        raise TypeError("a history request is given its span as moments")
    return begin, end


def _history(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    """Records of BeginTime to EndTime, both included; equal ones ask for one record."""
    begin, end = _span(values)
    step = timedelta(seconds=_step_s(port, command.cn))
    moments: list[datetime] = []
    moment = _first(begin, step, single=begin == end)
    while moment <= end and moment + step <= at and len(moments) < HISTORY_MAX:
        moments.append(moment)
        moment += step
    if not moments:
        return Outcome(code=NO_DATA)
    return Outcome(frames=[_record(port, command.cn, one) for one in moments])


def _first(begin: datetime, step: timedelta, *, single: bool) -> datetime:
    """The first record of a span: records begin at whole steps of the day; a single one holds ``begin``."""
    rest = (begin - day_start(beijing_day(begin))) % step
    return begin - rest if single or not rest else begin - rest + step


def _step_s(port: PlantPort, cn: str) -> int:
    if cn == "2051":
        return port.settings.minute_interval_s
    return 86_400 if cn == "2041" else interval_s(port.profile, cn)


def _record(port: PlantPort, cn: str, moment: datetime) -> list[str]:
    head = f"DataTime={format_digits(moment)}"
    if cn == "2041":
        return [head, "SB1-RT=23.5", "SB2-RT=22.8"]
    return [head, *items_of(port.profile, cn, moment, port.settings.edition, port.faults)]


def _nothing(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    """This outlet has no such data."""
    return Outcome(code=NO_DATA)


def _realtime(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    moment = from_epoch(to_epoch(port.settings.clock(at)))
    return Outcome(frames=[_record(port, REALTIME, moment)])


def _states(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    return Outcome(frames=[states(port.settings.clock(at))])


def _check(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    """3024: the instrument measures a standard sample; its values are there for 2062."""
    factor = str(values["factor"])
    nominal = 50.0
    second = to_epoch(at)
    measured = round(nominal * (0.96 + 0.08 * uniform(port.profile.key("check", factor), second)), 2)
    port.checks.append((from_epoch(second), factor, measured, nominal))
    return Outcome()


def _checks(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    begin, end = _span(values)
    found = [one for one in port.checks if begin <= one[0] <= end]
    return Outcome(frames=[check_items(*one) for one in found]) if found else Outcome(code=NO_DATA)


def check_items(time: datetime, factor: str, measured: float, nominal: float) -> list[str]:
    """The items of a 2062: passed where the sample is within 10 % of its nominal value."""
    passed = int(abs(measured - nominal) <= 0.1 * nominal)
    return [
        f"DataTime={format_digits(time)}",
        f"{factor}-SampleRd={measured},{factor}-StandardValue={nominal},{factor}-ResultType={passed}",
    ]


def _keep_sample(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    port.bottle = port.bottle % BOTTLES + 1
    return port.answer(command, data_time=port.settings.clock(at), bottle=port.bottle)


def _serial(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    factor = str(values["factor"])
    serial = f"{port.profile.key('serial', factor) % (1 << 64):024X}"
    return Outcome(frames=[[f"PolId={factor}", f"{factor}-SN={serial}"]])


def _limits(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    wanted = {str(factor) for factor in _several(values["factors"])}
    known = _several(port.memory.get("alarm_limits", {}).get("limits", ()))
    rows = [row for row in known if isinstance(row, dict) and row["factor"] in wanted]
    if not rows:
        return Outcome(code=NO_DATA)
    return Outcome(
        frames=[[f"{r['factor']}-LowValue={r['low']},{r['factor']}-UpValue={r['high']}" for r in rows]]
    )


def _several(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _information(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    """3020: a log has a text, a state a digit, a parameter what was set."""
    info = str(values["info"])
    known = port.memory.get(f"information{values.get('factor', '')}{info}", {}).get("info_value")
    text = {"1": LOG_TEXT, "2": "0"}.get(info[2], str(known or "1.0"))
    head = [f"DataTime={format_digits(port.settings.clock(at))}"]
    head += [f"PolId={values['factor']}"] if "factor" in values else []
    return Outcome(frames=[[*head, f"{info}-Info={text}"]])


def _set_information(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    """3021 sets parameters (class 3); logs and states are no one's to set."""
    info = str(values["info"])
    if info[2] != "3":
        return Outcome(code=CONDITION)
    port.memory[f"information{values.get('factor', '')}{info}"] = values
    return Outcome()


def _clock_of_instrument(port: PlantPort, command: Command, values: Values, at: datetime) -> Outcome:
    return port.answer(command, time=at, factor=values["factor"])


Deed = Callable[[PlantPort, Command, Values, datetime], Outcome]

DEEDS: dict[str, Deed] = {
    "get_time": _clock_of_instrument,
    "set_time": _done,
    "set_alarm_delay": _remembered,
    "get_alarm_limits": _limits,
    "set_alarm_limits": _remembered,
    "get_alarm_target": _recalled({"target": "0"}),
    "set_alarm_target": _remembered,
    "get_report_time": _recalled({"report_time": "0000"}),
    "set_report_time": _remembered,
    "start_realtime": _realtime,
    "start_states": _states,
    "get_electricity": _nothing,
    "get_raw": _nothing,
    "get_days": _history,
    "get_run_times": _history,
    "get_minutes": _history,
    "get_hours": _history,
    "get_checks": _checks,
    "get_alarms": _nothing,
    "calibrate": _done,
    "sample_now": _done,
    "clean": _done,
    "set_sampling_hours": _remembered,
    "compare_sample": _done,
    "keep_sample": _keep_sample,
    "set_sampling_cycle": _remembered,
    "get_sampling_cycle": _recalled({"first_sampling": "000000", "cycle_h": 2}),
    "get_result_time": _recalled({"result_min": RESULT_MIN}),
    "get_serial": _serial,
    "get_information": _information,
    "set_information": _set_information,
    "retain_sample": _done,
    "standard_check": _check,
}


def states(moment: datetime) -> list[str]:
    """The items of a 2021: two facilities that run."""
    return [f"DataTime={format_digits(moment)}", "SB1-RS=1", "SB2-RS=1"]
