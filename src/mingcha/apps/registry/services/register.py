"""Dischargers and their outlets."""

from datetime import datetime

from django.db import transaction

from mingcha.apps.accounts.models import District, Organisation, User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.accounts.services import organisation_register
from mingcha.apps.audit.services import audit_record
from mingcha.apps.registry.models import Outlet, Profile
from mingcha.apps.registry.values import checked, listed_problem, outlet_code_problem, place_problem
from mingcha.core.facts import Medium


@transaction.atomic
def discharger_register(
    *,
    uscc: str,
    name: str,
    district: District,
    at: datetime,
    address: str = "",
    permit_no: str = "",
    permit_category: str = "",
    industry: str = "",
    key_lists: tuple[str, ...] = (),
    self_operated: bool = False,
    latitude: float | None = None,
    longitude: float | None = None,
    by: User | None = None,
) -> Profile:
    """Enter a discharger with its permit; its organisation is ``profile.organisation``.

    Raises:
        BadInput: by field, also what ``organisation_register`` finds.
    """
    require(by, "discharger.register")
    categories = ("", "key", "simplified", "registration")
    checked(
        {
            "latitude": place_problem(latitude, longitude),
            "permit_category": listed_problem(permit_category, categories),
            "permit_no": _permit_problem(permit_no),
        }
    )
    organisation = organisation_register(
        uscc=uscc,
        name=name,
        kind=Organisation.Kind.DISCHARGER,
        district=district,
        address=address,
        by=by,
        at=at,
    )
    profile = Profile.objects.create(
        organisation=organisation,
        permit_no=permit_no,
        permit_category=permit_category,
        industry=industry,
        key_lists=list(key_lists),
        self_operated=self_operated,
        latitude=latitude,
        longitude=longitude,
    )
    detail = {"uscc": uscc, "permit_no": permit_no}
    audit_record(by=by, action="discharger.registered", subject=organisation, at=at, detail=detail)
    return profile


def _permit_problem(permit_no: str) -> str:
    if permit_no and Profile.objects.filter(permit_no=permit_no).exists():
        return f"许可证编号 {permit_no} 已登记 (already registered)"
    return ""


@transaction.atomic
def outlet_register(
    *,
    discharger: Organisation,
    code: str,
    name: str,
    medium: str,
    at: datetime,
    source_type: str = "",
    region: str = "shanghai",
    state: str = Outlet.State.OPERATING,
    latitude: float | None = None,
    longitude: float | None = None,
    geofence_m: int = 500,
    minute_interval_s: int = 600,
    principle: str = "",
    by: User | None = None,
) -> Outlet:
    """Enter an outlet as in the permit.

    Raises:
        BadInput: by field.
    """
    require(by, "outlet.register")
    checked(
        {
            "discharger": _owner_problem(discharger),
            "code": outlet_code_problem(code, medium) or _taken_problem(discharger, code),
            "name": "" if name.strip() else "名称不能为空 (a name is needed)",
            "medium": listed_problem(medium, tuple(Medium)),
            "state": listed_problem(state, tuple(Outlet.State.values)),
            "latitude": place_problem(latitude, longitude),
            "geofence_m": "" if 50 <= geofence_m <= 2000 else f"{geofence_m}: 50–2000 m (WF-8.2)",
            "minute_interval_s": _interval_problem(minute_interval_s),
        }
    )
    outlet = Outlet.objects.create(
        discharger=discharger,
        code=code,
        name=name,
        medium=medium,
        source_type=source_type,
        region=region,
        state=state,
        latitude=latitude,
        longitude=longitude,
        geofence_m=geofence_m,
        minute_interval_s=minute_interval_s,
        principle=principle,
    )
    audit_record(by=by, action="outlet.registered", subject=outlet, at=at, detail={"key": outlet.key})
    return outlet


def _owner_problem(discharger: Organisation) -> str:
    if discharger.kind == Organisation.Kind.DISCHARGER:
        return ""
    return f"{discharger.name} 不是排污单位 (a {discharger.kind} has no outlets)"


def _taken_problem(discharger: Organisation, code: str) -> str:
    taken = Outlet.objects.filter(discharger=discharger, code=code).exists()
    return f"{discharger.name} 已有排放口 {code} (already registered)" if taken else ""


def _interval_problem(minute_interval_s: int) -> str:
    if minute_interval_s >= 60 and 3600 % minute_interval_s == 0:
        return ""
    return f"{minute_interval_s}: 一小时应为其整数倍，且不少于 60 秒 (a divisor of 3600 s, 60 or more, is expected)"
