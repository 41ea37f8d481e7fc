"""The book-keeping of one recording: which findings are touched, and what becomes of them at the end."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef

from mingcha.apps.accounts.models import Organisation
from mingcha.apps.audit.services import audit_record
from mingcha.apps.findings.models import ASSIGNED, DISMISSED, FALSE_ALARM, MERGED, WITHDRAWN, Fact, Finding
from mingcha.apps.findings.services.moves import finding_move
from mingcha.apps.findings.values import LEVELS, Said, gravest, merge_gap
from mingcha.apps.registry.models import Outlet
from mingcha.apps.registry.selectors import outlet_by_key
from mingcha.core.clock import beijing
from mingcha.core.numbers import take_number

DIGITS = 6  # F-2026-000123
TITLE_MAX = 200
CHUNK = 500  # keys in one query; SQLite takes some thousand
_LIVING = Fact.objects.filter(finding=OuterRef("pk"), withdrawn_at=None)


class Book:
    """Withdraw and record facts, then ``close``: spans and levels are settled once for each finding."""

    def __init__(self, at: datetime, *, why: str = "data changed") -> None:
        self.at = at
        self.why = why
        self.gap = merge_gap(at)
        self.touched: dict[int, Finding] = {}
        self.added: dict[int, list[str]] = {}
        self.removed: dict[int, list[str]] = {}
        self.outlets: dict[str, Outlet] = {}
        self.known: dict[tuple[str, str], Fact] = {}

    def expect(self, said: Sequence[Said]) -> None:
        """Look up in one query which of these facts are there already."""
        keys = sorted({fact.key for fact in said})
        for first in range(0, len(keys), CHUNK):
            held = (
                Fact.objects.filter(key__in=keys[first : first + CHUNK])
                .select_related("finding")
                .defer("body")
            )
            self.known |= {(fact.key, fact.digest): fact for fact in held}

    def withdraw(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            Fact.objects.filter(pk=fact.pk).update(withdrawn_at=self.at)
            fact.withdrawn_at = self.at
            self.removed.setdefault(fact.finding_id, []).append(fact.key)
            self.touched[fact.finding_id] = fact.finding
        for pk in self.removed:
            self._fit(self.touched[pk])

    def record(
        self, said: Said, *, organisation: Organisation | None = None, replaced: Sequence[Fact] = ()
    ) -> Finding:
        """Put the fact where it belongs; a fact that is there already changes nothing."""
        known = self.known.get((said.key, said.digest))
        if known is not None and known.withdrawn_at is None:
            return known.finding
        homes = [self._whole(fact.finding_id) for fact in [*replaced, *([known] if known else [])]]
        finding = self._place(said, organisation, [home for home in homes if self._takes(home, said)])
        if known is None:
            known = self._write(finding, said)
        else:
            Fact.objects.filter(pk=known.pk).update(withdrawn_at=None, finding=finding)
        self.known[said.key, said.digest] = known
        known.withdrawn_at, known.finding = None, finding
        self.added.setdefault(finding.pk, []).append(said.key)
        self.touched[finding.pk] = finding
        self._fit(finding)
        return finding

    def close(self) -> list[Finding]:
        """Withdraw what has lost its ground, tell the audit, and give the findings touched."""
        for pk, finding in self.touched.items():
            finding.refresh_from_db()
            added, removed = self.added.get(pk, []), self.removed.get(pk, [])
            if not finding.facts.filter(withdrawn_at=None).exists():
                if (finding.state, "withdraw") in Finding.NEXT:
                    detail = {"why": self.why, "facts": removed}
                    finding_move(
                        finding, "withdraw", by=None, at=self.at, action="finding.withdrawn", detail=detail
                    )
            elif finding.detected_at != self.at or removed:
                detail = {
                    "added": added,
                    "withdrawn": removed,
                    "level": finding.level,
                    "why": self.why if removed else "",
                }
                audit_record(by=None, action="finding.grown", subject=finding, at=self.at, detail=detail)
        return list(self.touched.values())

    def _whole(self, pk: int) -> Finding:
        """The finding, or the one it was merged into."""
        finding = Finding.objects.get(pk=pk)
        while finding.state == MERGED and finding.merged_into is not None:
            finding = finding.merged_into
        return finding

    def _takes(self, home: Finding, said: Said) -> bool:
        """Whether a fact restated belongs to the finding that held the old one (rules 1 and 5)."""
        if home.state == WITHDRAWN:
            return False
        graver = LEVELS.index(said.level) > LEVELS.index(home.level)
        return not (home.state in (DISMISSED, FALSE_ALARM) and graver)

    def _place(self, said: Said, organisation: Organisation | None, homes: list[Finding]) -> Finding:
        judged = [home for home in homes if home.state not in Finding.OPEN]
        if judged:
            return judged[0]
        outlet = self._outlet(said.outlet)
        owner = organisation or (outlet.discharger if outlet else None)
        assert owner is not None, "a fact without an outlet names its organisation"
        found = {home.pk: home for home in [*homes, *self._within_reach(said, outlet, owner)]}
        if not found:
            return self._new(said, outlet, owner)
        first, *others = sorted(found.values(), key=lambda f: (f.state != ASSIGNED, f.pk))
        for other in others:
            self._absorb(first, other)
        return first

    def _within_reach(self, said: Said, outlet: Outlet | None, owner: Organisation) -> list[Finding]:
        return list(
            Finding.objects.filter(
                Exists(_LIVING),
                kind=said.kind,
                outlet=outlet,
                organisation=owner,
                source=said.source,
                factor=said.factor,
                state__in=Finding.OPEN,
                start__lte=said.end + self.gap,
                end__gte=said.start - self.gap,
            )
        )

    def _absorb(self, first: Finding, other: Finding) -> None:
        Fact.objects.filter(finding=other).update(finding=first)
        finding_move(
            other,
            "merge",
            by=None,
            at=self.at,
            action="finding.merged",
            detail={"into": first.number},
            merged_into=first,
        )
        self.added.setdefault(first.pk, []).extend(self.added.pop(other.pk, []))
        self.removed.setdefault(first.pk, []).extend(self.removed.pop(other.pk, []))
        self.touched.pop(other.pk, None)

    def _new(self, said: Said, outlet: Outlet | None, owner: Organisation) -> Finding:
        finding = Finding(
            kind=said.kind,
            source=said.source,
            outlet=outlet,
            organisation=owner,
            district=outlet.discharger.district if outlet else owner.district,
            factor=said.factor,
            start=said.start,
            end=said.end,
            level=said.level,
            score=said.score,
            title_zh=said.sentence_zh[:TITLE_MAX],
            title_en=said.sentence_en[:TITLE_MAX],
            provisional=said.provisional,
            detected_at=self.at,
            updated_at=self.at,
        )
        _number(finding, self.at)
        detail = {"number": finding.number, "source": said.source, "level": said.level, "fact": said.key}
        audit_record(by=None, action="finding.detected", subject=finding, at=self.at, detail=detail)
        return finding

    def _write(self, finding: Finding, said: Said) -> Fact:
        return Fact.objects.create(
            finding=finding,
            key=said.key,
            start=said.start,
            end=said.end,
            level=said.level,
            score=said.score,
            provisional=said.provisional,
            sentence_zh=said.sentence_zh,
            sentence_en=said.sentence_en,
            body=said.body,
            digest=said.digest,
            recorded_at=self.at,
        )

    def _fit(self, finding: Finding) -> None:
        """Span, level and title of the living facts (rule 3)."""
        facts = list(finding.facts.filter(withdrawn_at=None).defer("body"))
        finding.updated_at = self.at
        if facts:
            worst = max(facts, key=lambda f: (LEVELS.index(f.level), f.score or 0.0, -f.pk))
            finding.start, finding.end = min(f.start for f in facts), max(f.end for f in facts)
            finding.score = max((f.score for f in facts if f.score is not None), default=None)
            finding.provisional = any(f.provisional for f in facts)
            judged = finding.state not in Finding.OPEN
            finding.level = gravest([worst.level, *([finding.level] if judged else [])])
            if not judged:
                finding.title_zh, finding.title_en = (
                    worst.sentence_zh[:TITLE_MAX],
                    worst.sentence_en[:TITLE_MAX],
                )
        finding.save(
            update_fields=[
                "updated_at",
                "start",
                "end",
                "score",
                "provisional",
                "level",
                "title_zh",
                "title_en",
            ]
        )

    def _outlet(self, key: str) -> Outlet | None:
        if key and key not in self.outlets:
            self.outlets[key] = outlet_by_key(key)
        return self.outlets.get(key)


def _number(finding: Finding, at: datetime) -> None:
    prefix = f"F-{beijing(at).year}-"

    def last() -> str | None:
        found: str | None = Finding.objects.filter(number__startswith=prefix).aggregate(last=Max("number"))[
            "last"
        ]
        return found

    def take(number: str) -> None:
        finding.number = number
        with transaction.atomic():
            finding.save(force_insert=True)

    take_number(prefix, digits=DIGITS, last=last, take=take, taken=IntegrityError)
