"""Places of many frames, kept as columns: a ``FrameRef`` is made when one is asked for."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mingcha.core.refs import FrameRef

_NONE = -1


class Refs(Sequence[FrameRef | None]):
    """``codes``: place of the journal's name among ``journals``; -1 where a row has no frame."""

    def __init__(
        self,
        journals: list[str],
        codes: NDArray[np.int64],
        blocks: NDArray[np.int64],
        indexes: NDArray[np.int64],
    ) -> None:
        self.journals, self.codes, self.blocks, self.indexes = journals, codes, blocks, indexes

    @classmethod
    def of_columns(cls, journal: pa.Array, block: pa.Array, index: pa.Array) -> "Refs":
        coded = journal if pa.types.is_dictionary(journal.type) else journal.dictionary_encode()
        return cls(
            coded.dictionary.to_pylist(),
            *(_numbers(column) for column in (coded.indices, block, index)),
        )

    @classmethod
    def of(cls, refs: Sequence[FrameRef | None]) -> "Refs":
        """The same in columns."""
        if isinstance(refs, Refs):
            return refs
        names = {ref.journal: 0 for ref in refs if ref is not None}
        places = {name: place for place, name in enumerate(names)}
        said = [(_NONE, 0, 0) if ref is None else (places[ref.journal], ref.block, ref.index) for ref in refs]
        columns = np.array(said, dtype=np.int64).reshape(-1, 3)
        return cls([*names], columns[:, 0], columns[:, 1], columns[:, 2])

    @classmethod
    def joined(cls, parts: Iterable[Sequence[FrameRef | None]]) -> "Refs":
        """All of them, one part after the other."""
        held = [cls.of(part) for part in parts]
        offsets = np.cumsum([0, *(len(one.journals) for one in held)]).tolist()
        codes = [
            np.where(one.codes == _NONE, _NONE, one.codes + offset)
            for one, offset in zip(held, offsets, strict=False)
        ]
        return cls(
            list(chain.from_iterable(one.journals for one in held)),
            np.concatenate(codes),
            np.concatenate([one.blocks for one in held]),
            np.concatenate([one.indexes for one in held]),
        )

    def take(self, places: NDArray[np.int64]) -> "Refs":
        """Those at some places."""
        return Refs(self.journals, self.codes[places], self.blocks[places], self.indexes[places])

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, place: int) -> FrameRef | None: ...
    @overload
    def __getitem__(self, place: slice) -> "Refs": ...
    def __getitem__(self, place: int | slice) -> "FrameRef | Refs | None":
        if isinstance(place, slice):
            return self.take(np.arange(len(self))[place])
        code = int(self.codes[place])
        if code == _NONE:
            return None
        return FrameRef(self.journals[code], int(self.blocks[place]), int(self.indexes[place]))

    def __iter__(self) -> Iterator[FrameRef | None]:
        columns = (column.tolist() for column in (self.codes, self.blocks, self.indexes))
        for code, block, index in zip(*columns, strict=True):
            yield None if code == _NONE else FrameRef(self.journals[code], block, index)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and [*self] == [*other]

    def __hash__(self) -> int:
        return hash((len(self), self[0] if len(self) else None))


def _numbers(column: pa.Array) -> NDArray[np.int64]:
    found: NDArray[np.int64] = column.fill_null(_NONE).to_numpy(zero_copy_only=False).astype(np.int64)
    return found
