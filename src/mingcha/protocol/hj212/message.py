"""One frame as a message: the header at once; parameters, edition and verdict when first asked for."""

from collections.abc import Callable
from types import ModuleType

from mingcha.protocol.hj212 import backend as backends
from mingcha.protocol.hj212 import checks
from mingcha.protocol.hj212.dialect import PLAIN_DIALECT, Dialect
from mingcha.protocol.hj212.editions import ACK_BIT, Edition
from mingcha.protocol.hj212.events import Frame, Problem
from mingcha.protocol.hj212.factors import PLAIN_FIELDS, plain_fields
from mingcha.protocol.hj212.head import edition_of, is_surface_water, pack_of
from mingcha.protocol.hj212.numbers import Number
from mingcha.protocol.hj212.numbers import read as read_number
from mingcha.protocol.hj212.segment import Item, Mark
from mingcha.protocol.hj212.verdicts import FrameVerdict, verdict_of

_FLAG_2005_MAX = 3
_UNREAD = ("encrypted", "key_wrong")


class Message:
    """A decoded frame. Never raises on bad content: ``problems`` names it, ``verdict`` says what follows.

    The header is read at once, the rest when first asked for: a slot that is still empty is filled by the reader
    ``_READERS`` names for it. So a gateway that only answers pays for the header alone. ``backend`` is the module
    that reads; only tests and benches give one.
    """

    __slots__ = (
        "backend",
        "body_marks",
        "cn",
        "content_at",
        "cp",
        "dialect",
        "edition",
        "flag",
        "frame",
        "head_marks",
        "header",
        "mn",
        "odd",
        "problems",
        "pw",
        "qn",
        "st",
        "verdict",
        "wants_ack",
    )  # fmt: skip

    frame: Frame
    dialect: Dialect  # the settings of the station; they decide the verdict
    header: dict[str, str]
    head_marks: int  # what the grammar tolerated before CP
    content_at: int  # where the content of CP begins; -1 without CP
    qn: str
    st: str
    cn: str
    pw: str
    mn: str
    flag: int | None  # 0 to 255; None where missing or no such number
    wants_ack: bool
    edition: Edition | None
    cp: tuple[Item, ...]  # in the order received; empty where encrypted
    body_marks: int  # what the grammar tolerated inside CP
    odd: tuple[tuple[str, str], ...]  # fields of CP that are no plain number or flag under a known name
    problems: tuple[Problem, ...]  # those found while cutting, then those of the content
    verdict: FrameVerdict

    def __init__(
        self, frame: Frame, backend: ModuleType | None = None, dialect: Dialect = PLAIN_DIALECT
    ) -> None:
        self.frame = frame
        self.dialect = dialect
        self.backend = backend = backend or backends.chosen
        (
            self.header, self.head_marks, self.content_at,
            self.qn, self.st, self.cn, self.pw, self.mn, self.flag,
        ) = backend.header(frame.segment)  # fmt: skip
        flag = self.flag
        self.wants_ack = flag is not None and flag & ACK_BIT == ACK_BIT

    def __getattr__(self, name: str) -> object:
        """Called for an empty slot only: fill it and those that come with it."""
        reader = _READERS.get(name)
        if reader is None:
            raise AttributeError(f"a message has no {name!r}")
        reader(self)
        value: object = object.__getattribute__(self, name)
        return value

    @property
    def raw(self) -> bytes:
        return self.frame.raw

    @property
    def segment(self) -> bytes:
        return self.frame.segment

    @property
    def marks(self) -> Mark:
        """What the grammar had to tolerate."""
        return Mark(self.head_marks | self.body_marks)

    @property
    def encrypted(self) -> bool:
        """CP holds ciphertext that could not be read."""
        return (
            any(problem.code in _UNREAD for problem in self.frame.problems) if self.frame.problems else False
        )

    @property
    def surface_water(self) -> bool:
        """The protocol of the national surface-water stations, not one of our editions."""
        return is_surface_water(self.header)

    @property
    def pack(self) -> tuple[int, int] | None:
        """(PNUM, PNO) of a split message; None for a whole one or where the numbers make no sense."""
        return pack_of(self.header)

    @property
    def supplement(self) -> bool:
        return self.header.get("RF") in self.dialect.supplement_values

    @property
    def fields(self) -> list[tuple[str, str]]:
        """All fields of CP in order; of a name given twice in one item, the first value."""
        return [
            (name, value if isinstance(value, str) else value[0])
            for item in self.cp
            for name, value in item.items()
        ]

    def field(self, name: str) -> str | None:
        """The first value of a field of CP."""
        for item in self.cp:
            value = item.get(name)
            if value is not None:
                return value if isinstance(value, str) else value[0]
        return None

    @property
    def numbers(self) -> dict[str, Number]:
        """The fields of CP that are numbers, decimal text kept; of a name given twice, the first."""
        found: dict[str, Number] = {}
        for name, text in self.fields:
            if name not in found and (number := read_number(text)) is not None:
                found[name] = number
        return found

    def number(self, name: str) -> Number | None:
        """The number in a field of CP; None where the field is missing or holds none."""
        return read_number(self.field(name) or "")

    def __repr__(self) -> str:
        return f"<Message CN={self.cn} ST={self.st} MN={self.mn} QN={self.qn}>"


def _read_header(message: Message) -> None:
    """The compiled codec leaves it for later where it met the same header, but for QN, before."""
    message.header = message.backend.header(message.frame.segment)[0]


def _read_edition(message: Message) -> None:
    message.edition = edition_of(message.header)


def _read_body(message: Message) -> None:
    message.cp, message.body_marks, message.odd = (), 0, ()
    if message.content_at >= 0 and not message.encrypted:
        read, flag = message.backend.parameters, message.flag
        known = PLAIN_FIELDS if flag is not None and flag > _FLAG_2005_MAX else plain_fields(message.edition)
        message.cp, message.body_marks, message.odd = read(message.frame.segment, message.content_at, known)


def _read_problems(message: Message) -> None:
    message.problems = message.frame.problems + checks.problems_of(message)
    message.verdict = verdict_of(message.problems, message.dialect)


_READERS: dict[str, Callable[[Message], None]] = {
    "header": _read_header,
    "edition": _read_edition,
    **dict.fromkeys(("cp", "body_marks", "odd"), _read_body),
    **dict.fromkeys(("problems", "verdict"), _read_problems),
}


def decode(frame: Frame, *, dialect: Dialect = PLAIN_DIALECT, backend: ModuleType | None = None) -> Message:
    """The message of a frame. Never raises; beyond the header nothing is read before it is asked for."""
    backend = backend or backends.chosen
    message: Message = backend.opened(Message, frame, dialect, backend)
    return message
