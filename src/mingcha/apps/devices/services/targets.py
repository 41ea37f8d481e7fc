"""Other hosts to which frames are forwarded, and under which names our stations go there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from mingcha.apps.accounts.models import District, User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.devices import sealing
from mingcha.apps.devices.models import Target, TargetStation
from mingcha.apps.devices.values import host_problem, key_problem, password_problem, target_name_problem
from mingcha.apps.registry.models import Datalogger, Outlet
from mingcha.apps.registry.values import EDITIONS, checked, listed_problem, mn_problem

FILTERS = ("districts", "outlets", "sts", "cns")
_MOST = 10_000  # entries of one list of a filter


@transaction.atomic
def target_set(
    *,
    name: str,
    host: str,
    port: int,
    edition: str,
    by: User | None,
    at: datetime,
    title: str = "",
    tls: bool = False,
    tls_name: str = "",
    tls_ca: str = "",
    password: str | None = None,
    key: str | None = None,
    filters: Mapping[str, Sequence[str]] | None = None,
    since: datetime | None = None,
) -> Target:
    """Enter a target, switched off, or change the one with this name.

    ``password`` and ``key`` None: as they are. ``since``: where a new one begins in the journal.

    Raises:
        BadInput: by field.
    """
    require(by, "target.set")
    wanted = {key: list(dict.fromkeys(values)) for key, values in (filters or {}).items()}
    checked(
        _problems(name, host, port, edition, tls, tls_name, tls_ca, password, key) | _filter_problems(wanted)
    )
    found = Target.objects.filter(name=name).first()
    values: dict[str, Any] = {
        "title": title[:64], "host": host, "port": port, "edition": edition, "tls": tls, "tls_name": tls_name,
        "tls_ca": tls_ca, "filter": {key: wanted.get(key, []) for key in FILTERS}, "changed_at": at,
    }  # fmt: skip
    if since is not None:
        values["since"] = since
    values |= _secrets(found, password, key)
    target, new = Target.objects.update_or_create(name=name, defaults=values)
    detail = {key: values[key] for key in ("host", "port", "edition", "tls", "filter")} | {
        "name": name,
        "new": new,
    }
    audit_record(by=by, action="target.set", subject=target, at=at, detail=detail)
    return target


def _secrets(found: Target | None, password: str | None, key: str | None) -> dict[str, bytes]:
    values = {}
    if password is not None or found is None:
        values["sealed_password"] = sealing.close(password or "")
    if key is not None or found is None:
        values["sealed_key"] = sealing.close(key or "")
    return values


def _problems(
    name: str,
    host: str,
    port: int,
    edition: str,
    tls: bool,
    tls_name: str,
    tls_ca: str,
    password: str | None,
    key: str | None,
) -> dict[str, str]:
    needless = (tls_name or tls_ca) and not tls
    certificate = "-----BEGIN CERTIFICATE-----"
    return {
        "name": target_name_problem(name),
        "host": host_problem(host),
        "port": "" if 1 <= port <= 65535 else f"端口应为 1–65535，现为 {port} (1 to 65535 expected)",
        "edition": listed_problem(edition, EDITIONS),
        "tls": "只有启用 TLS 时才填写证书或名称 (a CA or a name needs TLS)" if needless else "",
        "tls_name": host_problem(tls_name) if tls_name else "",
        "tls_ca": "应为 PEM 证书 (a PEM certificate is expected)"
        if tls_ca and certificate not in tls_ca
        else "",
        "password": password_problem(password) if password else "",
        "key": _key_problem(key, edition) if key else "",
    }


def _key_problem(key: str, edition: str) -> str:
    if edition != "2025":
        return f"加密只用于 2025 版，目标为 {edition} 版 (only 2025 encrypts)"
    return key_problem(key)


def _filter_problems(wanted: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Names in the filter that name nothing: a slip there would forward too little or too much."""
    found = {
        f"filter.{key}": f"没有这一项；可选: {', '.join(FILTERS)} (no such filter)"
        for key in wanted
        if key not in FILTERS
    }
    found |= {f"filter.{key}": f"至多 {_MOST} 项 (too many)" for key in wanted if len(wanted[key]) > _MOST}
    districts = set(wanted.get("districts", ())) - set(District.objects.values_list("code", flat=True))
    outlets = set(wanted.get("outlets", ()))
    if outlets:
        outlets -= {outlet.key for outlet in Outlet.objects.select_related("discharger")}
    strange = {
        "districts": districts,
        "outlets": outlets,
        "sts": {
            one for one in wanted.get("sts", ()) if not (one.isascii() and one.isdigit() and len(one) == 2)
        },
        "cns": {
            one for one in wanted.get("cns", ()) if not (one.isascii() and one.isdigit() and len(one) == 4)
        },
    }
    return found | {
        f"filter.{key}": f"没有 {', '.join(sorted(names)[:5])} (no such {key})"
        for key, names in strange.items()
        if names
    }


@transaction.atomic
def target_station_set(
    *,
    target: Target,
    datalogger: Datalogger,
    mn: str,
    by: User | None,
    at: datetime,
    password: str = "",
) -> TargetStation:
    """Under which MN and password a station goes to a target; ``password`` "" is the target's.

    Raises:
        BadInput: by field.
    """
    require(by, "target.set")
    taken = TargetStation.objects.filter(target=target, mn=mn).exclude(datalogger=datalogger).first()
    checked(
        {
            "mn": mn_problem(mn, target.edition)
            or (f"MN {mn} 已用于 {taken.datalogger.mn} (used for another station)" if taken else ""),
            "password": password_problem(password),
        }
    )
    made, _ = TargetStation.objects.update_or_create(
        target=target, datalogger=datalogger,
        defaults={"mn": mn, "sealed_password": sealing.close(password), "changed_at": at},
    )  # fmt: skip
    detail = {"name": target.name, "mn": datalogger.mn, "as": mn}
    audit_record(by=by, action="target.station_set", subject=target, at=at, detail=detail)
    return made


@transaction.atomic
def target_switch(*, target: Target, on: bool, by: User | None, at: datetime) -> Target:
    """Begin or stop forwarding to a target; its place in the journal is kept meanwhile. Again: nothing."""
    require(by, "target.set")
    values: dict[str, Any] = {"active": on, "changed_at": at}
    if on and target.since is None:
        values["since"] = at
    if Target.objects.filter(pk=target.pk, active=not on).update(**values):
        detail = {"name": target.name, "on": on}
        audit_record(by=by, action="target.switched", subject=target, at=at, detail=detail)
    target.refresh_from_db()
    return target
