"""The telemetry store stated slowly and plainly, as a dict of lists."""

from dataclasses import dataclass, field

from mingcha.core.packets import number


@dataclass
class Factor:
    """One factor at one point, kind and time."""

    newest: dict = field(default_factory=dict)  # field → text
    flag: str = ""
    versions: dict = field(default_factory=dict)  # field → [(text, flag, ref, received)]


class NaiveStore:
    """Packets whose readings do not contradict themselves, in order of arrival."""

    def __init__(self, packets=(), *, as_of=None):
        self.factors = {}  # (point, kind, time, factor) → Factor
        for packet in packets:
            if as_of is None or packet.received is None or packet.received <= as_of:
                for reading in packet.readings:
                    self.take(packet, reading)

    def take(self, packet, reading):
        known = self.factors.setdefault((packet.point, packet.cn, packet.time, reading.factor), Factor())
        changed = {name: text for name, text in reading.fields if known.newest.get(name) != text}
        known.newest.update(changed)
        if reading.flag and reading.flag != known.flag:
            known.flag = reading.flag
            changed = dict(known.newest)
        for name, text in changed.items():
            known.versions.setdefault(name, []).append((text, known.flag, packet.ref, packet.received))

    def current(self, point, kind, time, factor, name):
        """The version in use: the newest that is a number, or the newest where none ever was."""
        versions = self.factors[point, kind, time, factor].versions.get(name, [])
        numbers = [v for v in versions if number(v[0]) is not None]
        return (numbers or versions or [None])[-1]

    def series(self, point, kind, factor, span, name):
        rows = []
        for (a, b, time, d), known in sorted(self.factors.items()):
            if (a, b, d) == (point, kind, factor) and time in span and name in known.versions:
                rows.append((time, *self.current(a, b, time, d, name), len(known.versions[name])))
        return rows

    def latest(self):
        """(point, kind, factor) → (time, {field: text})."""
        found = {}
        for point, kind, time, factor in sorted(self.factors):
            names = self.factors[point, kind, time, factor].versions
            found[point, kind, factor] = (
                time, {n: self.current(point, kind, time, factor, n)[0] for n in names}
            )  # fmt: skip
        return found
