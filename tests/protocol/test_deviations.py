"""The list of deviations: our guide's §12.5 whole, each with a stream, a verdict, a counter and a setting."""

import re
from pathlib import Path

import pytest

from mingcha.protocol.hj212 import KINDS, SETTINGS, Decoding, Dialect, _pure, codec, deviations
from mingcha.protocol.hj212.verdicts import Effect

ROWS = deviations.table()
GUIDE = Path(__file__).with_name(
    "guide_12_5.md"
)  # the table of our guide to the protocol, as it stands there
STRICT = Decoding(Dialect(mode="strict"))
# What the guide says around the deviations themselves.
PROSE = ("found in real receiver logs and in several open simulators, so offer it per station", "occurs")

both = pytest.mark.parametrize("backend", [codec, _pure], ids=["chosen", "pure"])
rows = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.example)


def guide():
    """Area → what occurs."""
    lines = [line.strip().strip("|").split(" | ") for line in GUIDE.read_text(encoding="utf-8").splitlines()]
    return {area.strip(): text.strip() for area, text in (cells for cells in lines if len(cells) == 2)}


def test_the_guide_has_its_ten_areas():
    areas = set(guide()) - {"Area"}
    assert areas == {row.area for row in ROWS}
    assert len(areas) == 10


@pytest.mark.parametrize("area", sorted({row.area for row in ROWS}))
def test_no_words_of_the_guide_are_unlisted(area):
    left = guide()[area]
    for row in (row for row in ROWS if row.area == area):
        assert row.words in left, f"{row.words!r} is not in the guide, or not in its order"
        left = left.replace(row.words, "", 1)
    for words in PROSE:
        left = left.replace(words, "")
    left = re.sub(r"\bor\b", "", left)
    assert re.sub(r"[\s,;*–|]", "", left) == "", left


def test_every_row_has_its_stream_and_every_stream_its_row():
    assert {row.example for row in ROWS} == set(deviations.EXAMPLES)
    assert len({row.example for row in ROWS}) == len(ROWS)


def test_every_code_of_the_list_is_a_named_problem():
    assert {row.code for row in ROWS} - {""} <= set(KINDS)
    # A name that the guide's §12.5 asks for is in the list.
    listed = {row.code for row in ROWS}
    assert {kind.code for kind in KINDS.values() if kind.guide == "12.5"} <= listed


@both
@rows
def test_a_tolerant_station(row, backend):
    verdict, codes = deviations.judged(deviations.EXAMPLES[row.example], backend=backend)
    assert verdict == row.tolerant
    assert set(codes) - {"parameters_too_long"} == ({row.code} - {""})


@both
@rows
def test_a_strict_station(row, backend):
    verdict, codes = deviations.judged(deviations.EXAMPLES[row.example], STRICT, backend=backend)
    assert verdict == row.strict
    assert row.code in codes or not row.code


@both
@rows
def test_its_setting_decides(row, backend):
    stream = deviations.EXAMPLES[row.example]
    if not deviations.setting(row.code):
        assert row.code in ("", "tail", "half_frame", "mn_missing")
        return
    verdict, codes = deviations.judged(stream, Decoding(deviations.admitting(row)), backend=backend)
    assert (verdict, bool(codes)) == ("deviating", True)
    if row.tolerant == "deviating":
        refusing = Decoding(Dialect(refused=frozenset({row.code})))
        assert deviations.judged(stream, refusing, backend=backend)[0] == "rejected"


def test_a_strict_dialect_refuses_every_code_that_is_no_note():
    strict = Dialect(mode="strict")
    for kind in KINDS.values():
        expected = Effect.NOTES if kind.effect is Effect.NOTES else Effect.REJECTS
        assert strict.effect(kind.code) is expected, kind.code


def test_every_code_that_can_be_decided_names_its_setting():
    for code in KINDS:
        named = deviations.setting(code)
        hard = KINDS[code].effect is Effect.REJECTS
        assert all(part in SETTINGS for part in named.split(", ") if part)
        assert bool(named) is (not hard or code.startswith(("crc_", "length", "ciphertext"))) or code in (
            "tail", "future", "clock_drift", "interval_end", "crc_missing", "length_ceiling", "length_and_crc"
        )  # fmt: skip


def test_counters_are_those_of_the_gateways_metrics():
    assert deviations.counter("crc_case") == 'mingcha_problems_total{code="crc_case"}'


def test_the_page_names_every_code_and_every_setting():
    page = deviations.as_markdown()
    assert all(f"| `{code}` |" in page for code in KINDS)
    assert all(f"| `{name}` |" in page for name in SETTINGS)
    assert all(row.words in page for row in ROWS)
