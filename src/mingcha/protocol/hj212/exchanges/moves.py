"""The exchanges of both roles as tables; a pair missing in one is illegal. HJ 212-2017 §6.

``HOST_NEXT``: a request or notify of the host, as the host sees it. ``LOGGER_NEXT``: an upload or notify of the
logger, as the logger sees it. ``SERVING_NEXT``: a request while the logger works on it. ``REGISTER_NEXT``: how a
logger of 2025 comes by its MN and its key. Silence never keeps an exchange open: every table ends by TIMED_OUT.
"""

from enum import StrEnum


class State(StrEnum):
    WAITING = "waiting"  # sent, not yet answered
    RUNNING = "running"  # 9011 QnRtn=1 came
    DONE = "done"
    FAILED = "failed"  # 9012 with another ExeRtn than 1 (100, no data, is DONE where data were asked for)
    REFUSED = "refused"
    LOST = "lost"  # no answer after the last resend


class Happened(StrEnum):
    ACCEPTED = "accepted"  # CN=9011, QnRtn=1
    DECLINED = "declined"  # CN=9011, any other QnRtn
    DATA = "data"  # a frame with the CN asked for
    SUCCEEDED = "succeeded"  # CN=9012, ExeRtn=1
    NOTHING = "nothing"  # CN=9012, ExeRtn=100: there are no such data
    UNSUCCESSFUL = "unsuccessful"  # CN=9012, any other ExeRtn
    NOTICED = "noticed"  # CN=9013
    TIMED_OUT = "timed_out"
    RESENT = "resent"


HOST_NEXT: dict[tuple[State, Happened], State] = {
    (State.WAITING, Happened.ACCEPTED): State.RUNNING,
    (State.WAITING, Happened.DECLINED): State.REFUSED,
    (State.WAITING, Happened.NOTICED): State.DONE,
    (State.WAITING, Happened.RESENT): State.WAITING,
    (State.WAITING, Happened.TIMED_OUT): State.LOST,
    # 9011 can be lost or overtaken: the result says that the request was accepted.
    (State.WAITING, Happened.SUCCEEDED): State.DONE,
    (State.WAITING, Happened.NOTHING): State.DONE,
    (State.WAITING, Happened.UNSUCCESSFUL): State.FAILED,
    (State.WAITING, Happened.DATA): State.RUNNING,
    (State.RUNNING, Happened.ACCEPTED): State.RUNNING,
    (State.RUNNING, Happened.DATA): State.RUNNING,
    (State.RUNNING, Happened.SUCCEEDED): State.DONE,
    (State.RUNNING, Happened.NOTHING): State.DONE,
    (State.RUNNING, Happened.UNSUCCESSFUL): State.FAILED,
    (State.RUNNING, Happened.TIMED_OUT): State.LOST,
}
FINAL = frozenset({State.DONE, State.FAILED, State.REFUSED, State.LOST})


class Sending(StrEnum):
    """An upload or notify of the logger."""

    OWED = "owed"  # not yet sent, or taken back after a failure
    SENT = "sent"
    ACKED = "acked"
    GONE = "gone"  # its moment has passed: real-time data, notifies


class Told(StrEnum):
    SENT = "sent"
    UNASKED = "unasked"  # sent without asking for an answer
    ANSWERED = "answered"  # 9014 or 9013 with its QN
    RESENT = "resent"
    TIMED_OUT = "timed_out"  # after the last resend, or the link is gone
    EXPIRED = "expired"  # the same of a message whose moment has passed


LOGGER_NEXT: dict[tuple[Sending, Told], Sending] = {
    (Sending.OWED, Told.SENT): Sending.SENT,
    (Sending.OWED, Told.UNASKED): Sending.ACKED,
    (Sending.OWED, Told.EXPIRED): Sending.GONE,
    (Sending.SENT, Told.ANSWERED): Sending.ACKED,
    (Sending.SENT, Told.RESENT): Sending.SENT,
    (Sending.SENT, Told.TIMED_OUT): Sending.OWED,
    (Sending.SENT, Told.EXPIRED): Sending.GONE,
}


class Serving(StrEnum):
    """A request of the host while the logger works on it."""

    HEARD = "heard"
    RUNNING = "running"  # 9011 QnRtn=1 is sent
    NOTICED = "noticed"  # 9013 is sent
    REFUSED = "refused"  # 9011 with another QnRtn is sent
    CLOSED = "closed"  # 9012 is sent


class Said(StrEnum):
    READY = "ready"
    NO = "no"
    NOTICE = "notice"
    DATA = "data"
    RESULT = "result"


SERVING_NEXT: dict[tuple[Serving, Said], Serving] = {
    (Serving.HEARD, Said.READY): Serving.RUNNING,
    (Serving.HEARD, Said.NO): Serving.REFUSED,
    (Serving.HEARD, Said.NOTICE): Serving.NOTICED,
    (Serving.RUNNING, Said.DATA): Serving.RUNNING,
    (Serving.RUNNING, Said.RESULT): Serving.CLOSED,
}


class Entry(StrEnum):
    """How far a logger of 2025 is. Older loggers begin READY."""

    NAMELESS = "nameless"  # no MN
    REGISTERING = "registering"  # 1001 is sent
    NAMED = "named"  # 1002 came; no key yet, or it must change
    ASKING_KEY = "asking_key"  # 1014 is sent
    READY = "ready"


class Step(StrEnum):
    REGISTER = "register"
    GIVEN_MN = "given_mn"
    ASK_KEY = "ask_key"
    GIVEN_KEY = "given_key"
    NEEDS_NO_KEY = "needs_no_key"
    LOST = "lost"  # the link, or all answers


REGISTER_NEXT: dict[tuple[Entry, Step], Entry] = {
    (Entry.NAMELESS, Step.REGISTER): Entry.REGISTERING,
    (Entry.NAMELESS, Step.GIVEN_MN): Entry.NAMED,
    (Entry.REGISTERING, Step.GIVEN_MN): Entry.NAMED,
    (Entry.REGISTERING, Step.LOST): Entry.NAMELESS,
    (Entry.NAMED, Step.GIVEN_MN): Entry.NAMED,
    (Entry.NAMED, Step.NEEDS_NO_KEY): Entry.READY,
    (Entry.NAMED, Step.ASK_KEY): Entry.ASKING_KEY,
    (Entry.NAMED, Step.GIVEN_KEY): Entry.READY,
    (Entry.ASKING_KEY, Step.GIVEN_KEY): Entry.READY,
    (Entry.ASKING_KEY, Step.GIVEN_MN): Entry.NAMED,
    (Entry.ASKING_KEY, Step.LOST): Entry.NAMED,
    (Entry.READY, Step.GIVEN_KEY): Entry.READY,
    (Entry.READY, Step.GIVEN_MN): Entry.NAMED,
    (Entry.READY, Step.ASK_KEY): Entry.ASKING_KEY,
}
