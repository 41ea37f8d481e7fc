"""Who sees what: "" nothing, "o" our side's, "s" the stranger's, "os" both. Every operation stands in one of the tables."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from api_world import NOX, PH, World

DISCHARGER = ("discharger_admin", "discharger_officer", "discharger_confirmer")
AGENCY = ("agency_admin", "technician", "agency_reviewer")
CITY = ("city_regulator", "monitoring_centre", "enforcement", "credit_panel", "auditor")
NOBODY = ("laboratory", "system_admin")

PARTIES = (
    dict.fromkeys((*DISCHARGER, *AGENCY), "o")
    | {f"stranger_{role}": "s" for role in (*DISCHARGER, *AGENCY)}
    | dict.fromkeys(("district_regulator", "district_enforcement"), "o")
    | dict.fromkeys(("stranger_district_regulator", "stranger_enforcement"), "s")
    | dict.fromkeys(CITY, "os")
    | dict.fromkeys(NOBODY, "")
)
# Duties and findings that are in no case: an agency sees those about itself only.
OWED = PARTIES | {name: "" for name in PARTIES if name.removeprefix("stranger_") in AGENCY}
AUTHORITIES = {
    name: sides
    for name, sides in PARTIES.items()
    if name.removeprefix("stranger_") not in (*DISCHARGER, *AGENCY, *NOBODY)
}


@dataclass(frozen=True)
class Read:
    """One object of a side. ``refused``: who gets 403 instead."""

    template: str
    address: Callable[[World, str], str]
    sees: dict[str, str]
    refused: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Listed:
    """``key``: what tells an object of the list; ``of``: that of a side's object."""

    template: str
    sees: dict[str, str]
    key: str
    of: Callable[[World, str], str | int]


@dataclass(frozen=True)
class Write:
    template: str
    address: Callable[[World, str], str]
    body: Callable[[World, str], dict[str, Any]]
    action: str
    sees: dict[str, str]


def _nothing(world: World, side: str) -> dict[str, Any]:
    return {}


def _factor(side: str) -> str:
    return NOX if side == "o" else PH


def _agency(world: World, side: str) -> Any:
    return world.people.agency if side == "o" else world.people.stranger_agency


FRAMES = AUTHORITIES | {"system_admin": "os"}
NO_FRAMES = frozenset(PARTIES) - frozenset(FRAMES)
# Every authority sees the credit of all agencies, an agency its own.
CREDIT = dict.fromkeys(AUTHORITIES, "os") | {
    name: sides for name, sides in PARTIES.items() if name.removeprefix("stranger_") in AGENCY
}
NO_CREDIT = frozenset(PARTIES) - frozenset(CREDIT)

SPAN = "kind=hour&from=2026-01-01T00:00:00&to=2026-02-01T00:00:00"
DAYS = "first_day=2026-01-01&last_day=2026-01-31"
READS = [
    Read("/api/outlets/{uscc}/{code}", lambda w, s: w.path(s), PARTIES),
    Read("/api/outlets/{uscc}/{code}/values", lambda w, s: f"{w.path(s)}/values?factor={_factor(s)}&kind=minute", PARTIES),
    Read("/api/outlets/{uscc}/{code}/series", lambda w, s: f"{w.path(s)}/series?factors={_factor(s)}&{SPAN}", PARTIES),
    Read("/api/outlets/{uscc}/{code}/reports/{kind}", lambda w, s: f"{w.path(s)}/reports/month?period=2026-10", PARTIES),
    Read("/api/outlets/{uscc}/{code}/readings", lambda w, s: f"{w.path(s)}/readings?factors={_factor(s)}&{SPAN}", PARTIES),
    Read("/api/outlets/{uscc}/{code}/completeness", lambda w, s: f"{w.path(s)}/completeness?{DAYS}", PARTIES),
    Read("/api/outlets/{uscc}/{code}/emissions", lambda w, s: f"{w.path(s)}/emissions?year={w.now.year}&quarter=1", PARTIES),
    Read("/api/outlets/{uscc}/{code}/restatements", lambda w, s: f"{w.path(s)}/restatements", PARTIES),
    Read("/api/frames/{ref}", lambda w, s: f"/api/frames/{w.refs[s]}", FRAMES, NO_FRAMES),
    Read("/api/findings/{number}", lambda w, s: f"/api/findings/{w.open[s].number}", OWED),
    Read("/api/findings/{number}", lambda w, s: f"/api/findings/{w.taken[s].number}", PARTIES),
    Read("/api/cases/{number}", lambda w, s: f"/api/cases/{w.cases[s].number}", PARTIES),
    Read("/api/duties/{duty_id}", lambda w, s: f"/api/duties/{w.duties[s].pk}", OWED),
    Read("/api/visits/{number}", lambda w, s: f"/api/visits/{w.visits[s].number}", PARTIES),
    Read("/api/credit/scores/{uscc}", lambda w, s: f"/api/credit/scores/{_agency(w, s).uscc}", CREDIT, NO_CREDIT),
]  # fmt: skip

