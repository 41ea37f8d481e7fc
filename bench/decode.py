"""Target P1: the compiled codec against its pure twin, on the same frames in the same run.

``python bench/decode.py [--quick]`` or ``run()``. All ways of reading include cutting and CRC:

- lazy: cut, decode, read MN, CN and whether an answer is wanted;
- feed: the verdict and the ready answer of every frame, header shared (what the gateway does before it stores);
- objects: every field as text and the full verdict (what the projection does);
- columns: ``decode_batch`` and both tables handed over as Arrow arrays.

``limit``: the memory bandwidth of this machine, by copying a buffer that no cache holds, and the share of it that the
columns use by the bytes they read and write: what a faster machine or a smaller format could still give.
"""

import json
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

from mingcha.core.clock import format_digits
from mingcha.protocol.hj212 import Frame, Splitter, _pure, codec, decode, encode
from mingcha.protocol.hj212.columns import decode_batch

CHUNK = 16 * 1024  # bytes per read, as a busy socket gives
FRAMES, ROUNDS, QUICK_ROUNDS = 2000, 7, 2
COPIED = 64 * 1024 * 1024  # bytes, to measure the bandwidth of memory
TARGET_LAZY, TARGET_COLUMNS = 10.0, 15.0
_MN = "010000A8900016F000169D{:02X}"
_GAS = ("a00000", "a01011", "a01012", "a01013", "a01014", "a19001", "a21002", "a21026", "a34013")
_WATER = ("w00000", "w01001", "w01018", "w21003", "w21011", "w21001")


def _fields(code: str, index: int, kind: str) -> str:
    value = f"{(index * 37 + len(code) * 11) % 900 / 10:.2f}"
    if kind == "2011":
        return f"{code}-Rtd={value},{code}-Flag=N"
    return f"{code}-Min={value},{code}-Avg={value},{code}-Max={value},{code}-Flag={'D' if index % 50 == 0 else 'N'}"


def _frame(index: int) -> bytes:
    """Four in five are real-time data, as in the traffic of a district; a fifth hour data in 2017, a tenth 2025."""
    moment = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=index * 3)
    kind = "2061" if index % 5 == 0 else "2011"
    codes = _GAS if index % 2 else _WATER
    edition, flag = ("2025", 9) if index % 10 == 3 else ("2017", 5)
    data_time = format_digits(moment)[:10] + "0000" if kind == "2061" else format_digits(moment)[:12] + "00"
    cp = ";".join([f"DataTime={data_time}", *(_fields(code, index, kind) for code in codes)])
    return encode(
        edition=edition, qn=format_digits(moment, milliseconds=True), st="31" if index % 2 else "32", cn=kind,
        pw="123456", mn=_MN.format(index % 200), flag=flag, cp=cp,
    )  # fmt: skip


def _lazy(chunks: list[bytes], backend: ModuleType) -> int:
    splitter = Splitter(backend=backend)
    count = 0
    for chunk in chunks:
        for event in splitter.receive(chunk):
            if type(event) is Frame:
                message = decode(event, backend=backend)
                count += bool(message.mn and message.cn) and message.wants_ack
    return count


def _objects(chunks: list[bytes], backend: ModuleType) -> int:
    splitter = Splitter(backend=backend)
    count = 0
    for chunk in chunks:
        for event in splitter.receive(chunk):
            if type(event) is Frame:
                message = decode(event, backend=backend)
                count += message.verdict == "accepted" and bool(message.cp)
    return count


def _feed(chunks: list[bytes], backend: ModuleType) -> int:
    feed = backend.Feed()
    count = 0
    for chunk in chunks:
        for event in feed.receive(chunk):
            if type(event) is backend.Arrival:
                head = event.head
                count += bool(head.mn and head.cn and event.reply)
    return count


def _columns(chunks: list[bytes], backend: ModuleType) -> int:
    batch = decode_batch(b"".join(chunks), backend=backend)
    batch.frames.__arrow_c_array__()
    batch.fields.__arrow_c_array__()
    return batch.frames.rows


