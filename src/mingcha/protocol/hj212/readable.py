"""A message as its checks see it: they depend on what it says, not on how it is read."""

from collections.abc import Mapping
from typing import Protocol

from mingcha.protocol.hj212.dialect import Dialect
from mingcha.protocol.hj212.editions import Edition
from mingcha.protocol.hj212.events import Frame
from mingcha.protocol.hj212.numbers import Number
from mingcha.protocol.hj212.segment import Item, Mark


class Readable(Protocol):
    """``Message`` is one; see there for what each means."""

    frame: Frame
    dialect: Dialect
    header: dict[str, str]
    head_marks: int
    content_at: int
    qn: str
    st: str
    cn: str
    wants_ack: bool
    edition: Edition | None
    cp: tuple[Item, ...]
    body_marks: int
    odd: tuple[tuple[str, str], ...]

    @property
    def raw(self) -> bytes: ...
    @property
    def segment(self) -> bytes: ...
    @property
    def marks(self) -> Mark: ...
    @property
    def fields(self) -> list[tuple[str, str]]: ...
    @property
    def numbers(self) -> Mapping[str, Number]: ...
    def field(self, name: str) -> str | None: ...
