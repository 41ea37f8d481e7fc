"""Random writes, late data, stations projected anew, sealings and reopenings: a store that seals gives what one gives that
never did.
"""

import itertools
import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from history_worlds import OUTLETS, day, hour, pair, same, same_readings, same_results
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from packet_makers import DAY, FACTORS, KINDS, POINTS, readings

from mingcha.core.packets import Packet
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span

EXAMPLES = max(5, int(os.environ.get("MINGCHA_FUZZ") or 300) // 60)
DAYS = 5
START = DAY + timedelta(days=5)  # 27 November: days of two months
moments = st.integers(0, DAYS * 24 * 2 - 1).map(lambda half: START + timedelta(minutes=30 * half))
means = st.sampled_from([1.5, 2.25, 0.1 + 0.2, 3, None])


class Sealings(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.received = itertools.count()
        self.sent = []

    @initialize(buckets=st.integers(1, 3))
    def begin(self, buckets):
        self.sealing, self.plain = pair(self.folder, buckets=buckets)

    def teardown(self):
        self.sealing.close()
        self.plain.close()
        shutil.rmtree(self.folder)

    def both(self, act):
        found, wanted = act(self.sealing), act(self.plain)
        assert found == wanted
        return found

    @rule(
        said=st.lists(
            st.tuples(st.sampled_from(POINTS), st.sampled_from(KINDS), moments, readings()), max_size=6
        )
    )
    def write(self, said):
        packets = []
        for point, kind, time, found in said:
            mn, st_ = point.split("/")
            n = next(self.received)
            packets.append(
                Packet(
                    mn, st_, kind, time, found, "2017", "", bool(n % 5 == 0),
                    START + timedelta(days=DAYS, seconds=n), FrameRef("g0-20261123", 1 + n // 4, n % 4),
                )
            )  # fmt: skip
        self.sent += packets
        self.both(lambda store: store.write(packets, position=None))

    @precondition(lambda self: self.sent)
    @rule(mn=st.sampled_from(POINTS), where=st.floats(0, 1), kept=st.integers(1, 3))
    def project_again(self, mn, where, kept):
        """Some frames received since then count no more."""
        mn = mn.partition("/")[0]
        since = self.sent[int(where * (len(self.sent) - 1))].received

        def gather(start, positions):
            return [
                p
                for n, p in enumerate(self.sent)
                if p.mn == mn and p.received >= start and (n % kept == 0 or p.received < since)
            ]

        self.both(lambda store: store.project_again(mn, since, gather))

    @rule(
        outlet=st.sampled_from(OUTLETS), at=st.integers(0, 3), whole=st.booleans(),
        values=st.lists(st.tuples(st.sampled_from(FACTORS), st.integers(0, DAYS * 24 - 1), means), max_size=5),
    )  # fmt: skip
    def restate(self, outlet, at, whole, values):
        moment = START + timedelta(days=DAYS + at)
        hours = {(f, h): hour(outlet, f, START + timedelta(hours=h), mean) for f, h, mean in values}
        days = {(f, h // 24): day(outlet, f, START + timedelta(days=h // 24), mean) for f, h, mean in values}
        first = min((h for _, h, _ in values), default=0)
        place = (
            (outlet, Span(START + timedelta(hours=first), START + timedelta(hours=first + 30)))
            if whole
            else None
        )
        inside = [value for value in hours.values() if place is None or value.start in place[1]]
        self.both(lambda store: store.write_hours(inside, at=moment, whole=place))
        self.both(lambda store: store.write_days([*days.values()], at=moment))

    @rule(days=st.integers(0, DAYS + 1))
    def seal(self, days):
        report = self.sealing.seal(START + timedelta(days=days))
        assert not report.waiting
        assert self.sealing.days_held(START + timedelta(days=days)) == []

    @rule()
    def read_by_another_process(self):
        again, _ = pair(self.folder)
        assert again.digest() == self.plain.digest()
        again.close()

    @rule(start=moments, hours=st.integers(1, 60), late=st.floats(0, 1))
    def ask(self, start, hours, late):
        span = Span(start, start + timedelta(hours=hours))
        as_of = START + timedelta(days=DAYS, seconds=int(late * len(self.sent)))
        same_readings(self.sealing, self.plain, span, as_of)
        same_results(self.sealing, self.plain, span, as_of)

    @invariant()
    def nothing_is_lost_or_doubled(self):
        if hasattr(self, "sealing"):
            assert self.sealing.digest() == self.plain.digest()

    @rule()
    def compare_all(self):
        same(self.sealing, self.plain)


Sealings.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=20, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
TestSealings = Sealings.TestCase