LISTS = [
    Listed("/api/outlets", PARTIES, "key", lambda w, s: w.outlet(s).key),
    Listed("/api/rates", PARTIES, "key", lambda w, s: w.outlet(s).key),
    Listed("/api/findings", OWED, "number", lambda w, s: w.open[s].number),
    Listed("/api/findings", PARTIES, "number", lambda w, s: w.taken[s].number),
    Listed("/api/cases", PARTIES, "number", lambda w, s: w.cases[s].number),
    Listed("/api/duties", OWED, "id", lambda w, s: w.duties[s].pk),
    Listed("/api/visits", PARTIES, "number", lambda w, s: w.visits[s].number),
    Listed("/api/marks", PARTIES, "id", lambda w, s: w.marks[s].pk),
]


def _finding(move: str) -> Callable[[World, str], str]:
    return lambda w, s: f"/api/findings/{(w.dismissed if move == 'undo' else w.open)[s].number}/{move}"


def _case(move: str) -> Callable[[World, str], str]:
    return lambda w, s: f"/api/cases/{w.cases[s].number}/{move}"


def _mark(world: World, side: str) -> dict[str, Any]:
    start = world.now - timedelta(hours=9)
    return {
        "outlet": world.outlet(side).key, "factor": _factor(side), "start": start.isoformat(),
        "end": (start + timedelta(hours=1)).isoformat(), "item": "stop", "reason": "停产",
    }  # fmt: skip


ASSIGNEE = {"assignee": "city_regulator"}
CLOSING = {"conclusion": "confirmed", "responsible": "agency", "summary": "校准未做"}
WRITES = [
    Write("/api/findings/{number}/dismiss", _finding("dismiss"), lambda w, s: {"reason": "other", "text": "演练"}, "finding.dismiss", OWED),
    Write("/api/findings/{number}/undo", _finding("undo"), _nothing, "finding.undo", OWED),
    Write("/api/findings/{number}/assign", _finding("assign"), lambda w, s: ASSIGNEE, "finding.assign", OWED),
    Write("/api/findings/{number}/confirm", _finding("confirm"), lambda w, s: {"text": "属实"}, "finding.confirm", OWED),
    Write("/api/cases", lambda w, s: "/api/cases", lambda w, s: {"findings": [w.open[s].number]}, "case.open", OWED),
    Write("/api/cases/{number}/assign", _case("assign"), lambda w, s: ASSIGNEE, "case.assign", PARTIES),
    Write("/api/cases/{number}/note", _case("note"), lambda w, s: {"text": "已电话联系"}, "case.note", PARTIES),
    Write("/api/cases/{number}/close", _case("close"), lambda w, s: CLOSING, "case.close", PARTIES),
    Write("/api/marks", lambda w, s: "/api/marks", _mark, "mark.submit", PARTIES),
    Write("/api/marks/{mark_id}/withdraw", lambda w, s: f"/api/marks/{w.marks[s].pk}/withdraw", _nothing, "mark.withdraw", PARTIES),
]  # fmt: skip

# Operations of a person's own or of everybody; tried in test_api_reading.py.
OTHERS = {
    ("get", "/api/me"), ("get", "/api/notices"), ("post", "/api/notices/{notice_id}/read"),
    ("get", "/api/credit/scores"), ("get", "/api/restatements"), ("get", "/api/"), ("get", "/api/public/outlets"),
    ("get", "/api/public/outlets/{uscc}/{code}"), ("get", "/api/public/outlets/{uscc}/{code}/versions"),
    ("get", "/api/public/snapshots/{digest}"),
}  # fmt: skip
OPERATIONS = (
    {("get", row.template) for row in (*READS, *LISTS)} | {("post", row.template) for row in WRITES} | OTHERS
)