def _written(chunks: list[bytes]) -> int:
    """Bytes of both tables."""
    batch = decode_batch(b"".join(chunks))
    values = [value for table in (batch.frames, batch.fields) for value in table.values]
    return sum(len(part) for value in values for part in (value if isinstance(value, tuple) else (value,)))


def _bandwidth(rounds: int) -> float:
    """Bytes read and written a second by copying."""
    source, best = bytearray(COPIED), float("inf")
    target = memoryview(bytearray(COPIED))
    for _ in range(rounds):
        start = time.process_time()
        target[:] = source
        best = min(best, time.process_time() - start)
    return 2 * COPIED / best


def _cut_only(chunks: list[bytes], backend: ModuleType) -> int:
    splitter = Splitter(backend=backend)
    return sum(type(event) is Frame for chunk in chunks for event in splitter.receive(chunk))


def _rate(work: Callable[[list[bytes], ModuleType], int], chunks: list[bytes], backend: ModuleType) -> float:
    start = time.process_time()
    count = work(chunks, backend)
    elapsed = time.process_time() - start
    if count != FRAMES:
        raise SystemExit(f"{work.__name__} took {count} of {FRAMES} frames: the bench would compare nonsense")
    return FRAMES / elapsed


def _best(
    work: Callable[[list[bytes], ModuleType], int], chunks: list[bytes], rounds: int
) -> dict[str, float]:
    """Best of several rounds, the two back ends in turn, so that both meet the same machine."""
    rates: dict[str, float] = {"compiled": 0.0, "pure": 0.0}
    for _ in range(rounds):
        for backend in (codec, _pure):
            name = "pure" if backend is _pure else "compiled"
            rates[name] = max(rates[name], _rate(work, chunks, backend))
    return rates


def run(*, quick: bool = False) -> dict[str, Any]:
    """The contract of ``bench NAME --json``."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    if codec.BACKEND != "compiled":
        raise SystemExit(
            "the compiled codec is missing; run `make setup` (it needs a C compiler) and unset MINGCHA_PURE"
        )
    frames = [_frame(index) for index in range(FRAMES)]
    stream = b"".join(frames)
    chunks = [stream[at : at + CHUNK] for at in range(0, len(stream), CHUNK)]
    ways = {"cut": _cut_only, "lazy": _lazy, "feed": _feed, "objects": _objects, "columns": _columns}
    values: dict[str, Any] = {"bytes_per_frame": round(len(stream) / FRAMES)}
    for name, work in ways.items():
        rates = _best(work, chunks, rounds)
        values[name] = {
            "compiled_frames_s": round(rates["compiled"]),
            "pure_frames_s": round(rates["pure"]),
            "ratio": round(rates["compiled"] / rates["pure"], 2),
        }
    bandwidth = _bandwidth(rounds)
    moved = values["columns"]["compiled_frames_s"] * (len(stream) + _written(chunks)) / FRAMES
    values["limit"] = {
        "memory_gb_s": round(bandwidth / 1e9, 2), "columns_gb_s": round(moved / 1e9, 2), "share": round(moved / bandwidth, 3),
    }  # fmt: skip
    return {
        "id": "P1",
        "values": values,
        "target": f"lazy at least {TARGET_LAZY:g} times the pure twin; columns at least {TARGET_COLUMNS:g} times",
        "met": values["lazy"]["ratio"] >= TARGET_LAZY and values["columns"]["ratio"] >= TARGET_COLUMNS,
        "machine": f"{platform.machine()}, Python {platform.python_version()}, one core",
        "method": f"{FRAMES} frames in chunks of {CHUNK} bytes, best of {rounds} rounds by CPU time, back ends in turn",
    }


if __name__ == "__main__":
    print(json.dumps(run(quick="--quick" in sys.argv), ensure_ascii=False))
