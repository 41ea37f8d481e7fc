"""S1 constant run (恒值不变), screening §4: a value that does not move while the plant runs.

A continuous analyser is judged by time: the stretch lasts two hours or more (oxygen, velocity and
temperature one) and longer than the 99th percentile of its own stretches. A sample-and-hold analyser is
judged by analyses: four or more with an identical result. Honest reasons are tested first; what was
tested stands in ``excluded``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mingcha.core.clock import HOUR_S, beijing, from_epoch
from mingcha.core.clues import Clue, Hypothesis
from mingcha.core.digest import digest
from mingcha.core.facts import Medium
from mingcha.screening.declare import Setting, detector
from mingcha.screening.features import Prepared, Track, analyses, constant_runs, run_seconds
from mingcha.screening.scoring import level_of, run_score, stay_probability

QUICK = ("a19001", "a01011", "a01012")  # oxygen, velocity, temperature: never still for long
SETTINGS = {
    "least_s": Setting(2 * HOUR_S, "s", "least stretch of a continuous analyser"),
    "least_quick_s": Setting(HOUR_S, "s", "the same of oxygen, velocity and temperature"),
    "least_analyses": Setting(4, "1", "least identical results of a sample-and-hold analyser"),
    "own_quantile": Setting(0.99, "1", "quantile of the own stretches that must be passed"),
    "least_held": Setting(2, "1", "other factors that must stand still too for a hold of the line"),
    "hold_s": Setting(4 * HOUR_S, "s", "up to this a hold of all factors is the line's, not an analyser's"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch worth a look. ``count``: equal values in a row (analyses, or records); ``step_s``: their
    distance; ``r``: the raw statistic; ``usual_s``: own quantile of stretches, None for analyses.
    """

    run: tuple[int, int]
    seconds: int
    count: int
    step_s: int
    stay: float
    r: float
    usual_s: float | None


@detector(
    id="S1",
    name_zh="恒值不变",
    name_en="Constant run",
    settings=SETTINGS,
)
def constant_run(prepared: Prepared, settings: Mapping[str, Any]) -> list[Clue]:
    """Every stretch that no honest reason explains, as a clue bounded to the stretch."""
    clues: list[Clue] = []
    for track in prepared.tracks.values():
        for found in candidates(track, settings):
            clue = _clue(prepared, track, found, settings)
            if clue is not None and not (clue.factor is None and _told(clues, clue)):
                clues.append(clue)
    return clues


def _told(clues: Sequence[Clue], clue: Clue) -> bool:
    """A hold of the whole line shows in every factor; it is told once."""
    return any(c.factor is None and c.start < clue.end and clue.start < c.end for c in clues)


def candidates(track: Track, settings: Mapping[str, Any]) -> list[Candidate]:
    """Stretches long enough by time, or by analyses where the analyser samples and holds."""
    runs = constant_runs(track.times, track.values, track.usable, tolerance=track.q / 2, gap_s=track.gap_s)
    lengths = [run_seconds(track.times, run, track.interval_s) for run in runs]
    if track.cycle_s is not None:
        counts = [analyses(length, track.cycle_s, track.interval_s) for length in lengths]
        return _by_analyses(runs, lengths, counts, track.cycle_s, settings)
    counts = [last - first + 1 for first, last in runs]
    return _by_time(track, runs, lengths, counts, settings)


def _by_analyses(
    runs: Sequence[tuple[int, int]],
    lengths: Sequence[int],
    counts: Sequence[int],
    cycle_s: int,
    settings: Mapping[str, Any],
) -> list[Candidate]:
    out = []
    for place, count in enumerate(counts):
        if count >= settings["least_analyses"]:
            stay = _stay(counts, place)
            r = count * math.log10(1 / stay)
            out.append(Candidate(runs[place], lengths[place], count, cycle_s, stay, r, None))
    return out


def _by_time(
    track: Track,
    runs: Sequence[tuple[int, int]],
    lengths: Sequence[int],
    counts: Sequence[int],
    settings: Mapping[str, Any],
) -> list[Candidate]:
    least = settings["least_quick_s" if track.factor in QUICK else "least_s"]
    out = []
    for place, length in enumerate(lengths):
        if length < least:
            continue
        others = [*lengths[:place], *lengths[place + 1 :]]
        usual = float(np.quantile(others, settings["own_quantile"])) if others else float(track.interval_s)
        if length > usual:
            stay = _stay(counts, place)
            out.append(
                Candidate(runs[place], length, counts[place], track.interval_s, stay, length / usual, usual)
            )
    return out


def _stay(counts: Sequence[int], without: int) -> float:
    """Probability that a value stays, from the stretches but the candidate."""
    return stay_probability(np.array([*counts[:without], *counts[without + 1 :]], dtype=np.int64))


def _clue(prepared: Prepared, track: Track, found: Candidate, settings: Mapping[str, Any]) -> Clue | None:
    first, last = found.run
    value = float(track.values[first])
    limit = track.setting.detection_limit if track.setting is not None else None
    if value == 0 or (limit is not None and value <= limit):
        return None  # exact zeros and values below detection are the business of S3
    held = _held_with(prepared, track, found)
    whole_line = len(held) >= settings["least_held"] and len(held) == _beside(prepared, track, found)
    if whole_line and found.seconds <= settings["hold_s"]:
        return None
    score = run_score(found.count, found.stay, found.step_s)
    level = level_of(score, calibrated=False)
    if level is None:
        return None
    factor = None if whole_line else track.factor
    start = from_epoch(float(track.times[first]))
    end = from_epoch(float(track.times[last]) + track.interval_s)
    words = _words(track, found, value)
    samples = [track.times[first : last + 1].tolist(), track.values[first : last + 1].tolist()]
    return Clue(
        outlet=prepared.facts.key,
        factor=factor,
        start=start,
        end=end,
        detector="",
        version="",
        score=round(score, 2),
        level=level,
        kind="malfunction",
        sentence_zh=_sentence_zh(prepared, track, found, words, whole_line=whole_line),
        sentence_en=_sentence_en(prepared, track, found, words, whole_line=whole_line),
        stats=_stats(track, found, value),
        hypotheses=_hypotheses(held, whole_line=whole_line),
        excluded=_excluded(prepared, track, found, held),
        inputs_sha256=digest([prepared.facts.key, track.factor, samples]),
    )


