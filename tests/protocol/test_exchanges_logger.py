"""The logger's side: the order of checks, uploads and their resends, back-fill, heartbeat, registration and keys."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocol.exchange_parts import (
    AT,
    HARDWARE,
    KEY,
    MN,
    MN_2005,
    NEXT_KEY,
    PW,
    ask_for,
    converse,
    later,
    linked,
    logger,
    messages,
    read,
)  # fmt: skip

from mingcha.core.clock import format_digits
from mingcha.core.errors import BadInput
from mingcha.protocol import hj212
from mingcha.protocol.hj212.exchanges import KeyRing, LoggerSession, Outcome, Outgoing, State
from mingcha.protocol.hj212.exchanges.moves import Entry
from mingcha.protocol.hj212.exchanges.sending import OWED_MAX, WINDOW

ITEM = "w01018-Avg=40.1,w01018-Flag=N"


def request(cn: str = "1011", *, cp: str = "", **changes: str) -> hj212.Message:
    fields = {"QN": "20260301080530123", "ST": "32", "CN": cn, "PW": PW, "MN": MN, "Flag": "5", **changes}
    head = ";".join(f"{name}={value}" for name, value in fields.items() if value is not None)
    return read(hj212.wrap(f"{head};CP=&&{cp}&&".encode()))


def said(session: LoggerSession, message: hj212.Message, *, at=AT, tick: float = 1.0) -> list[str]:
    return [
        f"{m.cn} {m.field('QnRtn') or m.field('ExeRtn') or ''}".strip()
        for m in messages(session.heard(message, at, tick))
    ]


# --- the order of checks, §12.2 ----------------------------------------------------------------------

WRONG = [  # each line is wrong from here on: the first check that fails decides
    ({"CN": "3998", "MN": "F" * 24, "PW": "000000", "ST": "31", "QN": "2026", "Flag": "9"}, "8"),
    ({"MN": "F" * 24, "PW": "000000", "ST": "31", "QN": "2026", "Flag": "9"}, "4"),
    ({"PW": "000000", "ST": "31", "QN": "2026", "Flag": "9"}, "3"),
    ({"ST": "31", "QN": "2026", "Flag": "9"}, "5"),
    ({"QN": "2026", "Flag": "9"}, "7"),
    ({"Flag": "9"}, "6"),
    ({"Flag": "7"}, "6"),  # split, without pack numbers
    ({"Flag": "77"}, "6"),
]


@pytest.mark.parametrize(("changes", "code"), WRONG, ids=lambda v: v if isinstance(v, str) else "")
def test_a_request_is_checked_in_the_order_of_the_guide(changes: dict[str, str], code: str) -> None:
    session = linked(sts=("32",))
    assert said(session, request(**changes)) == [f"9011 {code}"]
    assert session.port.done == []
    assert session.tally.refused == 1


def test_a_logger_refuses_what_it_is_told_to_refuse_or_what_its_port_does() -> None:
    assert said(linked(refuses=frozenset({"get_time"})), request()) == ["9011 2"]
    session = linked()
    session.port.outcome = Outcome(refusal="100")
    assert said(session, request("3012", cp="PolId=w01018")) == ["9011 100"]


def test_an_age_of_requests_can_be_demanded() -> None:
    old = request(QN="20260301070000000")
    assert said(linked(), old) == ["9011 1", "1011", "9012 1"]
    assert said(linked(qn_age_s=600.0), old) == ["9011 7"]


def test_a_frame_with_a_wrong_crc_gets_no_answer() -> None:
    session = linked()
    raw = ask_for("get_time", "2017").raw
    assert session.receive(raw[:-6] + b"FFFF\r\n", AT, 1.0) == []
    assert [m.cn for m in messages(session.receive(raw, AT, 1.0))] == ["9011", "1011", "9012"]


@pytest.mark.parametrize("code", ["1", "2", "3", "4", "5", "6", "100"])
def test_every_result_of_the_port_is_told(code: str) -> None:
    session = linked()
    session.port.outcome = Outcome(code=code)
    assert said(session, request("3011", cp="PolId=w01018")) == ["9011 1", f"9012 {code}"]


def test_values_that_do_not_fit_are_a_condition_not_met() -> None:
    session = linked()
    assert said(session, request("1062", cp="RtdInterval=5")) == ["9011 1", "9012 3"]
    assert said(session, request("1062", cp="RtdInterval=x", QN="20260301080530124")) == ["9011 1", "9012 3"]
    assert session.settings.realtime_interval_s == 60.0


def test_where_no_answer_is_wanted_none_is_given_but_the_data() -> None:
    session = linked()
    assert said(session, request("1061", Flag="4")) == ["1061"]
    assert said(session, request("1012", Flag="4", cp="SystemTime=20260301090530")) == []
    assert session.settings.ahead_s == 3600.0


def test_a_request_heard_twice_is_carried_out_once_and_answered_twice() -> None:
    session = linked()
    message = request("3012", cp="PolId=w01018")
    first = [out.raw for out in session.heard(message, AT, 1.0)]
    again = [out.raw for out in session.heard(message, later(10), 11.0)]
    assert first == again
    assert len(session.port.done) == 1


def test_answers_of_2005_carry_the_request_number_inside() -> None:
    session = linked("2005")
    exchange = ask_for("set_realtime_interval", "2005", {"realtime_interval_s": 90})
    outs = session.receive(exchange.raw, AT, 1.0)
    assert outs[0].raw == hj212.wrap(
        f"ST=91;CN=9011;PW={PW};MN={MN_2005};CP=&&QN={exchange.qn};QnRtn=1&&".encode()
    )
    assert session.settings.realtime_interval_s == 90.0


def test_a_new_password_counts_after_the_result() -> None:
    session = linked()
    outs = messages(session.heard(request("1072", cp="NewPW=654321"), AT, 1.0))
    assert [m.pw for m in outs] == [PW, PW]
    assert said(session, request(QN="20260301080530125")) == ["9011 3"]
    assert said(session, request(QN="20260301080530126", PW="654321")) == ["9011 1", "1011", "9012 1"]


def test_a_time_for_an_instrument_leaves_the_logger_alone() -> None:
    session = linked()
    assert said(session, request("1012", cp="PolId=w01018;SystemTime=20260301090000")) == ["9011 1", "9012 1"]
    assert session.settings.ahead_s == 0.0
    assert session.port.done[0][1]["factor"] == "w01018"


def test_start_and_stop_switch_what_is_sent() -> None:
    session = linked(realtime_on=False)
    assert said(session, request("2011")) == ["9011 1", "2011", "9012 1"]
    assert session.settings.realtime_on
    assert said(session, request("2012", QN="20260301080530127")) == ["9013"]
    assert not session.settings.realtime_on


# --- uploads ---------------------------------------------------------------------------------------------


def ack(out, cn: str = "9014", mn: str = MN, edition: str = "2017") -> bytes:
    bits = hj212.editions.version_bits(edition)
    return hj212.encode(edition=edition, qn=out.qn, st="91", cn=cn, pw=PW, mn=mn, flag=bits, cp="")


HOUR = AT.replace(minute=0, second=0)


def hours(session: LoggerSession, *numbers: int) -> None:
    for number in numbers:
        session.upload("send_hours", HOUR + timedelta(hours=number), [ITEM], AT)


def test_an_upload_is_sent_once_answered_and_forgotten() -> None:
    session = linked()
    hours(session, 0)
    (out,) = session.wake(AT, 1.0)
    message = read(out.raw)
    assert (message.cn, message.flag, message.verdict, out.resend) == ("2061", 5, "accepted", False)
    assert session.due() == 11.0
    assert session.receive(ack(out), AT, 1.3) == []
    assert (len(session.outbox), session.due(), session.tally.acked) == (0, None, 1)
    assert session.tally.slowest_ack_s == pytest.approx(0.3)


def test_without_an_answer_it_is_resent_and_the_link_given_up_and_the_upload_owed() -> None:
    session = linked(overtime_s=10.0, recount=2)
    hours(session, 0)
    (out,) = session.wake(AT, 0.0)
    assert session.wake(later(9), 9.0) == []
    resent = [session.wake(later(t), float(t)) for t in (10, 20)]
    assert [[one.raw for one in outs] for outs in resent] == [[out.raw], [out.raw]]
    assert resent[0][0].resend
    assert not session.unusable
    assert session.wake(later(30), 30.0) == []
    assert session.unusable
    session.closed()
    assert session.wake(later(31), 31.0) == []  # no link, no frame
    (again,) = session.opened(later(60), 60.0)
    assert again.qn != out.qn
    assert read(again.raw).field("DataTime") == read(out.raw).field("DataTime")


def test_real_time_data_and_notifies_are_let_go_with_the_link() -> None:
    session = linked()
    session.upload("send_realtime", AT, [ITEM], AT, keep=False)
    session.notify("ask_time", {}, AT)
    assert {out.cn for out in session.wake(AT, 0.0)} == {"2011", "1013"}
    session.closed()
    assert len(session.outbox) == 0
    session.upload("send_realtime", AT, [ITEM], AT, keep=False)
    session.notify("ask_time", {}, AT)
    assert session.opened(later(60), 60.0) == []


@pytest.mark.parametrize(("edition", "newest_first"), [("2017", False), ("2025", True)])
def test_what_was_missed_is_sent_later_in_the_order_of_the_edition(edition: str, newest_first: bool) -> None:
    session = logger(edition)
    hours(session, 1, 3, 2)
    found = messages(session.opened(AT + timedelta(hours=9), 0.0))
    times = [m.field("DataTime") for m in found]
    assert times == sorted(times, reverse=newest_first)
    assert [m.supplement for m in found] == [newest_first] * 3  # RF came with 2025
    assert session.tally.late == 3


def test_a_back_fill_waits_for_its_answers() -> None:
    session = logger()
    hours(session, *range(WINDOW + 4))
    outs = session.opened(AT, 0.0)
    assert len(outs) == WINDOW
    assert len(session.receive(ack(outs[0]) + ack(outs[1]), AT, 0.1)) == 2


def test_the_memory_of_a_logger_is_bounded_and_the_oldest_goes() -> None:
    session = logger()
    for number in range(OWED_MAX + 5):
        session.owe("2051", AT + timedelta(minutes=number), lambda: ("DataTime=1",), due=AT)
    assert (len(session.outbox), session.tally.dropped) == (OWED_MAX, 5)


def test_split_packs_each_wait_for_their_own_answer() -> None:
    session = linked()
    session.upload("send_hours", HOUR, [f"w{n:05d}-Avg=1.234567,w{n:05d}-Flag=N" for n in range(60)], AT)
    outs = session.wake(AT, 0.0)
    found = messages(outs)
    assert [m.pack for m in found] == [(len(outs), n + 1) for n in range(len(outs))]
    assert len({out.qn for out in outs}) == len(outs) > 1
    assert {problem.code for m in found for problem in m.problems} == {"factor_unknown"}
    for out in outs[:-1]:
        session.receive(ack(out), AT, 1.0)
    assert len(session.outbox) == 1
    session.closed()  # one pack is missing: the message is owed whole
    assert len(session.opened(later(60), 60.0)) == len(outs)


@pytest.mark.parametrize("edition", ["2005", "2017", "2025"])
def test_request_numbers_are_never_the_same_twice(edition: str) -> None:
    session = linked(edition)
    stamps = [session.stamp(AT) for _ in range(50)]
    assert stamps == sorted(set(stamps))
    session.settings.ahead_s = -3600.0  # the clock was set back: the new time counts
    assert session.stamp(AT) < stamps[0]


class Link:
    """A host that acknowledges when it likes, and a connection that breaks when it likes."""

    def __init__(self) -> None:
        self.session = logger(recount=1)
        self.at, self.tick = AT, 0.0
        self.owed: set[str] = set()
        self.acked: set[str] = set()
        self.open: dict[str, str] = {}  # QN → DataTime

    def step(self, word: str) -> None:
        self.at, self.tick = self.at + timedelta(seconds=4), self.tick + 4.0
        outs = getattr(self, word)() or []
        for message in messages([*outs, *self.session.wake(self.at, self.tick)]):
            assert message.verdict == "accepted"
            if message.cn == "2061":
                self.open[message.qn] = message.field("DataTime")
        if self.session.unusable:
            self.cut()

    def upload(self) -> None:
        hours(self.session, len(self.owed))
        self.owed.add(format_digits(HOUR + timedelta(hours=len(self.owed))))

    def realtime(self) -> None:
        self.session.upload("send_realtime", self.at, [ITEM], self.at, keep=False)

    def ack(self):
        if not self.open:
            return []
        qn, time = self.open.popitem()
        self.acked.add(time)
        return self._said(qn)

    def wrong(self):
        return self._said("20260301080530999") if self.session.linked else []

    def wait(self) -> None: ...

    def cut(self) -> None:
        self.session.closed()
        self.session.unusable = False
        self.open.clear()

    def link(self):
        return [] if self.session.linked else self.session.opened(self.at, self.tick)

    def ask(self):
        raw = ask_for("get_time", "2017").raw
        return self.session.receive(raw, self.at, self.tick) if self.session.linked else []

    def _said(self, qn: str):
        return self.session.receive(ack(Outgoing(b"", "2061", qn)), self.at, self.tick)


@given(
    st.lists(
        st.sampled_from(["upload", "realtime", "ack", "wrong", "wait", "cut", "link", "ask"]), max_size=40
    )
)
def test_no_kept_upload_is_lost_whatever_happens_to_the_link(steps: list[str]) -> None:
    link = Link()
    for word in steps:
        link.step(word)
    link.cut()
    for _ in range(20 + 10 * len(link.owed)):  # who is acknowledged late breaks the link, and comes again
        link.step("ack" if link.session.linked else "link")
    assert link.acked == link.owed
    assert [one for one in link.session.outbox.waiting.values() if one.owed.keep] == []


def test_only_what_a_logger_sends_can_be_sent() -> None:
    with pytest.raises(BadInput, match="get_hours is no data message"):
        linked().upload("get_hours", AT, [ITEM], AT)
    with pytest.raises(BadInput, match="2025"):
        linked("2017").notify("heartbeat", {}, AT)
    with pytest.raises(BadInput, match="too long"):
        linked().upload("send_hours", AT, ["x" * 1000], AT)


# --- 2025: heartbeat, registration, keys --------------------------------------------------------------------


def test_a_heartbeat_beats_at_its_period_and_is_answered_by_9013() -> None:
    session = linked("2025", heartbeat_s=30.0)
    assert session.due() == 30.0
    (out,) = session.wake(later(30), 30.0)
    assert out.cn == "9015"
    session.receive(ack(out, "9013", edition="2025"), later(30), 30.1)
    assert (len(session.outbox), session.due()) == (0, 60.0)
    assert linked("2017", heartbeat_s=30.0).due() is None


def test_a_logger_without_name_registers_takes_its_name_and_then_speaks() -> None:
    session = logger("2025", mn="", encrypt=True)
    hours(session, 0)
    (register,) = session.opened(AT, 0.0)
    message = read(register.raw)
    assert (message.cn, message.mn, message.field("i23005-Info"), message.verdict) == (
        "1001",
        "",
        HARDWARE,
        "accepted",
    )
    assert session.entry is Entry.REGISTERING
    assert session.receive(ack(register, "9013", mn="", edition="2025"), AT, 0.1) == []
    wrong = converse(ask_for("set_mn", "2025", {"hardware_id": "B2"}), session)
    assert (wrong.state, wrong.reason, session.settings.mn) == (State.FAILED, "3", "")
    given_ = ask_for("set_mn", "2025", {"hardware_id": HARDWARE}, qn="20260301080530500")
    outs = session.receive(given_.raw, AT, 0.2)
    assert [out.cn for out in outs] == ["9011", "9012", "1014"]  # named; it asks for its key at once
    assert session.settings.mn == MN
    assert session.entry is Entry.ASKING_KEY
    session.receive(ack(outs[-1], "9013", edition="2025"), AT, 0.3)
    key = ask_for("set_key", "2025", {"key_created": AT, "new_key": KEY.decode()}, qn="20260301080531000")
    outs = session.receive(key.raw, AT, 0.4)
    assert [out.cn for out in outs] == ["9011", "9012", "2061"]
    assert session.entry is Entry.READY
    data = read(outs[-1].raw, KEY)
    assert data.field("w01018-Avg") == "40.1"
    assert hj212.read(outs[-1].raw).encrypted


def test_before_it_has_a_name_a_logger_obeys_only_the_one_who_names_it() -> None:
    session = logger("2025", mn="")
    session.opened(AT, 0.0)
    assert said(session, request(Flag="9")) == ["9011 4"]
    session.closed()
    assert session.entry is Entry.NAMELESS


def test_a_registration_that_nobody_follows_up_is_repeated() -> None:
    session = logger("2025", mn="")
    (register,) = session.opened(AT, 0.0)
    session.receive(ack(register, "9013", mn="", edition="2025"), AT, 1.0)
    assert session.wake(later(200), 200.0) == []
    assert session.due() == 301.0
    assert [out.cn for out in session.wake(later(301), 301.0)] == ["1001"]


def test_an_old_key_is_changed_and_both_are_read_for_the_grace() -> None:
    ring = KeyRing(KEY, AT - timedelta(days=91), grace_h=1 / 6)
    session = logger("2025", encrypt=True, keys=ring)
    hours(session, 0)
    outs = session.opened(AT, 0.0)
    assert [out.cn for out in outs] == ["1014", "2061"]  # data go on under the old key
    assert read(outs[0].raw, KEY).field("SKCreateTime") == format_digits(
        AT - timedelta(days=91), milliseconds=True
    )
    values = {"key_created": AT, "new_key": NEXT_KEY.decode()}
    exchange = ask_for("set_key", "2025", values, key=KEY)
    assert converse(exchange, session).state is State.DONE
    assert session.settings.keys.reads(AT) == (NEXT_KEY, KEY)
    assert session.settings.keys.reads(later(601)) == (NEXT_KEY,)
    hours(session, 1)
    (data,) = session.wake(later(5), 5.0)
    assert read(data.raw, NEXT_KEY).field("w01018-Avg") == "40.1"
    again = ask_for(
        "set_key", "2025", values, key=KEY
    )  # its result was lost: the host repeats it under the old key
    assert converse(again, session, at=later(10)).state is State.DONE
    assert session.settings.keys.current == NEXT_KEY


def test_a_key_ring_shows_no_key() -> None:
    assert KEY.decode() not in repr(KeyRing(KEY, AT))


def test_only_data_information_and_keys_are_encrypted() -> None:
    session = linked("2025", encrypt=True, keys=KeyRing(KEY, AT))
    outs = session.receive(ask_for("get_result_time", "2025", {"factor": "w01018"}).raw, AT, 1.0)
    assert [hj212.read(out.raw).encrypted for out in outs] == [False] * 3
    values = {"factor": "w01018", "info": "i13004"}
    outs = session.receive(ask_for("get_information", "2025", values, qn="20260301080531000").raw, AT, 1.0)
    assert [hj212.read(out.raw).encrypted for out in outs] == [False, True, False]
