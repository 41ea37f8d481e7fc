"""Run by test_work_numbers.py: prepare a data folder, open visits in it, verify its audit."""

import sys
from datetime import UTC, date, datetime

import django
from django.apps import apps
from django.core.management import call_command

AT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


def prepare(count: int) -> None:
    from mingcha.apps.maintenance.services import contract_sign

    call_command("migrate", verbosity=0, skip_checks=True)
    organisation, outlet = apps.get_model("accounts.Organisation"), apps.get_model("registry.Outlet")
    agency = organisation.objects.create(uscc="A", name="清源运维", kind="agency")
    discharger = organisation.objects.create(uscc="D", name="东方化工", kind="discharger")
    outlets = [
        outlet.objects.create(discharger=discharger, code=f"DW{n:03d}", name="口", medium="water")
        for n in range(count)
    ]
    span = {"start": date(2026, 1, 1), "end": date(2026, 12, 31), "at": AT}
    contract_sign(agency=agency, discharger=discharger, outlets=outlets, number="HT", **span)
    apps.get_model("accounts.User").objects.create(
        username="t", name="t", role="technician", organisation=agency
    )


def open_visits(part: int, each: int) -> None:
    from mingcha.apps.maintenance.services import visit_sign_in

    technician = apps.get_model("accounts.User").objects.get()
    for outlet in apps.get_model("registry.Outlet").objects.order_by("code")[part * each : (part + 1) * each]:
        print(visit_sign_in(technician=technician, outlet=outlet, activity="other", at=AT).number)


def verify() -> None:
    from mingcha.apps.audit.selectors import verify_chain

    print(verify_chain())


if __name__ == "__main__":
    django.setup()
    match sys.argv[1:]:
        case ["prepare", count]:
            prepare(int(count))
        case ["open", part, each]:
            open_visits(int(part), int(each))
        case ["verify"]:
            verify()
