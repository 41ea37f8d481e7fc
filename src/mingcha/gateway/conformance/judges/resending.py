"""A logger under test whose uploads are not acknowledged."""

from itertools import pairwise

from mingcha.core.clock import parse_digits
from mingcha.core.packets import DAY, HOUR, MINUTE
from mingcha.gateway.conformance.log import Gone, Seen
from mingcha.gateway.conformance.outcomes import Verdict, failed, not_applicable, not_run, passed
from mingcha.gateway.conformance.settings import DRIFT_S, LINK
from mingcha.gateway.conformance.stage import Stage, nothing
from mingcha.gateway.conformance.table import Case
from mingcha.gateway.host.host import LIVE
from mingcha.protocol.hj212 import commands
from mingcha.protocol.hj212.exchanges import COMMANDS
from mingcha.protocol.hj212.limits import MINUTE_MIN

MINUTES, MINUTE_VALUE = "set_minute_interval", "minute_interval_min"
KEPT = (MINUTE, HOUR, DAY)
EARLY, LATE_S = (
    0.8,
    3.0,
)  # a resend may come a little early or late; what a slow logger needs besides its time-out


def _wants_ack(one: Seen) -> bool:
    return one.message is not None and one.message.wants_ack and one.cn.startswith("2")


async def resends(stage: Stage, case: Case) -> Verdict:
    """Short time-outs by 1000, one upload is left unanswered, all others are answered."""
    overtime, recount = stage.settings.overtime_s, stage.settings.recount
    asked = await stage.do("set_timeouts", {"overtime_s": overtime, "recount": recount})
    if asked.result_code != "1":
        return not_run("cannot_set_timeouts")
    try:
        return await _watched(stage, overtime, recount)
    finally:
        stage.withhold = nothing
        await _link_again(stage)
        await stage.do("set_timeouts", {"overtime_s": int(LINK.timeout_s), "recount": LINK.resends})


async def _watched(stage: Stage, overtime: int, recount: int) -> Verdict:
    chosen: list[str] = []

    def withhold(message: object) -> bool:
        """The first upload that comes from now on."""
        qn, cn, wants = (
            getattr(message, "qn", ""),
            getattr(message, "cn", ""),
            getattr(message, "wants_ack", False),
        )
        if not chosen and wants and cn.startswith("2") and qn not in stage.acked:
            chosen.append(qn)
        return qn in chosen

    mark = stage.log.mark()
    stage.withhold = withhold
    first = await stage.log.find(
        lambda one: _wants_ack(one) and one.qn in chosen,
        since=mark,
        within=stage.settings.wait_s,
        through=True,
    )
    if first is None:
        return not_applicable("no_upload", s=stage.settings.wait_s)
    wait = (recount + 1) * overtime + LATE_S
    same = [first]

    def again() -> bool:
        same[:] = [one for one in stage.log.received(mark) if one.qn == first.qn and one.cn == first.cn]
        return len(same) > recount + 1

    await stage.log.until(again, wait)
    return _counted(same, overtime, recount)


def _counted(same: list[Seen], overtime: int, recount: int) -> Verdict:
    gaps = [two.at - one.at for one, two in pairwise(same)]
    shown = ", ".join(f"{gap:.1f}" for gap in gaps) or "-"
    if not gaps:
        return failed("not_resent", *same)
    good = len(gaps) == recount and all(overtime * EARLY <= gap <= overtime + LATE_S for gap in gaps)
    if not good:
        return failed("resent_wrong", *same, expected=recount, s=overtime, n=len(gaps), gaps=shown)
    return passed("resent", *same, n=len(gaps), gaps=shown)


async def _link_again(stage: Stage) -> None:
    """A logger may give its link up after the last resend; it comes again."""
    if not await stage.log.until(lambda: stage.log.open, stage.settings.wait_s):
        raise Gone("the peer did not come back")


async def sent_again_later(stage: Stage, case: Case) -> Verdict:
    """Minute, hourly or daily data are left unanswered and the link is broken: the same DataTime must come again."""
    quick = stage.edition in COMMANDS[MINUTES].editions
    if quick:
        await stage.do(MINUTES, {MINUTE_VALUE: 1})
    try:
        return await _again_later(stage)
    finally:
        if quick:
            await _link_again(stage)
            await stage.do(MINUTES, {MINUTE_VALUE: MINUTE_MIN})


