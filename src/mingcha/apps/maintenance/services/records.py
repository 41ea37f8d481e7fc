from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.audit.services import audit_record
from mingcha.apps.maintenance import guards
from mingcha.apps.maintenance.forms import form_check, form_get
from mingcha.apps.maintenance.models import OPEN, Record, Visit
from mingcha.apps.maintenance.prefill import given_values
from mingcha.apps.maintenance.values import fits, is_record
from mingcha.apps.maintenance.words import say
from mingcha.core.digest import digest
from mingcha.core.errors import BadInput, IllegalMove


@transaction.atomic
def record_save(
    *, visit: Visit, form: str, values: Mapping[str, Any], author: User, at: datetime, form_digest: str = ""
) -> Record:
    """Keep what is filled in so far; a draft may lack anything, but nothing in it may be wrong.

    The author's own draft is replaced; what was submitted, or is another person's, stays, and a new version
    begins. Equal values write nothing. ``form_digest``: the version of the form the page showed, where known.

    Raises:
        BadInput: by field. NotAllowed: no technician of the agency.
        IllegalMove: the visit is not open.
    """
    guards.works_on(visit, author, "record.save")
    if visit.state != OPEN:
        raise IllegalMove(
            say(
                f"{visit.number} 现为“{Visit.STATES[visit.state]}”。记录只在进行中时可填。请先退回或另行签到。",
                f"{visit.number} is {visit.state}. Records are filled in while it is open. Have it returned, or sign in again.",
            )
        )
    sheet = form_get(form)
    _fitting(visit, form, form_digest)
    typed = {key: value for key, value in values.items() if not ((field := sheet.field(key)) and field.given)}
    checked = form_check(sheet, typed, partial=True, at=at)
    if checked.problems:
        raise BadInput(checked.problems)
    found = digest({"form": sheet.digest, "values": checked.values})
    latest = visit.records.filter(form=form).order_by("-version").first()
    if latest is not None and latest.digest == found:
        return latest
    kept = checked.values | given_values(sheet, visit, author, at)
    record = _draft(visit, form, author, latest)
    record.values, record.judgements, record.digest = kept, checked.judgements, found
    record.form_digest, record.saved_at = sheet.digest, at
    record.save()
    detail = {"form": form, "version": record.version, "digest": found}
    audit_record(by=author, action="record.saved", subject=record, at=at, detail=detail)
    return record


def _draft(visit: Visit, form: str, author: User, latest: Record | None) -> Record:
    if latest is not None and not latest.submitted and latest.author_id == author.pk:
        return latest
    return Record(visit=visit, form=form, author=author, version=latest.version + 1 if latest else 1)


def _fitting(visit: Visit, form: str, form_digest: str) -> None:
    sheet = form_get(form)
    if not is_record(sheet) or not fits(sheet.medium, visit.outlet.medium):
        raise BadInput(
            {"": say(
                f"“{sheet.title_zh}”不是 {visit.outlet} 的运维记录表。请选适用的记录表。",
                f"“{sheet.title_en}” is no record form for {visit.outlet}. Choose a fitting one.",
            )}
        )  # fmt: skip
    if form_digest and form_digest != sheet.digest:
        raise BadInput(
            {"": say(
                f"“{sheet.title_zh}”已有新版本。应按新版本填写。请刷新页面，已填内容会保留。",
                f"“{sheet.title_en}” has a new version. Use it. Reload the page; what you typed is kept.",
            )}
        )  # fmt: skip
