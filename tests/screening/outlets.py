"""Outlets made by hand for detectors: an honest gas and an honest water outlet, and ways to change them."""

import numpy as np

from mingcha.core.facts import Medium, OutletFacts
from mingcha.screening.features import Samples, prepare

DAY_S = 86400
START = 1_771_948_800  # 2026-02-25 00:00 Beijing
STEP_S = 600


def facts(medium, *settings):
    return OutletFacts("91310000A/DA001", "一号排放口", medium, "shanghai", (), (), settings)


def times(days=14):
    return START + STEP_S * np.arange(days * 144, dtype=np.int64)


def noisy(level, spread, step, *, days=14, seed=1):
    """A moving series in steps of ``step``."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(level, spread, days * 144)
    return np.round(np.round(drawn / step) * step, 6)


def wandering(level, spread, memory, *, days=14, seed=1):
    """A stationary series that remembers: each value is near the one before."""
    drawn = np.random.default_rng(seed).normal(0, 1, days * 144)
    out = np.zeros(days * 144)
    for n in range(1, days * 144):
        out[n] = memory * out[n - 1] + np.sqrt(1 - memory**2) * drawn[n]
    return level + spread * out


def gas(days=14):
    """Concentration, oxygen, velocity and temperature of a stack that runs."""
    return {
        "a21002": noisy(40, 3, 0.1, days=days, seed=2),
        "a19001": noisy(8, 0.4, 0.01, days=days, seed=3),
        "a01011": noisy(11, 0.8, 0.01, days=days, seed=4),
        "a01012": noisy(90, 3, 0.1, days=days, seed=5),
    }


def held(level, spread, step, cycle_s, *, days=14, seed=7):
    """A sample-and-hold analyser: one result a cycle, repeated until the next."""
    rng = np.random.default_rng(seed)
    results = np.round(np.round(rng.normal(level, spread, days * DAY_S // cycle_s + 1) / step) * step, 6)
    return results[np.arange(days * 144) * STEP_S // cycle_s]


def water(days=14, cycle_s=7200):
    return {
        "w01018": held(30, 4, 0.1, cycle_s, days=days),
        "w21003": held(2, 0.4, 0.01, cycle_s, days=days, seed=8),
        "w01001": noisy(7.2, 0.08, 0.01, days=days, seed=9),
        "w00000": noisy(30, 3, 0.1, days=days, seed=10),
    }


def prepared(medium, columns, *settings, ok=None, at=None):
    """Ready for a detector. ``ok``: by factor, where the flag says normal; ``at``: other times."""
    moments = times(len(next(iter(columns.values()))) // 144) if at is None else at
    samples = {
        name: Samples(moments, values, (ok or {}).get(name, np.ones(values.shape, dtype=np.bool_)))
        for name, values in columns.items()
    }
    return prepare(facts(medium, *settings), samples)


def of_gas(columns, *settings, **rest):
    return prepared(Medium.GAS, columns, *settings, **rest)


def of_water(columns, *settings, **rest):
    return prepared(Medium.WATER, columns, *settings, **rest)