async def _again_later(stage: Stage) -> Verdict:
    mark = stage.log.mark()
    stage.withhold = lambda message: message.cn in KEPT
    try:
        first = await stage.log.find(
            lambda one: _wants_ack(one) and one.cn in KEPT,
            since=mark,
            within=stage.settings.wait_s,
            through=True,
        )
        if first is None or first.message is None:
            return not_applicable("no_interval_upload", s=stage.settings.wait_s)
        stage.cut()
    finally:
        stage.withhold = nothing
    lines, time = stage.log.lines, first.message.field("DataTime")
    place = stage.log.mark()
    again = await stage.log.find(
        lambda one: one.line > first.line and one.cn == first.cn and _time(one) == time,
        since=place, within=stage.settings.wait_s, through=True,
    )  # fmt: skip
    if again is None:
        return failed("not_again" if stage.log.lines > lines else "not_back", first, s=stage.settings.wait_s)
    return passed("came_again", first, again, s=again.at - first.at)


def _time(one: Seen) -> str | None:
    return one.message.field("DataTime") if one.message is not None else None


async def notified(stage: Stage, case: Case) -> Verdict:
    """A notify that asks for its 9013 is not repeated once that was sent."""
    mine = [one for one in stage.log.received() if one.cn == case.args["cn"]]
    if not mine:
        return not_applicable("none_seen")
    bad = [one for one in mine if not one.message or not one.message.wants_ack or after_ack(stage, one)]
    if bad:
        return failed("some_bad", *bad, n=len(mine), bad=len(bad), what=f"QN={bad[0].qn}")
    return passed("all_good", *mine[:3], n=len(mine))


SLIP_S = 0.5  # a resend may cross its answer on the way


def after_ack(stage: Stage, one: Seen) -> bool:
    """Whether this came although its answer was sent well before."""
    acked = stage.acked.get(one.qn)
    return bool(one.qn) and acked is not None and one.at > acked + SLIP_S


async def not_after_ack(stage: Stage, case: Case) -> Verdict:
    mine = [one for one in stage.log.received() if _wants_ack(one)]
    if not mine:
        return not_applicable("none_seen")
    bad = [one for one in mine if after_ack(stage, one)]
    if bad:
        return failed("some_bad", *bad, n=len(mine), bad=len(bad), what=f"QN={bad[0].qn}")
    return passed("all_good", n=len(mine))


async def qn_unique(stage: Stage, case: Case) -> Verdict:
    """One QN names one frame; the same bytes again are a resend."""
    bodies: dict[str, bytes] = {}
    mine = [
        one
        for one in stage.log.received()
        if one.message and one.cn not in commands.REPLIES and not stage.knows(one.qn)
    ]
    bad = [one for one in mine if bodies.setdefault(one.qn, one.raw).rstrip() != one.raw.rstrip()]
    if not mine:
        return not_applicable("none_seen")
    if bad:
        return failed("some_bad", *bad, n=len(mine), bad=len(bad), what=f"QN={bad[0].qn}")
    return passed("all_good", n=len(mine))


async def clock(stage: Stage, case: Case) -> Verdict:
    """By the QN of frames that were stamped as they left: the first sending of real-time data, notifies and replies' data."""
    drifts = [
        ((moment - one.moment).total_seconds(), one)
        for one in stage.log.received()
        if one.cn in LIVE and not stage.knows(one.qn) and (moment := parse_digits(one.qn)) is not None
    ]
    if not drifts:
        return not_applicable("none_seen")
    worst, shown = max(drifts, key=lambda found: abs(found[0]))
    if abs(worst) > DRIFT_S:
        return failed("time_off", shown, s=worst)
    return passed("time_good", shown, s=worst)


JUDGES = {
    "resends": resends, "sent_again_later": sent_again_later, "notified": notified, "not_after_ack": not_after_ack,
    "qn_unique": qn_unique, "clock": clock,
}  # fmt: skip
