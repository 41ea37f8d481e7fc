"""Screening: detectors that say what looks wrong. A hit is a clue with evidence, never a verdict.

``features`` prepares an outlet's series once; each file of ``detectors`` holds one detector;
``registry`` finds them. Arrays in, clues out; reading them is the business of ``flow``.
"""

from mingcha.screening.declare import Detector, detector
from mingcha.screening.features import Prepared, Track, prepare
from mingcha.screening.registry import load_detectors, standard_detectors

__all__ = [
    "Detector",
    "Prepared",
    "Track",
    "detector",
    "load_detectors",
    "prepare",
    "standard_detectors",
]
