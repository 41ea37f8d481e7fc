"""Which missing records are asked for: the rules of ``gaps.plan`` as properties, and each once as an example."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mingcha.core.packets import DAY, HOUR, MINUTE
from mingcha.core.spans import Span
from mingcha.workers.gaps.plan import Lacking, Past, Plan, Request, Throttle, expected, plan

T0 = datetime(2026, 11, 20, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ONE = timedelta(hours=1)
STEPS = {HOUR: ONE, MINUTE: timedelta(minutes=10), DAY: timedelta(days=1)}
QUICK = Throttle(open_most=3, per_hour=5, records={HOUR: 4, MINUTE: 6, DAY: 3}, tries=3)


def hour(n: int) -> datetime:
    return T0 + n * ONE


def hours(*numbers: int, known: bool = True) -> Lacking:
    return Lacking(HOUR, ONE, [hour(n) for n in numbers], known)


def tried(
    begin: int, end: int, *, ago: timedelta, sent: bool = True, no_data: bool = False, took: int = 60
) -> Past:
    asked = NOW - ago
    return Past(Request(HOUR, hour(begin), hour(end)), asked, sent, asked + timedelta(seconds=took), no_data)


def spans(found: Plan) -> list[tuple[int, int]]:
    return [((r.begin - T0) // ONE, (r.end - T0) // ONE) for r in found.asks]


# --- examples ------------------------------------------------------------------------------------


def test_neighbours_are_one_request_and_the_newest_goes_first() -> None:
    assert spans(plan([hours(1, 2, 3, 7, 8)], [], NOW, QUICK)) == [(7, 8), (1, 3)]


def test_a_long_gap_is_asked_for_in_parts() -> None:
    assert spans(plan([hours(*range(10))], [], NOW, QUICK)) == [(8, 9), (4, 7), (0, 3)]


def test_hours_go_before_minutes_and_days() -> None:
    lacking = [Lacking(kind, STEPS[kind], [T0]) for kind in (DAY, MINUTE, HOUR)]
    assert [r.kind for r in plan(lacking, [], NOW, QUICK).asks] == [HOUR, MINUTE, DAY]


def test_an_open_request_is_not_asked_again() -> None:
    under_way = Past(Request(HOUR, hour(1), hour(4)), NOW - ONE * 2, sent=True)
    assert spans(plan([hours(1, 2, 3, 6)], [under_way], NOW, QUICK)) == [(6, 6)]


def test_the_pause_doubles_with_every_try() -> None:
    first = QUICK.first_wait
    for before, wait in ((1, first), (2, 2 * first)):
        past = [tried(1, 1, ago=wait * (before - n) + timedelta(seconds=30), took=0) for n in range(before)]
        newest = max(p.ended for p in past if p.ended)
        assert spans(plan([hours(1)], past, newest + wait - timedelta(seconds=1), QUICK)) == []
        assert spans(plan([hours(1)], past, newest + wait, QUICK)) == [(1, 1)]


def test_a_gap_is_given_up_after_the_tries_and_named() -> None:
    past = [tried(1, 2, ago=timedelta(days=n + 1)) for n in range(QUICK.tries)]
    found = plan([hours(1, 2, 5)], past, NOW, QUICK)
    assert spans(found) == [(5, 5)]
    assert found.given_up == (Request(HOUR, hour(1), hour(2)),)


def test_who_says_twice_that_it_has_none_is_believed() -> None:
    past = [tried(1, 1, ago=timedelta(days=n + 1), no_data=True) for n in range(2)]
    assert plan([hours(1)], past[:1], NOW, QUICK).given_up == ()
    assert plan([hours(1)], past, NOW, QUICK).given_up == (Request(HOUR, hour(1), hour(1)),)


def test_a_request_that_never_left_is_no_try() -> None:
    past = [tried(1, 1, ago=timedelta(days=n + 1), sent=False) for n in range(9)]
    assert spans(plan([hours(1)], past, NOW, QUICK)) == [(1, 1)]


def test_a_logger_is_asked_so_often_an_hour_and_no_more() -> None:
    past = [tried(40, 40, ago=timedelta(minutes=5 * n)) for n in range(1, 5)]
    assert len(plan([hours(1, 3, 5, 7)], past, NOW, QUICK).asks) == QUICK.per_hour - 4


def test_a_kind_the_logger_never_sent_is_only_probed() -> None:
    assert spans(plan([hours(1, 2, 3, known=False)], [], NOW, QUICK)) == [(3, 3)]
    lately = [tried(2, 2, ago=QUICK.probe / 2)]
    assert spans(plan([hours(1, 2, 3, known=False)], lately, NOW, QUICK)) == []
    assert spans(plan([hours(1, 2, 3, known=False)], [tried(2, 2, ago=QUICK.probe * 2)], NOW, QUICK)) == [
        (3, 3)
    ]


def test_days_begin_at_midnight_in_beijing() -> None:
    found = expected(Span(T0, T0 + timedelta(days=3)), timedelta(days=1), shift=timedelta(hours=8))
    assert found == [T0 + timedelta(hours=16), T0 + timedelta(hours=40)]


# --- properties ------------------------------------------------------------------------------------

numbers = st.sets(st.integers(0, 59), max_size=40).map(sorted)
requests = st.builds(lambda kind, a, b: (kind, min(a, b), max(a, b)), st.sampled_from([HOUR, MINUTE]),
                     st.integers(0, 59), st.integers(0, 59))  # fmt: skip


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    kind, begin, end = draw(requests)
    asked = NOW - timedelta(minutes=draw(st.integers(0, 4000)))
    sent = draw(st.booleans())
    ended = draw(st.none() | st.integers(0, 60).map(lambda s: min(asked + timedelta(seconds=s), NOW)))
    return Past(
        Request(kind, T0 + begin * STEPS[kind], T0 + end * STEPS[kind]), asked, sent, ended,
        no_data=draw(st.booleans()) if ended and sent else False,
    )  # fmt: skip


@st.composite
def lackings(draw: st.DrawFn) -> list[Lacking]:
    return [
        Lacking(kind, STEPS[kind], [T0 + n * STEPS[kind] for n in draw(numbers)], draw(st.booleans()))
        for kind in (HOUR, MINUTE)
    ]


def starts(request: Request) -> list[datetime]:
    count = (request.end - request.begin) // STEPS[request.kind]
    return [request.begin + n * STEPS[request.kind] for n in range(count + 1)]


@given(lackings(), st.lists(pasts(), max_size=12))
def test_only_what_is_missing_is_asked_for_and_nothing_twice(
    lacking: list[Lacking], past: Sequence[Past]
) -> None:
    found = plan(lacking, past, NOW, QUICK)
    missing = {one.kind: set(one.starts) for one in lacking}
    asked = [(r.kind, start) for r in found.asks for start in starts(r)]
    assert len(asked) == len(set(asked))
    for kind, start in asked:
        assert start in missing[kind]
        assert not any(p.ended is None and p.request.covers(kind, start) for p in past)
        assert not any(gap.covers(kind, start) for gap in found.given_up)


@given(lackings(), st.lists(pasts(), max_size=12))
def test_the_throttle_holds(lacking: list[Lacking], past: Sequence[Past]) -> None:
    found = plan(lacking, past, NOW, QUICK)
    assert all(len(starts(r)) <= QUICK.records[r.kind] for r in found.asks)
    still_open = sum(p.ended is None for p in past)
    assert len(found.asks) + still_open <= max(QUICK.open_most, still_open)
    lately = sum(p.asked > NOW - ONE for p in past)
    assert len(found.asks) + lately <= max(QUICK.per_hour, lately)


@given(lackings(), st.lists(pasts(), max_size=12))
def test_neighbours_never_stand_in_two_requests_that_would_fit_one(
    lacking: list[Lacking], past: Sequence[Past]
) -> None:
    wide = Throttle(open_most=99, per_hour=99, records={HOUR: 99, MINUTE: 99, DAY: 99})
    found = plan(lacking, past, NOW, wide).asks
    begins = {(r.kind, r.begin) for r in found}
    assert not any((r.kind, r.end + STEPS[r.kind]) in begins for r in found)


@given(lackings())
def test_without_answers_every_gap_is_given_up_in_the_end_and_asking_stops(lacking: list[Lacking]) -> None:
    """Every request is sent and not answered: the tries are bounded, and so is the time they take."""
    known = [Lacking(one.kind, one.step, one.starts) for one in lacking]
    past: list[Past] = []
    now = NOW
    for _ in range(3000):
        found = plan(known, [p for p in past if now - p.asked < timedelta(days=7)], now, QUICK)
        past += [Past(request, now, sent=True, ended=now + timedelta(seconds=40)) for request in found.asks]
        if not found.asks and sum(len(starts(gap)) for gap in found.given_up) == sum(
            len(k.starts) for k in known
        ):
            break
        now += timedelta(minutes=15)
    else:
        raise AssertionError("the host still asks after a month")
    tries = [sum(p.request.covers(k.kind, s) for p in past) for k in known for s in k.starts]
    assert all(count == QUICK.tries for count in tries)
