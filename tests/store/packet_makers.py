"""Packets for the tests of the telemetry store."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from mingcha.core.packets import FactorReading, Packet
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span

DAY = datetime(2026, 11, 22, 16, tzinfo=UTC)
WEEK = Span(DAY, DAY + timedelta(days=7))
POINTS = ("M1/31", "M2/32")
KINDS = ("2011", "2051")
FACTORS = ("a01001", "a21026", "w01018")


def packet(n=0, *, at=DAY, point="M1/31", kind="2011", received=None, **texts):
    """One packet; ``a01001="1.5 N"`` is text and flag of Rtd."""
    mn, st_ = point.split("/")
    readings = tuple(
        FactorReading(factor, (("Rtd", said.split()[0]),), "".join(said.split()[1:]))
        for factor, said in texts.items()
    )
    ref = FrameRef("g0-20261123", 1 + n // 10, n % 10)
    arrived = received or DAY + timedelta(minutes=n)
    return Packet(mn, st_, kind, at, readings, "2017", f"{20261123000000000 + n}", received=arrived, ref=ref)


numbers = st.sampled_from(["1", "2.50", "2.5", "-3", "0"])
texts = numbers | st.sampled_from(["NaN", "-", "", "1e5", "正常", "a\tb", "\0x", "\udcff"])


@st.composite
def readings(draw):
    names = draw(st.lists(st.sampled_from(FACTORS), unique=True, max_size=3))
    found = []
    for name in names:
        fields = draw(st.lists(st.sampled_from(["Rtd", "Avg", "Cou"]), unique=True, max_size=3))
        found.append(
            FactorReading(
                name, tuple((f, draw(texts)) for f in fields), draw(st.sampled_from(["", "N", "D"]))
            )
        )
    return tuple(found)


@st.composite
def histories(draw, size=25):
    """Packets in order of arrival: few keys, so that duplicates, revisions, split packs and late ones abound."""
    found = []
    for n in range(draw(st.integers(0, size))):
        if found and draw(st.integers(0, 3)) == 0:
            said = draw(st.sampled_from(found)).readings
        else:
            said = draw(readings())
        mn, st_ = draw(st.sampled_from(POINTS)).split("/")
        found.append(
            Packet(
                mn, st_, draw(st.sampled_from(KINDS)), DAY + timedelta(minutes=30 * draw(st.integers(0, 3))), said,
                draw(st.sampled_from(["", "2005", "2017", "2025"])), draw(st.sampled_from(["", "20261123000000001", "x"])),
                draw(st.booleans()), DAY + timedelta(seconds=n), FrameRef("g0-20261123", 1 + n // 4, n % 4),
            )
        )  # fmt: skip
    return found
