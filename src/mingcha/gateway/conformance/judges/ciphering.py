"""Encryption and keys of 2025, for both roles. HJ 212-2025 §6.4 as secondary sources quote it."""

from mingcha.core.clock import now
from mingcha.gateway.conformance.judges.acknowledging import realtime
from mingcha.gateway.conformance.log import Seen
from mingcha.gateway.conformance.outcomes import Verdict, failed, not_applicable, passed
from mingcha.gateway.conformance.stage import Stage
from mingcha.gateway.conformance.table import Case
from mingcha.protocol.hj212 import commands
from mingcha.protocol.hj212.exchanges.cipher import encrypted, wants_cipher

TRIAL_KEY = "Cf212mingchaK3yZ"  # set for a moment by --allow-control and changed back
WRONG_KEY = b"Zy3Kahcgnim212fC"
OPEN = b"CP=&&"


async def data_encrypted(stage: Stage, case: Case) -> Verdict:
    """Data commands, 1014 and 3020 with something in CP."""
    mine = [one for one in stage.log.received() if one.message and wants_cipher(one.cn) and _has_content(one)]
    if not mine:
        return not_applicable("none_seen")
    bad = [one for one in mine if not one.plain]
    if bad:
        return failed("encrypted_not", *bad, n=len(mine), bad=len(bad))
    return passed("encrypted_all", *mine[:3], n=len(mine))


def _has_content(one: Seen) -> bool:
    message = one.message
    return message is not None and (message.encrypted or bool(message.cp))


async def answers_plain(stage: Stage, case: Case) -> Verdict:
    mine = [one for one in stage.log.received() if one.cn in commands.REPLIES]
    bad = [one for one in mine if one.plain or (one.message and one.message.encrypted)]
    if not mine:
        return not_applicable("none_seen")
    if bad:
        return failed("some_bad", *bad, n=len(mine), bad=len(bad), what=f"CN={bad[0].cn}")
    return passed("all_good", n=len(mine))


async def key_changed(stage: Stage, case: Case) -> Verdict:
    """The old key is put back; a logger that keeps the new one is told apart by what its data are encrypted with."""
    old = stage.keys[0]
    done = await stage.do("set_key", {"key_created": now(), "new_key": TRIAL_KEY})
    if done.code == "2":
        return not_applicable("refuses", *done.frames, code=done.code)
    if done.result_code != "1":
        return failed("not_set", *done.frames)
    stage.keys = (
        TRIAL_KEY.encode(),
    )  # only the new one: what is encrypted with the old one cannot be read now
    data = await stage.do("start_realtime")
    used = bool(data.data) and all(one.plain for one in data.data)
    if not used:
        stage.keys = (TRIAL_KEY.encode(), old)
        return failed("key_unused", *done.frames, *data.frames)
    back = await stage.do("set_key", {"key_created": now(), "new_key": old.decode("ascii", "replace")})
    if back.result_code == "1":
        stage.keys = (old, TRIAL_KEY.encode())
        return passed("key_good", *done.frames, *data.frames)
    return failed("key_stays", *done.frames, *back.frames, now=TRIAL_KEY)


async def wrong_key(stage: Stage, case: Case) -> Verdict:
    raw = realtime(stage)
    sent, answer = await stage.say(
        encrypted(raw, WRONG_KEY), plain=raw, within=stage.settings.quiet_s, note=False, strict=True
    )
    if answer is not None:
        return failed("should_be_silent", sent, answer, cn=answer.cn)
    return passed("silent", sent, s=stage.settings.quiet_s)


JUDGES = {
    "data_encrypted": data_encrypted, "answers_plain": answers_plain, "key_changed": key_changed, "wrong_key": wrong_key,
}  # fmt: skip
