"""What the frames of a peer carry, by the problems that the codec names. Judged last, over everything received."""

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta

from mingcha.core.clock import parse_digits
from mingcha.core.packets import DAY, HOUR, MINUTE
from mingcha.gateway.conformance.log import Seen
from mingcha.gateway.conformance.outcomes import Verdict, failed, not_applicable, passed
from mingcha.gateway.conformance.settings import LATE_S
from mingcha.gateway.conformance.stage import Stage
from mingcha.gateway.conformance.table import Case
from mingcha.protocol.hj212 import PLAIN_DIALECT, check_times, commands
from mingcha.protocol.hj212.editions import SPLIT_BIT

LENGTHS = {
    MINUTE: timedelta(minutes=1),
    HOUR: timedelta(hours=1),
    DAY: timedelta(days=1),
}  # minute data: at least
SHOWN = 4  # kinds of problems named


async def without(stage: Stage, case: Case) -> Verdict:
    return _without(stage, frozenset(case.args["codes"]))


async def without_any(stage: Stage, case: Case) -> Verdict:
    return _without(stage, None)


def _without(stage: Stage, codes: Collection[str] | None) -> Verdict:
    """Frames that have none of these problems; None: none at all."""
    mine = [
        one for one in stage.log.received() if one.cn not in commands.REPLIES or one.qn not in stage.wrong
    ]
    found: dict[str, list[Seen]] = defaultdict(list)
    for one in mine:
        for code, text in _problems(one):
            if codes is None or code in codes:
                found[text].append(one)
    if not mine:
        return not_applicable("none_seen")
    if found:
        bad = {id(one): one for ones in found.values() for one in ones}
        what = "; ".join(sorted(found, key=lambda text: -len(found[text]))[:SHOWN])
        return failed("some_bad", *bad.values(), n=len(mine), bad=len(bad), what=what)
    return passed("all_good", n=len(mine))


def _problems(one: Seen) -> list[tuple[str, str]]:
    if one.message is None:
        return [(one.problem.code, one.problem.text)] if one.problem is not None else []
    timed = [found for found in check_times(one.message, one.moment) if found.code != "clock_drift"]
    return [(found.code, found.text) for found in (*one.message.problems, *timed)]


async def frames_edition(stage: Stage, case: Case) -> Verdict:
    mine = [one for one in stage.log.received() if one.message and one.cn not in commands.REPLIES]
    if not mine:
        return not_applicable("none_seen")
    bad = [one for one in mine if one.message and one.message.edition != stage.edition]
    if bad:
        first = bad[0].message
        what = f"{first.edition or '?'}, Flag={first.header.get('Flag', '-')}" if first else ""
        return failed("some_bad", *bad, n=len(mine), bad=len(bad), what=what)
    return passed("all_good", n=len(mine))


async def packs_whole(stage: Stage, case: Case) -> Verdict:
    """Packs of one message share ST, CN, DataTime and PNUM; each has its own QN."""
    split = [
        one
        for one in stage.log.received()
        if one.message and one.message.flag is not None and one.message.flag & SPLIT_BIT
    ]
    if not split:
        return not_applicable("none_seen")
    groups: dict[tuple[object, ...], dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    orphans = []
    for one in split:
        message = one.message
        if message is None or message.pack is None or not message.field("DataTime"):
            orphans.append(one)
            continue
        key = (message.st, message.cn, message.field("DataTime"), message.pack[0])
        groups[key][message.pack[1]].add(message.qn)
    bad = [
        f"DataTime={key[2]} {sorted(packs)}/{key[3]}"
        for key, packs in groups.items()
        if _is_broken(key, packs)
    ]
    if orphans or bad:
        what = bad[0] if bad else "PNUM, PNO, DataTime"
        return failed("some_bad", *(orphans or split), n=len(split), bad=len(orphans) + len(bad), what=what)
    return passed("all_good", *split[:2], n=len(split))


def _is_broken(key: tuple[object, ...], packs: dict[int, set[str]]) -> bool:
    """A pack is missing, or two packs have one QN."""
    qns = [qn for found in packs.values() for qn in found]
    return len(packs) != key[3] or len(qns) != len(set(qns))


async def supplements(stage: Stage, case: Case) -> Verdict:
    """Answers to history requests are no uploads of their own and need no mark."""
    answers = {id(frame) for asked in stage.asked for frame in asked.data}
    mine = [
        one
        for one in stage.log.received()
        if one.message and one.cn in LENGTHS and id(one) not in answers and one.message.wants_ack
    ]
    if not mine:
        return not_applicable("none_seen")
    bad = [one for one in mine if _is_marked_wrong(one)]
    if bad:
        first = bad[0].message
        what = f"CN={bad[0].cn} DataTime={first.field('DataTime') if first else ''}"
        return failed("some_bad", *bad, n=len(mine), bad=len(bad), what=what)
    return passed("all_good", *mine[:2], n=len(mine))


def _is_marked_wrong(one: Seen) -> bool:
    """Late by more than ``LATE_S`` without RF=1, or in the very interval after its own with it."""
    message = one.message
    start = parse_digits((message.field("DataTime") or "")[:14]) if message is not None else None
    if message is None or start is None:
        return False
    late_s = (one.moment - start - LENGTHS[one.cn]).total_seconds()
    return late_s > LATE_S and message.header.get("RF", "") not in PLAIN_DIALECT.supplement_values


JUDGES = {
    "without": without, "without_any": without_any, "frames_edition": frames_edition, "packs_whole": packs_whole,
    "supplements": supplements,
}  # fmt: skip
