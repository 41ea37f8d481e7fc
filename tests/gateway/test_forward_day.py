"""A target that was down for a day catches up while frames come in, over a kill -9. MINGCHA_FORWARD_MINUTES says how much of a day."""

import os

import pytest

from mingcha.cli.bench import folder, load

MINUTES = "15"  # a hundredth of a day


def test_a_target_that_was_down_gets_everything_and_reception_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MINGCHA_FORWARD_MINUTES", os.environ.get("MINGCHA_FORWARD_MINUTES") or MINUTES)
    found = load(folder() / "forward.py").run(quick=True)["values"]
    assert found["waiting_frames"] >= 30 * int(os.environ["MINGCHA_FORWARD_MINUTES"])
    assert (found["missing"], found["received_unanswered"], found["kills"]) == (0, 0, 1)
    assert found["twice"] < found["waiting_frames"]
    assert found["p50_ms_meanwhile"] < 50, "what waits for its answer waits for the disk, not for a target"
