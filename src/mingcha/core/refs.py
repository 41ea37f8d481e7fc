"""Names of evidence: where in which journal a frame lies."""

import re
from dataclasses import dataclass

_FORM = re.compile(r"([a-z0-9]+-[0-9]{8})/([0-9]+)/([0-9]+)")


@dataclass(frozen=True, slots=True, order=True)
class FrameRef:
    """The place of one frame: journal file, block in it, index in the block.

    ``journal`` is ``<gateway>-<YYYYMMDD>`` (Beijing day of the file), ``block`` counts from 1,
    ``index`` from 0. Written ``g0-20261123/15/3``.
    """

    journal: str
    block: int
    index: int

    def __str__(self) -> str:
        return f"{self.journal}/{self.block}/{self.index}"

    @classmethod
    def parse(cls, text: str) -> "FrameRef":
        """Read the written form.

        Raises:
            ValueError: the text has another form.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} names no frame; expected the form g0-20261123/15/3")
        return cls(match[1], int(match[2]), int(match[3]))
