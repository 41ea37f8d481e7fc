"""Cases from opening to closing, and the credit they cost."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from work_world import MORNING, World, judged, later

from mingcha.apps.audit.selectors import verify_chain
from mingcha.apps.cases.models import Case
from mingcha.apps.cases.selectors import assignable_to, case_by_id, case_by_number, counts_open, timeline
from mingcha.apps.cases.services import case_assign, case_close, case_note, case_open, case_reopen
from mingcha.apps.credit.models import CreditItem
from mingcha.apps.credit.selectors import items_of, outlets_served, score_of, score_public, scores
from mingcha.apps.credit.services import item_from_case, item_withdraw
from mingcha.apps.credit.values import grade_lines, indicators, read_indicators, score
from mingcha.apps.findings.models import Finding
from mingcha.apps.findings.services import finding_record_verdicts
from mingcha.core.errors import BadInput, BadRule, IllegalMove, NotAllowed, NotFound
from mingcha.core.moves import states
from mingcha.core.verdicts import Level


def opened(world: World, *, level: Level = Level.GENERAL, by: str = "near_enforcement") -> Case:
    finding_record_verdicts(judgements=[judged(world, 0, level=level)], at=MORNING)
    return case_open(findings=list(Finding.objects.filter(state="detected")), by=world.person(by), at=MORNING)


def closed(world: World, *, conclusion: str = "confirmed", responsible: str = "agency", **how) -> Case:
    case = opened(world, **how)
    by = world.person("near_enforcement")
    case_assign(case=case, assignee=by, by=by, at=later(hours=1))
    return case_close(
        case=case, conclusion=conclusion, responsible=responsible, summary="核实完毕", by=by, at=later(days=1)
    )


def test_a_case_takes_up_its_findings_and_knows_who_answers(world):
    case = opened(world)
    finding = Finding.objects.get()
    assert (case.number, case.level, case.title_zh) == ("C-2026-0001", "general", finding.title_zh)
    assert (case.discharger, case.agency, case.outlet, case.district) == (
        world.discharger,
        world.agency,
        world.gas,
        world.near,
    )
    assert finding.state == "in_case"


@pytest.mark.parametrize(
    ("level", "due"),
    [
        (Level.GENERAL, datetime(2026, 12, 7, 16, tzinfo=UTC)),  # ten working days after Monday, 24:00
        (Level.SERIOUS, datetime(2026, 11, 25, 16, tzinfo=UTC)),
        (Level.URGENT, datetime(2026, 11, 25, 16, tzinfo=UTC)),
    ],
)
def test_the_term_counts_working_days_by_level(world, level, due):
    assert opened(world, level=level).due_at == due


def test_a_case_is_about_one_organisation(world):
    from dataclasses import replace

    both = [judged(world, 0), replace(judged(world, 0), outlet=world.strange_gas.key)]
    finding_record_verdicts(judgements=both, at=MORNING)
    with pytest.raises(BadInput, match="2 家单位"):
        case_open(findings=list(Finding.objects.all()), by=world.person("city_city_regulator"), at=MORNING)
    with pytest.raises(BadInput):
        case_open(findings=[], by=world.person("city_city_regulator"), at=MORNING)


def test_nobody_opens_a_case_on_what_he_may_not_see(world):
    finding_record_verdicts(judgements=[judged(world, 0)], at=MORNING)
    with pytest.raises(NotFound):
        case_open(findings=[Finding.objects.get()], by=world.person("far_enforcement"), at=MORNING)
    with pytest.raises(NotAllowed):
        case_open(findings=[Finding.objects.get()], by=world.person("discharger_admin"), at=MORNING)


def test_a_finding_is_in_one_case(world):
    case = opened(world)
    with pytest.raises(IllegalMove):
        case_open(findings=list(case.findings.all()), by=world.person("near_enforcement"), at=MORNING)
    assert Case.objects.count() == 1


def test_a_case_is_given_to_officials_of_its_area(world):
    case = opened(world)
    names = {user.username for user in assignable_to(case)}
    assert names == {"near_district_regulator", "near_enforcement", "city_city_regulator", "city_enforcement"}
    with pytest.raises(NotAllowed):
        case_assign(
            case=case,
            assignee=world.person("far_enforcement"),
            by=world.person("near_enforcement"),
            at=MORNING,
        )


@pytest.mark.parametrize("state", states(Case.NEXT))
def test_the_table_of_cases_is_the_truth(world, state):
    by = world.person("near_district_regulator")
    deeds = {
        "assign": lambda c: case_assign(case=c, assignee=by, by=by, at=MORNING),
        "note": lambda c: case_note(case=c, text="现场核查", by=by, at=MORNING),
        "close": lambda c: case_close(
            case=c, conclusion="unfounded", responsible="none", summary="不属实", by=by, at=MORNING
        ),
        "reopen": lambda c: case_reopen(case=c, reason="新证据", by=by, at=MORNING),
    }
    assert set(deeds) == {move for _, move in Case.NEXT}
    case = opened(world)
    for move, deed in deeds.items():
        Case.objects.filter(pk=case.pk).update(state=state)
        case.refresh_from_db()
        if (state, move) in Case.NEXT:
            deed(case)
            case.refresh_from_db()
            assert case.state == Case.NEXT[state, move]
        else:
            with pytest.raises(IllegalMove):
                deed(case)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"conclusion": ""}, "conclusion"),
        ({"responsible": "somebody"}, "responsible"),
        ({"conclusion": "unfounded"}, "responsible"),
        ({"summary": " "}, "summary"),
        ({"summary": "长" * 4001}, "summary"),
    ],
)
def test_a_conclusion_is_complete(world, changes, field):
    case = opened(world)
    by = world.person("near_enforcement")
    case_assign(case=case, assignee=by, by=by, at=MORNING)
    how = {"conclusion": "confirmed", "responsible": "agency", "summary": "属实"} | changes
    with pytest.raises(BadInput) as caught:
        case_close(case=case, by=by, at=MORNING, **how)
    assert set(caught.value.problems) == {field}


def test_an_agency_that_is_not_there_does_not_answer(world):
    case = opened(world)
    by = world.person("near_enforcement")
    case_assign(case=case, assignee=by, by=by, at=MORNING)
    case.agency = None
    case.save()
    with pytest.raises(BadInput, match="没有运维机构"):
        case_close(case=case, conclusion="confirmed", responsible="agency", summary="属实", by=by, at=MORNING)


def test_a_case_is_reopened_and_forgets_nothing(world):
    case = closed(world)
    case_reopen(case=case, reason="新证据", by=world.person("near_district_regulator"), at=later(days=2))
    assert (case.state, case.conclusion, case.closed_at) == ("assigned", "", None)
    assert any("新证据" in line.text_zh for line in timeline(case))


def test_the_timeline_joins_moves_notes_and_facts_in_order(world):
    case = opened(world)
    case_note(case=case, text="已联系企业", by=world.person("near_enforcement"), at=later(hours=2))
    lines = timeline(case)
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert {line.kind for line in lines} == {"move", "note", "fact"}
    assert "case.noted" not in str(lines)
    assert all(line.text_zh and line.text_en for line in lines)
    party = timeline(case, user=world.person("discharger_admin"))
    assert {line.kind for line in party} == {"move", "fact"}
    assert verify_chain() == []


def test_cases_are_found_and_counted(world):
    case = opened(world)
    assert case_by_number(case.number) == case_by_id(case.pk) == case
    with pytest.raises(NotFound, match="C-2026-0042"):
        case_by_number("C-1")
    with pytest.raises(NotFound):
        case_by_id(0)
    assert counts_open(world.person("near_enforcement")) == {"open": 1, "assigned": 0}
    assert counts_open(world.person("far_enforcement")) == {"open": 0, "assigned": 0}


# Credit


@pytest.mark.parametrize(
    ("conclusion", "responsible", "level", "points"),
    [
        ("confirmed", "agency", Level.GENERAL, "-0.5"),
        ("rectified", "agency", Level.SERIOUS, "-2"),
        ("confirmed", "agency", Level.URGENT, "-2"),
        ("confirmed", "discharger", Level.URGENT, None),
        ("unfounded", "none", Level.URGENT, None),
    ],
)
def test_a_case_costs_points_where_the_agency_answers(world, conclusion, responsible, level, points):
    case = closed(world, conclusion=conclusion, responsible=responsible, level=level)
    item = item_from_case(case_number=case.number, at=later(days=1))
    assert (None if item is None else str(item.points)) == points


def test_told_twice_it_costs_once_and_reopened_nothing(world):
    case = closed(world)
    first = item_from_case(case_number=case.number, at=later(days=1))
    assert item_from_case(case_number=case.number, at=later(days=2)) == first
    case_reopen(case=case, reason="新证据", by=world.person("near_district_regulator"), at=later(days=2))
    assert item_from_case(case_number=case.number, at=later(days=2)) is None
    assert CreditItem.objects.get().withdrawn_at == later(days=2)
    by = world.person("near_enforcement")
    case_close(
        case=case, conclusion="rectified", responsible="agency", summary="整改", by=by, at=later(days=3)
    )
    assert item_from_case(case_number=case.number, at=later(days=3)) is not None
    assert CreditItem.objects.filter(withdrawn_at=None).count() == 1


def test_an_item_is_taken_back_with_a_reason(world):
    case = closed(world)
    item_from_case(case_number=case.number, at=later(days=1))
    panel = world.person("city_credit_panel")
    how = {"source_kind": "case", "source_id": case.number, "at": later(days=2)}
    with pytest.raises(BadInput):
        item_withdraw(by=panel, **how)
    with pytest.raises(NotAllowed):
        item_withdraw(by=world.person("agency_admin"), reason="x", **how)
    assert len(item_withdraw(by=panel, reason="异议成立", **how)) == 1
    assert item_withdraw(**how) == []
    assert items_of(panel, world.agency, 2026).count() == 0
    assert items_of(panel, world.agency, 2026, withdrawn=True).count() == 1


def item(indicator: str, points: str) -> CreditItem:
    return CreditItem(indicator=indicator, points=Decimal(points))


def test_an_agency_with_nothing_against_it_has_full_score_and_every_item_says_so():
    found = score(2026, [])
    assert (found.total, found.grade) == (Decimal("100.0"), "A")
    notes = {
        s.indicator.key: s.note_zh
        for h in found.headings
        for s in h.indicators
        if s.indicator.role == "score"
    }
    assert set(notes.values()) == {"本项无应做，按满分"}
    assert (
        sum(h.maximum for h in found.headings if h.zh in ("基本素质", "业务管理", "经营管理", "诚信记录"))
        == 100
    )


def test_points_are_lost_down_to_zero_and_no_further():
    found = score(2026, [item("supervision", "-2")] * 5)
    scored = {s.indicator.key: s for h in found.headings for s in h.indicators}
    assert (scored["supervision"].points, len(scored["supervision"].lost), found.total) == (
        0,
        5,
        Decimal("94.0"),
    )
    assert scored["supervision"].note_zh == ""


def test_totals_are_rounded_half_up_at_the_end_only():
    lost = [item("sign_in_truth", "-0.025"), item("contracts", "-0.025")]
    assert score(2026, lost).total == Decimal("100.0")  # 99.95
    assert score(2026, [*lost, item("training", "-0.1")]).total == Decimal(
        "99.9"
    )  # 99.85, to even it were 99.8
    assert score(2026, [*lost, item("training", "-0.01")]).total == Decimal("99.9")  # 99.94


def test_a_bonus_is_limited_and_never_lifts_above_a_hundred():
    assert score(2026, [item("good_conduct", "9")]).total == Decimal("100.0")
    assert score(
        2026, [item("good_conduct", "9"), item("penalties", "-6"), item("supervision", "-6")]
    ).total == Decimal("93.0")


@pytest.mark.parametrize(
    ("lost", "total", "grade"), [("10", "90.0", "A"), ("10.05", "90.0", "A"), ("10.06", "89.9", "B")]
)
def test_the_grade_is_read_from_the_rounded_total(lost, total, grade):
    found = score(2026, [item("om_frequency", "-10"), item("training", str(Decimal(10) - Decimal(lost)))])
    assert (found.total, found.grade) == (Decimal(total), grade)


def test_a_veto_is_d_and_a_downgrade_at_most_c():
    assert (
        score(2026, [item("falsification", "0")]).grade,
        score(2026, [item("falsification", "0")]).total,
    ) == ("D", Decimal("100.0"))
    downgraded = score(2026, [item("repeated_failures", "0")])
    assert (downgraded.grade, downgraded.why_zh) == ("C", "连续未备案变更，定为 C 级以内")


def test_scores_are_listed_best_first_with_the_outlets_served(world):
    item_from_case(case_number=closed(world, level=Level.SERIOUS).number, at=later(days=1))
    assert [(a.name, str(s.total), s.outlets) for a, s in scores(world.person("city_auditor"), 2026)] == [
        ("蓝天运维", "100.0", 1), ("清源运维", "98.0", 2),
    ]  # fmt: skip
    assert [a.name for a, _ in scores(world.person("agency_admin"), 2026)] == ["清源运维"]
    assert len(score_public(2026)) == 2
    assert score_of(world.person("agency_admin"), world.agency, 2025).total == 100
    assert (outlets_served(world.agency, 2026), outlets_served(world.agency, 2025)) == (2, 0)


def test_the_scheme_is_whole_and_says_how_sure_it_is():
    assert len(indicators()) == 26
    assert {i.sureness.value for i in indicators().values()} == {"default"}
    assert [name for name, _ in grade_lines(2026)] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("filing_updated,", "filing_complete,", "occurs twice"),
        (",4,each missing or", ",four,each missing or", "write a number"),
    ],
)
def test_a_broken_scheme_names_file_line_and_remedy(tmp_path, old, new, words):
    from mingcha.apps.credit.values import FOLDER

    text = (FOLDER / "indicators.csv").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "indicators.csv"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BadRule, match=rf"indicators.csv line \d+.*{words}"):
        read_indicators(path)


def test_settings_name_file_key_and_remedy(tmp_path):
    from mingcha.core.dated import load_dated

    good = 'a:\n  title: t\n  values: {2026-01-01: "1"}\n  cite: c\n  sureness: default\n'
    path = tmp_path / "settings.yaml"
    path.write_text(good, encoding="utf-8")
    found = load_dated(path)["a"]
    assert found.whole(date(2026, 1, 1)) == 1
    with pytest.raises(BadRule, match="a: no value holds on 2025-12-31"):
        found.on(date(2025, 12, 31))
    for old, new, words in [
        ("  title: t\n", "", "title missing"),
        ("sureness: default", "sureness: sure", "found 'sure'"),
        ('"1"', "1", "put the number in quotes"),
        ("2026-01-01", "soon", "is no day"),
        ('{2026-01-01: "1"}', "[1]", "is no mapping"),
        (good, "- 1\n", "expected a mapping"),
        (good, "a: 1\n", "is no mapping"),
    ]:
        path.write_text(good.replace(old, new), encoding="utf-8")
        with pytest.raises(BadRule, match=f"settings.yaml.*{words}"):
            load_dated(path)
