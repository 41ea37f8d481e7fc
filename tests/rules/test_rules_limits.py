"""Limits of standards as proposed to the register."""

from datetime import date
from decimal import Decimal

import pytest

from mingcha.core.citation import Sureness
from mingcha.core.errors import BadInput, NotFound
from mingcha.rules.standards.limits import limit_for, rows

DAY = date(2026, 3, 1)
PLANT = "municipal WWTP 一级A"


def test_the_limit_of_a_new_gas_boiler_has_its_reference_oxygen_and_dates():
    limit = limit_for("GB 13271-2014", "gas boiler, new (表2)", "a21002", DAY)
    assert (limit.value, limit.unit, limit.averaging) == (Decimal(200), "mg/m3", "hour")
    assert (limit.reference_o2, limit.valid_from) == (Decimal("3.5"), date(2014, 7, 1))
    assert limit.sureness is Sureness.OFFICIAL


def test_an_existing_source_has_its_own_first_day():
    kind = "gas boiler, in use (表1)"
    assert limit_for("GB 13271-2014", kind, "NOx", date(2015, 9, 30)) is None
    assert limit_for("GB 13271-2014", kind, "NOx", date(2015, 10, 1)).value == 400


def test_hour_and_day_limits_are_told_apart():
    hour = limit_for("GB 18485-2014", "municipal waste incinerator", "NOx", DAY)
    day = limit_for("GB 18485-2014", "municipal waste incinerator", "NOx", DAY, averaging="day")
    assert (hour.value, day.value) == (300, 250)


def test_the_value_in_brackets_is_for_cold_water():
    warm = limit_for("GB 18918-2002", PLANT, "w21003", DAY, averaging="day")
    cold = limit_for("GB 18918-2002", PLANT, "w21003", DAY, averaging="day", cold=True)
    assert (warm.value, cold.value) == (5, 8)


def test_from_the_unread_amendment_on_the_limits_of_sewage_plants_are_doubtful():
    before = limit_for("GB 18918-2002", PLANT, "COD", date(2026, 2, 28), averaging="day")
    after = limit_for("GB 18918-2002", PLANT, "COD", date(2026, 3, 1), averaging="day")
    assert before.sureness is not Sureness.DOUBTFUL
    assert after.sureness is Sureness.DOUBTFUL


def test_a_standard_whose_dates_are_open_proposes_nothing():
    assert limit_for("DB31/387-2018", "gas-fired boiler", "NOx", DAY) is None


def test_a_range_is_not_squeezed_into_a_number():
    with pytest.raises(BadInput, match="6-9, a range"):
        limit_for("GB 18918-2002", PLANT, "pH", DAY, averaging="day")
    assert limit_for("GB 18918-2002", PLANT, "Hg", DAY, averaging="day") is None


def test_an_unknown_standard_or_source_lists_those_that_are_known():
    with pytest.raises(NotFound, match="GB 13223-2011"):
        limit_for("GB 1", "boiler", "NOx", DAY)
    with pytest.raises(NotFound, match="gas boiler, new"):
        limit_for("GB 13271-2014", "boiler", "NOx", DAY)


def test_every_row_is_sure_to_some_degree_and_keeps_its_provenance():
    assert len(rows()) == 312
    assert all(row.provenance for row in rows())
    assert {row.sureness for row in rows()} == {Sureness.OFFICIAL, Sureness.SECONDARY, Sureness.DOUBTFUL}
    memory = [row for row in rows() if row.provenance in ("M", "M+")]
    assert memory
    assert all(row.sureness is not Sureness.OFFICIAL for row in memory)
