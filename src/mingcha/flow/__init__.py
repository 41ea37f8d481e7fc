"""Computing joined up: store, stats, rules and screening. Every function returns values; nothing is written here.

``restate``: readings to hours and days. ``judge``: hours to judgements. ``screen``: readings to clues.
"""

from mingcha.flow.judge import judge
from mingcha.flow.merge import merge_clues, merge_judgements
from mingcha.flow.restate import restate
from mingcha.flow.screen import screen
from mingcha.flow.values import Judgement, Restated

__all__ = ["Judgement", "Restated", "judge", "merge_clues", "merge_judgements", "restate", "screen"]
