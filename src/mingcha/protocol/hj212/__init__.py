"""HJ 212 in the editions 2005, 2017 and 2025: bytes in, events and messages out. No I/O, no clock, no Django.

>>> splitter = Splitter()
>>> for event in splitter.receive(wrap(b"QN=20240601085857223;ST=91;CN=9013;PW=123456;MN=;Flag=8;CP=&&&&")):
...     if isinstance(event, Frame):
...         print(decode(event).edition, decode(event).verdict)
2025 accepted
"""

from mingcha.protocol.hj212 import commands, editions, factors, informations, limits
from mingcha.protocol.hj212.codec import BACKEND, Arrival, Feed, ack, crc
from mingcha.protocol.hj212.columns import Batch, decode_batch
from mingcha.protocol.hj212.decoding import PLAIN, Decoding, mn_of, read, reread
from mingcha.protocol.hj212.describe import describe, describe_rejected, tail_problems
from mingcha.protocol.hj212.dialect import CRC_DIALECTS, PLAIN_DIALECT, SETTINGS, Dialect
from mingcha.protocol.hj212.encode import encode, encode_packs, wrap
from mingcha.protocol.hj212.events import Event, Frame, Problem, Rejected, Skipped
from mingcha.protocol.hj212.exchanges import COMMANDS, Exchange, ask, request, set_time
from mingcha.protocol.hj212.factors import Factor, lookup
from mingcha.protocol.hj212.limits import CEILING, GARBAGE_MAX, HALF_FRAME_S, LengthPolicy
from mingcha.protocol.hj212.mask import mask
from mingcha.protocol.hj212.message import Message, decode
from mingcha.protocol.hj212.numbers import Number
from mingcha.protocol.hj212.packets import packet_of
from mingcha.protocol.hj212.packs import Came, PackMerger, Packs
from mingcha.protocol.hj212.replies import answer
from mingcha.protocol.hj212.splitter import Splitter, frame_of
from mingcha.protocol.hj212.times import check_times, drift_s
from mingcha.protocol.hj212.verdicts import KINDS, FrameVerdict, verdict_of

__all__ = [
    "BACKEND",
    "CEILING",
    "COMMANDS",
    "CRC_DIALECTS",
    "GARBAGE_MAX",
    "HALF_FRAME_S",
    "KINDS",
    "PLAIN",
    "PLAIN_DIALECT",
    "SETTINGS",
    "Arrival",
    "Batch",
    "Came",
    "Decoding",
    "Dialect",
    "Event",
    "Exchange",
    "Factor",
    "Feed",
    "Frame",
    "FrameVerdict",
    "LengthPolicy",
    "Message",
    "Number",
    "PackMerger",
    "Packs",
    "Problem",
    "Rejected",
    "Skipped",
    "Splitter",
    "ack",
    "answer",
    "ask",
    "check_times",
    "commands",
    "crc",
    "decode",
    "decode_batch",
    "describe",
    "describe_rejected",
    "drift_s",
    "editions",
    "encode",
    "encode_packs",
    "factors",
    "frame_of",
    "informations",
    "limits",
    "lookup",
    "mask",
    "mn_of",
    "packet_of",
    "read",
    "request",
    "reread",
    "set_time",
    "tail_problems",
    "verdict_of",
    "wrap",
]
