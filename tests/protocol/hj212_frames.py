"""Frames for the tests of the protocol: good ones of every edition, and ways to spoil and cut them."""

from itertools import pairwise

from hypothesis import strategies as st

from mingcha.protocol.hj212 import Frame, Message, Splitter, decode, encode, wrap

MN = "010000A8900016F000169DC0"
MN_2005 = "88888880000001"
QN = "20260301080530250"
CP_WATER = "DataTime=20260301080500;w01018-Rtd=36.4,w01018-Flag=N;w01001-Rtd=7.31,w01001-Flag=N"
CP_WATER_2005 = CP_WATER.replace("w01018", "011").replace("w01001", "001")
CP_HOUR = (
    "DataTime=20260301070000;a21026-Min=19.7,a21026-Avg=20.3,a21026-Max=21.9,a21026-ZsAvg=24.6,a21026-Flag=N"
)
FLAGS = {"2005": None, "2017": 5, "2025": 9}


def segment(*, head: str = "", cp: str | None = CP_WATER, **changed: str | None) -> bytes:
    """A segment of 2017; ``changed`` replaces or (None) drops header fields, ``head`` stands for the whole header."""
    fields = {"QN": QN, "ST": "32", "CN": "2011", "PW": "123456", "MN": MN, "Flag": "5"} | changed
    text = head or ";".join(f"{name}={value}" for name, value in fields.items() if value is not None)
    return (text if cp is None else f"{text};CP=&&{cp}&&").encode()


def good(edition: str = "2017", *, qn: str = QN, cn: str = "2011", cp: str = CP_WATER, **other) -> bytes:
    """A whole frame that is accepted without any problem."""
    cp = CP_WATER_2005 if edition == "2005" and cp == CP_WATER else cp
    mn = MN_2005 if edition == "2005" else MN
    fields = {"st": "32", "pw": "123456", "mn": mn, "flag": FLAGS[edition], "cn": cn, "cp": cp} | other
    return encode(edition=edition, qn="" if edition == "2005" else qn, **fields)


def cut(raw: bytes, places) -> list[bytes]:
    """``raw`` in pieces, cut at ``places`` (taken modulo its length)."""
    marks = sorted({0, len(raw), *(place % (len(raw) + 1) for place in places)})
    return [raw[a:b] for a, b in pairwise(marks)]


def feed(raw: bytes, places=(), **options):
    """All events of ``raw`` received in pieces, and the splitter."""
    splitter = Splitter(**options)
    return [event for piece in cut(raw, places) for event in splitter.receive(piece)], splitter


def only_frame(raw: bytes, **options) -> Frame:
    events, splitter = feed(raw, **options)
    frames = [event for event in events + splitter.expire() if isinstance(event, Frame)]
    assert len(frames) == 1, events
    return frames[0]


def message_of(data_segment: bytes) -> Message:
    """The message of a segment in a flawless envelope."""
    return decode(only_frame(wrap(data_segment)))


def codes(message: Message) -> list[str]:
    return [problem.code for problem in message.problems]


GOOD = (
    good("2017"), good("2025"), good("2005"), good(cn="2061", cp=CP_HOUR), good("2025", rf=True),
    wrap(segment(CN="3020", cp="DataTime=20260301080500;PolId=w01018;i11001-Info=//更换试剂;,完成//")),
    wrap(segment(cp="")), wrap(segment(CN="1062", cp="RtdInterval=30")),
)  # fmt: skip
SPOILED = (
    b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&1C08\r\n",
    b"##LLLLQN=1&&AA01\r\n", b"##9999QN=20220607081000001;ST=31&&AA01\r\n", b"##", b"#", b"######", b"\xff\x00 junk\r\n",
    b"\xef\xbb\xbf", b"\r\n\r\n", b"\\r\\n", b" \t", good()[:-20], good()[:40], good().replace(b"36.4", b"36.5"),
    good().replace(b"##0", b"##1"), good()[:-2], good().lower(), b"##0000FFFF", b"&&0000", b"##0010QN=1;CP=&&AAAA",
    wrap(segment().replace(b";", b" ; ")), wrap(segment(cp=CP_WATER.replace(";", ","))), wrap(segment(cp=None)),
    wrap(segment(cp="DataTime=20260301080500;w01018-Rtd=1.2E3,w01018-Rtd=3,w01018-Flag=n;;x")),
    wrap(segment(cp=CP_WATER + "中文")), wrap(segment()[:-2]), wrap(segment() + b"\xc4\xe3"),
)  # fmt: skip


@st.composite
def streams(draw) -> bytes:
    """Good and spoiled frames in any order, some with bytes changed, dropped or added."""
    parts = draw(st.lists(st.sampled_from(GOOD + SPOILED) | st.binary(max_size=12), max_size=8))
    raw = bytearray(b"".join(parts))
    for place, value in draw(st.lists(st.tuples(st.integers(0, 5000), st.integers(-1, 512)), max_size=4)):
        at = place % (len(raw) + 1)
        if value < 0:
            del raw[at : at + 3]
        elif value > 255:
            raw[at:at] = b"##&&;=,0"[value % 8 :]
        elif at < len(raw):
            raw[at] = value
    return bytes(raw)


cuts = st.lists(st.integers(0, 100_000), max_size=12)
