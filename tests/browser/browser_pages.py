"""Every page, who opens it, and how it is looked at."""

from dataclasses import dataclass

CITY, DISTRICT, SYSTEM = "city_regulator", "beitang", "system_admin"
ADMIN, OFFICER, CONFIRMER = "discharger_admin", "discharger_officer", "discharger_confirmer"
OTHER = "beitang-heat-admin"  # a discharger without any visit or mark
AGENCY, REVIEWER, TECHNICIAN = "agency_admin", "agency_reviewer", "technician"
BOTH, PHONE, WIDE = (1280, 360), (360,), (1920, 1280, 360)
LIGHT, THEMES = ("light",), ("light", "dark")


@dataclass(frozen=True)
class Look:
    """``path`` may name numbers of ``living.py``. ``first``: what is clicked before looking. ``plain``: no breadcrumb."""

    name: str
    role: str
    path: str
    widths: tuple[int, ...] = BOTH
    themes: tuple[str, ...] = LIGHT
    status: int = 200
    first: str = ""
    plain: bool = False


OUTLET = "outlets/{exceeded}/"
EXCEEDED = OUTLET + "?f=a21026&k=hour&s=7d"
R, D, A, M = "/regulator/", "/discharger/", "/agency/", "/m/"

LOOKS = (
    Look("sign-in", "", "/sign-in/", themes=THEMES),
    # the authority
    Look("regulator-overview", CITY, R, WIDE, THEMES),
    Look("regulator-overview-table", CITY, R + "?view=table"),
    Look("regulator-overview-district", DISTRICT, R),
    Look("regulator-findings", CITY, R + "findings/", themes=THEMES),
    Look("regulator-findings-none", CITY, R + "findings/?q=没有这样的线索"),
    Look("regulator-finding", CITY, R + "findings/F-2026-000001/", themes=THEMES),
    Look("regulator-finding-clue", CITY, R + "findings/F-2026-000002/"),
    Look("regulator-cases", CITY, R + "cases/?state=all"),
    Look("regulator-cases-none", DISTRICT, R + "cases/"),
    Look("regulator-case", CITY, R + "cases/{case}/", themes=THEMES),
    Look("regulator-outlet", CITY, R + EXCEEDED, WIDE, THEMES),
    Look("regulator-outlet-live", CITY, R + OUTLET + "?f=a21026&k=real&s=24h"),
    Look("regulator-outlet-table", CITY, R + EXCEEDED + "&view=table"),
    Look("regulator-outlet-visits", CITY, R + OUTLET + "?t=om"),
    Look("regulator-outlet-findings", CITY, R + OUTLET + "?t=findings"),
    Look("regulator-outlet-file", CITY, R + OUTLET + "?t=file"),
    Look("regulator-outlet-bad-span", CITY, R + OUTLET + "?k=hour&s=own&from=2026-11-23T10:00&to=2026-11-22T10:00", status=422),
    Look("regulator-evidence", CITY, R + OUTLET + "?f=a21026&k=minute&s=24h", themes=THEMES, first="table a[data-drawer]"),
    Look("regulator-outlet-factors", CITY, R + OUTLET + "?f=a21026,a34013&k=hour&s=7d", WIDE, THEMES),
    Look("regulator-outlet-years", CITY, R + OUTLET + "?f=a21026&k=hour&s=5y"),
    Look("regulator-outlet-calendar", CITY, R + OUTLET + "?t=calendar", themes=THEMES),
    Look("regulator-outlet-calendar-year", CITY, R + OUTLET + "?t=calendar&year=2026"),
    Look("regulator-outlet-revisions", CITY, R + OUTLET + "?t=revisions"),
    Look("regulator-rates", CITY, R + "rates/", themes=THEMES),
    Look("regulator-rates-none", CITY, R + "rates/?q=没有这样的排放口"),
    Look("regulator-rates-bad", CITY, R + "rates/?first=2026-13", status=422),
    Look("regulator-rates-outlet", CITY, R + "rates/{exceeded}/"),
    Look("regulator-rates-day", CITY, R + "rates/{exceeded}/", first="tbody td.m-card-head a"),
    Look("regulator-compare", CITY, R + "compare/?o={exceeded}&f=a21026&k=hour&s=7d", themes=THEMES),
    Look("regulator-compare-none", CITY, R + "compare/"),
    Look("regulator-revisions", CITY, R + "revisions/"),
    Look("regulator-outlets", CITY, R + "outlets/"),
    Look("regulator-outlets-none", CITY, R + "outlets/?q=没有这样的排放口"),
    Look("regulator-duties", CITY, R + "duties/?state=late"),
    Look("regulator-frames", CITY, R + "frames/"),
    Look("regulator-frame", CITY, R + "frames/", first="tbody td.m-card-head a"),
    Look("regulator-devices", CITY, R + "devices/", themes=THEMES),
    Look("regulator-devices-none", CITY, R + "devices/?q=没有这样的数采仪"),
    Look("regulator-devices-station", CITY, R + "devices/stations/{mn}/?paused=1&direction=in", themes=THEMES, first=".m-line summary"),
    Look("regulator-devices-station-system", SYSTEM, R + "devices/stations/{mn}/?paused=1&cn=1999"),
    Look("regulator-devices-asking", CITY, R + "devices/stations/{mn}/commands/"),
    Look("regulator-devices-ask", CITY, R + "devices/stations/{mn}/commands/calibrate/"),
    Look("regulator-devices-commands", CITY, R + "devices/commands/"),
    Look("regulator-devices-command", CITY, R + "devices/commands/{command}/", themes=THEMES),
    Look("regulator-devices-settings", CITY, R + "devices/stations/{mn}/settings/"),
    Look("regulator-devices-setting-new", CITY, R + "devices/stations/{mn}/settings/new/"),
    Look("regulator-devices-keys", CITY, R + "devices/stations/{mn_2025}/keys/"),
    Look("regulator-devices-access", CITY, R + "devices/stations/{mn}/access/"),
    Look("regulator-devices-quarantine", CITY, R + "quarantine/"),
    Look("regulator-devices-quarantined", CITY, R + "quarantine/{quarantine}/", themes=THEMES),
    Look("regulator-devices-targets", CITY, R + "devices/targets/"),
    Look("regulator-devices-target", CITY, R + "devices/targets/at/national/"),
    Look("regulator-devices-target-edit", CITY, R + "devices/targets/at/national/edit/"),
    Look("regulator-devices-target-switch", CITY, R + "devices/targets/at/national/switch/"),
    Look("regulator-agencies", CITY, R + "agencies/"),
    Look("regulator-agency", CITY, R + "agencies/", first="tbody td.m-card-head a"),
    Look("notices", CONFIRMER, "/notices/"),
    Look("notices-none", OTHER, "/notices/"),
    Look("regulator-frames-system", SYSTEM, R + "frames/"),
    # the discharger
    Look("discharger-today", CONFIRMER, D, themes=THEMES),
    Look("discharger-today-none", OTHER, D),
    Look("discharger-visits", CONFIRMER, D + "visits/"),
    Look("discharger-visits-none", OTHER, D + "visits/"),
    Look("discharger-visit", CONFIRMER, D + "visits/{waiting}/", themes=THEMES),
    Look("discharger-visits-confirm", CONFIRMER, D + "visits/confirm/"),
    Look("discharger-outlets", ADMIN, D + "outlets/"),
    Look("discharger-outlet", ADMIN, D + EXCEEDED),
    Look("discharger-rates", ADMIN, D + "rates/"),
    Look("discharger-outlet-calendar", ADMIN, D + OUTLET + "?t=calendar"),
    Look("discharger-marks", OFFICER, D + "marks/"),
    Look("discharger-marks-none", OTHER, D + "marks/"),
    Look("discharger-mark-new", OFFICER, D + "marks/new/", themes=THEMES),
    Look("discharger-duties", ADMIN, D + "duties/"),
    Look("discharger-duties-none", OTHER, D + "duties/"),
    Look("discharger-findings", ADMIN, D + "findings/"),
    Look("discharger-finding", ADMIN, D + "findings/F-2026-000001/"),
    Look("discharger-cases", ADMIN, D + "cases/"),
    Look("discharger-case", ADMIN, D + "cases/{case}/"),
    Look("discharger-cases-none", OTHER, D + "cases/"),
    # the agency
    Look("agency-today", REVIEWER, A, themes=THEMES),
    Look("agency-tasks", AGENCY, A + "tasks/"),
    Look("agency-tasks-none", AGENCY, A + "tasks/?show=missed"),
    Look("agency-visits", REVIEWER, A + "visits/"),
    Look("agency-visit", REVIEWER, A + "visits/{waiting}/"),
    Look("agency-outlets", AGENCY, A + "outlets/"),
    Look("agency-rates", AGENCY, A + "rates/"),
    Look("agency-people", AGENCY, A + "people/"),
    Look("agency-credit", AGENCY, A + "credit/", themes=THEMES),
    Look("agency-cases", AGENCY, A + "cases/"),
    Look("agency-case", AGENCY, A + "cases/{case}/"),
    # the technician's phone
    Look("mobile-tasks", TECHNICIAN, M, themes=THEMES, plain=True),
    Look("mobile-task", TECHNICIAN, M + "tasks/{task}/", plain=True),
    Look("mobile-current", TECHNICIAN, M + "current/", plain=True),
    Look("mobile-visit", TECHNICIAN, M + "visits/{open}/", themes=THEMES, plain=True),
    Look("mobile-record", TECHNICIAN, M + "visits/{open}/records/gas_patrol_extractive/", themes=THEMES, plain=True),
    Look("mobile-record-checks", TECHNICIAN, M + "visits/{open}/records/gas_patrol_extractive/?page=4", plain=True),
    Look("mobile-me", TECHNICIAN, M + "me/", plain=True),
    # everybody
    Look("public-outlets", "", "/", themes=THEMES),
    Look("public-outlets-none", "", "/?q=没有这样的排放口"),
    Look("public-outlet", "", "/" + OUTLET, themes=THEMES),
    Look("public-versions", "", "/" + OUTLET + "versions/"),
    Look("public-agencies", "", "/agencies/"),
    Look("error-404", CITY, R + "outlets/91310000000000000X/DA001/", status=404, themes=THEMES),
    Look("error-403", CONFIRMER, R, status=403),
)  # fmt: skip