def _window(track: Track, span: tuple[int, int]) -> np.ndarray:
    """Usable values of a track with ``span[0] <= time <= span[1]``."""
    inside = (track.times >= span[0]) & (track.times <= span[1]) & track.usable
    values: np.ndarray = track.values[inside]
    return values


def _others(prepared: Prepared, track: Track, found: Candidate) -> dict[str, np.ndarray]:
    """What the other continuous factors of the outlet did meanwhile, where they sent three values or more."""
    span = (int(track.times[found.run[0]]), int(track.times[found.run[1]]))
    seen = {
        other.factor: _window(other, span)
        for other in prepared.tracks.values()
        if other.factor != track.factor and other.cycle_s is None
    }
    return {factor: values for factor, values in seen.items() if values.size >= 3}


def _beside(prepared: Prepared, track: Track, found: Candidate) -> int:
    return len(_others(prepared, track, found))


def _held_with(prepared: Prepared, track: Track, found: Candidate) -> list[str]:
    """Other factors that stood still through the whole stretch."""
    return sorted(
        factor
        for factor, values in _others(prepared, track, found).items()
        if float(np.ptp(values)) <= prepared.tracks[factor].q / 2
    )


def _words(track: Track, found: Candidate, value: float) -> dict[str, str]:
    unit = track.setting.unit if track.setting is not None else ""
    return {
        "value": f"{value:g} {unit}".strip(),
        "hours": f"{found.seconds / HOUR_S:.1f}",
        "start": f"{beijing(from_epoch(float(track.times[found.run[0]]))):%Y-%m-%d %H:%M}",
        "usual": f"{(found.usual_s or 0) / HOUR_S:.1f}",
        "count": str(found.count),
    }


def _sentence_zh(
    prepared: Prepared, track: Track, found: Candidate, words: Mapping[str, str], *, whole_line: bool
) -> str:
    what = "全部因子" if whole_line else track.factor
    if found.usual_s is None:
        length = f"连续 {words['count']} 次分析结果均为 {words['value']}（{words['hours']} 小时）"
    else:
        length = (
            f"连续 {words['hours']} 小时恒为 {words['value']}，自身恒值时长的99%分位为 {words['usual']} 小时"
        )
    state = "排水" if prepared.facts.medium is Medium.WATER else "运行"
    return (
        f"{prepared.facts.name} {what} 自 {words['start']} 起{length}，期间处于{state}状态，疑似恒值，请核实"
    )


def _sentence_en(
    prepared: Prepared, track: Track, found: Candidate, words: Mapping[str, str], *, whole_line: bool
) -> str:
    what = "all factors" if whole_line else track.factor
    if found.usual_s is None:
        length = f"{words['count']} analyses in a row gave {words['value']} ({words['hours']} h)"
    else:
        length = f"{words['value']} for {words['hours']} h; 99 % of its own stretches last {words['usual']} h or less"
    state = "discharging" if prepared.facts.medium is Medium.WATER else "running"
    return f"{prepared.facts.name}, {what}, from {words['start']}: {length}, while {state}; to be checked"


def _stats(track: Track, found: Candidate, value: float) -> dict[str, Any]:
    return {
        "value": value,
        "hours": found.seconds / HOUR_S,
        "count": found.count,
        "r": round(found.r, 3),
        "stay_probability": found.stay,
        "own_quantile_hours": None if found.usual_s is None else found.usual_s / HOUR_S,
        "resolution": track.q,
        "cycle_s": track.cycle_s,
        "calibrated": False,
    }


def _hypotheses(held: Sequence[str], *, whole_line: bool) -> tuple[Hypothesis, ...]:
    together = f"{len(held)} other factors stand still too / 同时不变的其他因子：{len(held)} 个"
    alone = "other factors move / 其他因子仍在变化"
    line = Hypothesis("line_hold", (together,) if held else (), () if whole_line else (alone,))
    stuck = Hypothesis("stuck_analyser", () if whole_line else (alone,), ("no fault mark / 无故障标记",))
    simulated = Hypothesis("held_or_simulated", ("no mark explains it / 无标记可解释",), ())
    return (line, simulated) if whole_line else (stuck, simulated)


def _excluded(prepared: Prepared, track: Track, found: Candidate, held: Sequence[str]) -> tuple[str, ...]:
    share = f"{100 * found.stay:.1f}"
    water = prepared.facts.medium is Medium.WATER
    limit = track.setting.detection_limit if track.setting is not None else None
    out = [
        "未停排：期间流量大于 0" if water else "未停运：期间流速或流量表明在运行",
        f"非分辨率所致：最小步长 {track.q:g}，自身相邻值不变的概率为 {share}%",
        "检出限未登记，未能检验" if limit is None else f"非低于检出限：数值高于 {limit:g}",
        "非标记时段：期间数据标记均为正常（N），无故障、维护或通讯异常标记",
        f"非整条线路保持：其他因子中 {len(held)} 个同时不变",
    ]
    if track.cycle_s is not None:
        out.append(f"非采样周期内保持：按分析周期 {track.cycle_s // 60} 分钟折算为 {found.count} 次分析")
    return tuple(out)
