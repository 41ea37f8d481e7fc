"""From verdicts, clues and late duties to findings.

A *fact* is one verdict, clue or late duty; its key says which, its digest what it says. A *finding* gathers the
facts of one outlet, source and factor that lie 24 hours or less apart while nobody has judged it. Rules:

1. The same fact comes once. A fact that says something else now takes the place of the old one, in the same
   finding; the old one stays, withdrawn.
2. A new fact joins the open findings within reach; a fact between two makes them one, the older.
3. A finding spans exactly its living facts, at their gravest level. A finding that was judged is only raised.
4. An open finding without a living fact is withdrawn. One that was judged keeps its state.
5. What was dismissed stays dismissed while the same facts are restated, unless they became graver.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from mingcha.apps.duties.models import Duty
from mingcha.apps.findings.models import Fact, Finding
from mingcha.apps.findings.services.merging import Book
from mingcha.apps.findings.values import Said, duty_key, from_clue, from_duty, from_judgement
from mingcha.apps.maintenance.selectors import visit_of_subject
from mingcha.core.clues import Clue
from mingcha.core.spans import Span
from mingcha.flow.values import Judgement

Place = tuple[str, str, str]  # source, outlet key, factor


@transaction.atomic
def finding_record_verdicts(
    *, judgements: Iterable[Judgement], at: datetime, outlet: str = "", span: Span | None = None
) -> list[Finding]:
    """Record judgements that carry a level; withdraw facts that no longer hold. Returns the findings touched.

    A judgement takes the place of every living fact of its rule, outlet and factor that it overlaps. Where
    only levelled judgements are handed in, ``outlet`` and ``span`` say what was judged: facts of rules in it
    that were not said again are withdrawn. Judge ``selectors.judging_span``, lest a row of hours be cut.
    """
    given = list(judgements)
    said = [fact for item in given if (fact := from_judgement(item)) is not None]
    judged = [((item.rule, item.outlet, item.factor), Span(item.start, item.end)) for item in given]
    old = _overlapped(judged)
    if outlet and span:
        old += list(living(outlet, span).filter(finding__kind=Finding.Kind.RULE))
    return _renew(said, old, at)


@transaction.atomic
def finding_record_clues(
    *,
    clues: Iterable[Clue],
    at: datetime,
    outlet: str = "",
    span: Span | None = None,
    detectors: Sequence[str] | None = None,
) -> list[Finding]:
    """Record clues. Returns the findings touched.

    With ``outlet`` and ``span``, what was screened, clues not seen again are withdrawn: those of the ``detectors``
    that ran, all where None is said. The span may be a window that moves: a clue that began before it was
    not seen whole, so it stays, and what the window still sees of it is nothing new.
    """
    said = [from_clue(clue) for clue in clues]
    old = _overlapped(
        [((fact.source, fact.outlet, fact.factor), Span(fact.start, fact.end)) for fact in said]
    )
    if outlet and span:
        held = living(outlet, span).filter(finding__kind=Finding.Kind.CLUE)
        old += list(held if detectors is None else held.filter(finding__source__in=detectors))
        cut = [fact for fact in old if fact.start < span.start]
        old = [fact for fact in old if fact.start >= span.start]
        said = [new for new in said if not any(_holds(fact, new) for fact in cut)]
    return _renew(said, old, at)


@transaction.atomic
def finding_record_late_duty(*, duty: Duty, at: datetime) -> Finding:
    """A deadline that passed becomes a finding about who owed it. Told twice, it is there once."""
    visit = visit_of_subject(duty.subject_id) if duty.subject_kind == "visit" else None
    fact = from_duty(duty, visit.outlet.key if visit else "")
    book = Book(at)
    book.expect([fact])
    finding = book.record(fact, organisation=duty.organisation)
    book.close()
    finding.refresh_from_db()
    return finding


@transaction.atomic
def finding_withdraw_duty(*, duty: Duty, at: datetime) -> list[Finding]:
    """A late duty was waived: what was found of it is withdrawn."""
    return facts_withdraw(keys=[duty_key(duty)], why=f"duty {duty.state}", at=at)


@transaction.atomic
def facts_withdraw(*, keys: Sequence[str], why: str, at: datetime) -> list[Finding]:
    """Withdraw the living facts of these keys, e.g. of a waived duty (``values.duty_key``)."""
    book = Book(at, why=why)
    book.withdraw(Fact.objects.filter(key__in=keys, withdrawn_at=None).select_related("finding"))
    return book.close()


def living(outlet: str, span: Span) -> QuerySet[Fact]:
    """Living facts of an outlet that overlap the span."""
    uscc, _, code = outlet.partition("/")
    return Fact.objects.select_related("finding").filter(
        finding__outlet__discharger__uscc=uscc,
        finding__outlet__code=code,
        withdrawn_at=None,
        start__lt=span.end,
        end__gt=span.start,
    )


def _renew(said: Sequence[Said], old: Sequence[Fact], at: datetime) -> list[Finding]:
    """Withdraw what is no longer said, then record what is."""
    now = {(fact.key, fact.digest) for fact in said}
    restated = Fact.objects.filter(key__in={fact.key for fact in said}, withdrawn_at=None).select_related(
        "finding"
    )
    gone = {fact.pk: fact for fact in [*old, *restated] if (fact.key, fact.digest) not in now}
    book = Book(at)
    book.withdraw(gone.values())
    book.expect(said)
    for fact in sorted(said, key=lambda f: (f.start, f.key)):
        book.record(fact, replaced=[old for old in gone.values() if _stands_for(fact, old)])
    return book.close()


def _holds(old: Fact, new: Said) -> bool:
    """Whether ``old`` covers all that ``new`` says, of the same detector and factor."""
    same = (old.finding.source, old.finding.factor) == (new.source, new.factor)
    return same and old.start <= new.start and new.end <= old.end


def _stands_for(new: Said, old: Fact) -> bool:
    """Whether ``new`` says of the same place and time what ``old`` said."""
    if old.key == new.key:
        return True
    same = (old.finding.source, old.finding.factor) == (
        new.source,
        new.factor,
    ) and f"/{new.outlet}/" in old.key
    return same and old.start < new.end and new.start < old.end


def _overlapped(judged: Sequence[tuple[Place, Span]]) -> list[Fact]:
    """Living facts that a judgement overlaps; one query a place."""
    spans: dict[Place, list[Span]] = defaultdict(list)
    for place, span in judged:
        spans[place].append(span)
    found: list[Fact] = []
    for (source, outlet, factor), held in spans.items():
        whole = Span(min(s.start for s in held), max(s.end for s in held))
        facts = living(outlet, whole).filter(finding__source=source, finding__factor=factor)
        found += [fact for fact in facts if any(fact.start < s.end and s.start < fact.end for s in held)]
    return found
