"""The sizing table says what follows from what was measured, and what was not measured."""

from types import ModuleType

import pytest

from mingcha.cli.bench import folder, load


@pytest.fixture(scope="module")
def sizing() -> ModuleType:
    return load(folder() / "_sizing.py")


def measured(sizing: ModuleType) -> object:
    return sizing.Measured(
        gateway_us=40.0, projector_us=50.0, nightly_us=100.0, nightly_seconds=1.0, nightly_values=10_000,
        made_rows_s=1_000_000, journal=60.0, recent=13.0, history=2.0, hours=50.0,
    )  # fmt: skip


def test_needs_grow_with_the_outlets_and_follow_from_the_figures(sizing: ModuleType) -> None:
    small, large = (sizing.need(outlets, measured(sizing)) for outlets in (100, 20_000))
    assert large.frames_s == pytest.approx(200 * small.frames_s)
    assert small.frames_s == pytest.approx(100 * 1609 / 86_400)
    assert small.journal_gb == pytest.approx(100 * 1609 * 365 * 60 / 1e9)
    assert large.gateway_cores == pytest.approx(large.frames_s * 40e-6)
    assert large.projector_cores == pytest.approx(large.frames_s * 50e-6)
    assert large.history_gb == pytest.approx(200 * small.history_gb)


def test_the_page_has_a_line_for_each_size_and_names_what_is_extrapolated(
    sizing: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizing, "measure", lambda *, quick: measured(sizing))
    page = sizing.page(quick=True)
    for outlets in ("100", "1,000", "5,000", "20,000"):
        assert f"\n| {outlets} |" in page
    assert "## Measured" in page
    assert "## Extrapolated" in page
    assert "quick run" in page
