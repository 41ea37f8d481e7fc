"""What goes wrong on the wire: the bytes of a frame that is right otherwise."""

from dataclasses import dataclass

from mingcha.gateway.simulator.faults.base import Fault
from mingcha.protocol.hj212 import wrap
from mingcha.protocol.hj212.crc import modbus
from mingcha.protocol.hj212.limits import HEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongCrc(Fault):
    """The CRC is one of HJ 212's 256 values, but not that of the frame."""

    def on_wire(self, raw: bytes) -> list[bytes]:
        body, digits, tail = _tail(raw)
        return [body + (b"C0C1" if digits != b"C0C1" else b"C181") + tail]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongLength(Fault):
    """The length field says ``off`` bytes too many."""

    off: int = 7

    def on_wire(self, raw: bytes) -> list[bytes]:
        return [b"##%04d" % (int(raw[2:6]) + self.off) + raw[6:]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingCrlf(Fault):
    """The frame ends with its CRC: no CR, no LF."""

    def on_wire(self, raw: bytes) -> list[bytes]:
        return [raw.removesuffix(b"\r\n")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage(Fault):
    """Line noise before the frame, with half a frame head in it."""

    noise: bytes = b"\x00\xffAT+CIPSEND\r\n##01"

    def on_wire(self, raw: bytes) -> list[bytes]:
        return [self.noise + raw]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate(Fault):
    """The same bytes are written twice."""

    def on_wire(self, raw: bytes) -> list[bytes]:
        return [raw, raw]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusLow(Fault):
    """The CRC is that of Modbus, low byte first."""

    def on_wire(self, raw: bytes) -> list[bytes]:
        body, _, tail = _tail(raw)
        low_first = modbus(body[HEAD:]).to_bytes(2, "little")
        return [body + low_first.hex().upper().encode() + tail]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusHigh(Fault):
    """The CRC is that of Modbus, high byte first."""

    def on_wire(self, raw: bytes) -> list[bytes]:
        body, _, tail = _tail(raw)
        return [body + b"%04X" % modbus(body[HEAD:]) + tail]


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfFrame(Fault):
    """The first half of the frame is written and nothing more; it is sent whole after the time-out."""

    def on_wire(self, raw: bytes) -> list[bytes]:
        return [raw[: len(raw) // 2]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GbkText(Fault):
    """A log text in GBK instead of UTF-8 stands in the frame. An encrypted frame stays as it is."""

    text: str = "更换试剂"

    def on_wire(self, raw: bytes) -> list[bytes]:
        body, _, tail = _tail(raw)
        if not raw.isascii() or not body.endswith(b"&&"):
            return [raw]
        item = b";i11001-Info=//%b//" % self.text.encode("gbk")
        return [wrap(body[HEAD:-2] + item + b"&&").removesuffix(b"\r\n") + tail]


def _tail(raw: bytes) -> tuple[bytes, bytes, bytes]:
    cut = len(raw) - 6 if raw.endswith(b"\r\n") else len(raw) - 4
    return raw[:cut], raw[cut : cut + 4], raw[cut + 4 :]
