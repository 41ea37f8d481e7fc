"""Targets of forwarding: with secrets for the process that forwards, without for people."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict

from django.db.models import Q, QuerySet

from mingcha.apps.accounts.permissions import Viewer, require
from mingcha.apps.devices import sealing
from mingcha.apps.devices.models import Target
from mingcha.apps.registry.models import Datalogger
from mingcha.core.errors import NotFound
from mingcha.gateway.forwarder import Identity


class TargetValues(TypedDict):
    """The arguments of ``gateway.forwarder.Target``."""

    key: str
    host: str
    port: int
    edition: str
    password: str
    identities: Mapping[str, Identity]
    stations: tuple[str, ...]
    sts: tuple[str, ...]
    cns: tuple[str, ...]
    sm4_key: bytes
    tls: bool
    tls_ca: str
    tls_name: str
    since: datetime | None


def forward_targets() -> list[TargetValues]:
    """The targets that are switched on, for the forwarding process: no viewer, secrets opened.

    A filter by districts or outlets that no logger passes leaves its target out: empty would mean all.

    Raises:
        BrokenEvidence: a secret does not open with the key of this data folder.
    """
    found = []
    for target in Target.objects.filter(active=True).prefetch_related("stations__datalogger"):
        mns = _mns(target)
        if mns is None or mns:
            found.append(_values(target, mns))
    return found


def _mns(target: Target) -> tuple[str, ...] | None:
    """The MNs that pass the filter by districts and outlets; None where it lets all pass."""
    districts, outlets = target.filter.get("districts"), target.filter.get("outlets")
    if not districts and not outlets:
        return None
    wanted = Q(outlet__discharger__district__code__in=districts or ())
    for key in outlets or ():
        uscc, _, code = key.partition("/")
        wanted |= Q(outlet__discharger__uscc=uscc, outlet__code=code)
    return tuple(Datalogger.objects.filter(wanted).order_by("mn").values_list("mn", flat=True).distinct())


def _values(target: Target, mns: tuple[str, ...] | None) -> TargetValues:
    rows = target.stations.all()
    return {
        "key": target.name,
        "host": target.host,
        "port": target.port,
        "edition": target.edition,
        "password": sealing.opened(target.sealed_password),
        "identities": {
            row.datalogger.mn: Identity(row.mn, sealing.opened(row.sealed_password)) for row in rows
        },
        "stations": mns or (),
        "sts": tuple(target.filter.get("sts", ())),
        "cns": tuple(target.filter.get("cns", ())),
        "sm4_key": sealing.opened(target.sealed_key).encode("ascii"),
        "tls": target.tls,
        "tls_ca": target.tls_ca,
        "tls_name": target.tls_name,
        "since": target.since,
    }


def targets_list(user: Viewer) -> QuerySet[Target]:
    """All targets without their secrets; ``stations.count()``: how many have another name there.

    Raises:
        NotAllowed: the role may not.
    """
    require(user, "target.view")
    return Target.objects.defer("sealed_password", "sealed_key").prefetch_related("stations")


def target_get(user: Viewer, name: str) -> Target:
    """One target.

    Raises:
        NotFound: there is none. NotAllowed: the role may not.
    """
    found = targets_list(user).filter(name=name).first()
    if found is None:
        raise NotFound(f"no target {name}")
    return found
