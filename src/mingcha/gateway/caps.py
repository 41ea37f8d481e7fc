"""Bounds of the gateway. Memory is bounded by them, whatever anybody sends."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caps:
    """Bounds, each with its reason. Bytes are as received; times are seconds."""

    # One connection
    frame_bytes: int = 4096  # the standard allows 1024; field devices send up to 1623 (deviations of HJ 212)
    unacked_bytes: int = (
        1 << 20
    )  # about 1,000 frames waiting for one commit: a whole back-fill burst, no more
    half_frame_s: float = 30.0  # at 1,200 bit/s, the slowest link in use, a frame takes 9 s
    garbage_bytes: int = 64 * 1024  # so much without a frame is no data logger
    rejected_bytes: int = 1 << 20  # so much refused without one good frame between only fills the journal
    idle_s: float = 7200.0  # the longest RtdInterval is 3,600 s: two of them without a whole frame
    write_buffer_bytes: int = 256 * 1024  # who does not read its answers is not read from either
    stalled_s: float = 120.0  # and closed after the longest time-out of HJ 212 (99 s) and a little

    # All connections
    connections: int = 20_000  # 19,000 loggers and some that reconnect; files per process are limited too
    unproven_s: float = 30.0  # when full, who sent no frame for so long makes room for a newcomer
    pending_bytes: int = 32 << 20  # half frames of all: 20,000 half frames of 1.6 kB
    queue_bytes: int = 64 << 20  # waiting for the disk: seconds of the highest load measured
    batch_entries: int = 8192  # one block; more only makes its first frame wait

    sweep_s: float = 1.0  # how often times are looked at: the error of all of them

    # Answers of field machines to our own requests
    open_requests: int = 64  # stations of one connection with an open request (forwarders carry many)


@dataclass(frozen=True, slots=True)
class Policy:
    """How the host behaves where the standard leaves it open. Seconds."""

    ack_unknown: bool = False  # answer 9014 to an MN that is not registered (it is kept in any case)
    set_time: bool = True  # send 1012 to a logger whose clock is off, or that asks by 1013
    drift_s: float = 300.0  # from so much on; HJ 212 has no number, see the guide to the protocol §12.4
    reset_after_s: float = 3600.0  # a logger that cannot be set is not asked again before
    overtime_s: float = 10.0  # HJ 212-2017: all links but ADSL
    recount: int = 3
