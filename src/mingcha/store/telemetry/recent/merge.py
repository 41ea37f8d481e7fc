"""Which version of a value is current. Pure; reader and writer use the same rule.

The newest received wins (later ``seq``), except that a text which is no number, with the flag it came
with, never replaces a valid number. A flag that changes alone makes a new version of the factor's values.
What a later frame leaves out stays as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mingcha.core.packets import FactorReading, number

FLAG = "Flag"  # the data flag travels as one more field, as on the wire: a01001-Flag=N

Name = tuple[str, str]  # (factor, field)
Content = dict[Name, str]


def contents(readings: Sequence[FactorReading]) -> list[Content]:
    """What a frame says, as texts by (factor, field); more than one where it contradicts itself."""
    said: Content = {}
    texts = 0
    for reading in readings:
        factor = reading.factor
        for name, text in reading.fields:
            said[factor, name] = text
        if reading.flag:
            said[factor, FLAG] = reading.flag
        texts += len(reading.fields) + bool(reading.flag)
    return [said] if len(said) == texts else _apart(readings)


def _apart(readings: Sequence[FactorReading]) -> list[Content]:
    found: list[Content] = [{}]
    for reading in readings:
        flag = ((FLAG, reading.flag),) if reading.flag else ()
        for name, text in (*reading.fields, *flag):
            if found[-1].get((reading.factor, name), text) != text:
                found.append({})
            found[-1][reading.factor, name] = text
    return found


def loses(text: str, against: str | None) -> bool:
    """True where ``text`` is no number and ``against`` is one."""
    return against is not None and number(text) is None and number(against) is not None


@dataclass(slots=True)
class Value:
    """A value in use: its text, its flag, and the row that brought this version."""

    text: str
    flag: str
    row: int


@dataclass(slots=True)
class Known:
    """What is known of one key (point, kind, time) after some rows."""

    newest: Content = field(default_factory=dict)  # by (factor, field), whether in use or not
    current: dict[Name, Value] = field(default_factory=dict)
    versions: dict[Name, int] = field(default_factory=dict)

    def news(self, content: Content) -> Content:
        """The part of ``content`` that is new or differs from the newest text."""
        newest = self.newest
        return {name: text for name, text in content.items() if newest.get(name) != text}

    def add(self, row: int, content: Mapping[Name, str]) -> None:
        """Take in the next row."""
        self.newest.update(content)
        touched = dict.fromkeys(name for name in content if name[1] != FLAG)
        flagged = {factor for factor, name in content if name == FLAG}
        if flagged:
            touched.update(
                dict.fromkeys(name for name in self.newest if name[0] in flagged and name[1] != FLAG)
            )
        for name in touched:
            self.versions[name] = self.versions.get(name, 0) + 1
            before = self.current.get(name)
            text = self.newest[name]
            if not loses(text, before.text if before else None):
                self.current[name] = Value(text, self.newest.get((name[0], FLAG), ""), row)

    def in_use(self, factor: str) -> tuple[Content, int]:
        """The texts in use of one factor, its flag among them, and the row that was last to bring one.

        A factor that so far came with a flag alone has row -1.
        """
        found: Content = {}
        flag, row = self.newest.get((factor, FLAG), ""), -1
        for name, value in self.current.items():
            if name[0] == factor:
                found[name] = value.text
                flag, row = (value.flag, value.row) if value.row >= row else (flag, row)
        if flag:
            found[factor, FLAG] = flag
        return found, row
