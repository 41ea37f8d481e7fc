"""One record form on the phone: page by page, saved as it is filled in (ui.md §3.11, §4 "Forms from YAML")."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from mingcha.apps.maintenance import selectors, services
from mingcha.apps.maintenance.forms import Field, Form, form_check
from mingcha.apps.maintenance.prefill import suggested_values
from mingcha.core import clock
from mingcha.core.errors import BadInput, NotFound
from mingcha.portals.mobile import access
from mingcha.portals.mobile.records import reading
from mingcha.portals.mobile.records.sheet import PICTURES, Sheet, fields_of, pages, sheets
from mingcha.portals.mobile.tasks.forms import PHOTO_MOST, is_picture
from mingcha.portals.shared import forms, stores
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.form_words import english, title

RECORD = "mobile/records/record.html"
NO_FILES: MultiValueDict[str, Any] = MultiValueDict()


@access.technicians
def record(request: HttpRequest, number: str, form_id: str) -> HttpResponse:
    visit = selectors.visit_get(viewer(request), number)
    form = _form_of(visit, form_id)
    page = _page_number(request, form)
    values = _values(visit, form)
    if request.method != "POST":
        values = reading.with_blank_row(values, request.GET.get("add", ""))
        checked = form_check(form, values, at=clock.now())
        return render(request, RECORD, _context(visit, form, page, values, {}, checked))
    order = request.POST.get("rows", "")
    try:
        typed = values | reading.posted(fields_of(form, page), request.POST, request.FILES, _keep)
    except BadInput as error:
        typed = values | reading.posted(fields_of(form, page), request.POST, NO_FILES, _keep)
        return _refused(request, visit, form, page, typed, error)
    return _saved(request, visit, form, page, reading.changed_rows(typed, order))


def _saved(request: HttpRequest, visit: Any, form: Form, page: int, typed: dict[str, Any]) -> HttpResponse:
    """Save the draft and go on; what cannot be kept is said beside its field and nothing typed is lost."""
    quiet = request.headers.get("X-Autosave") == "1"
    digest = request.POST.get("form_digest", "")
    try:
        kept = services.record_save(
            visit=visit,
            form=form.id,
            values=typed,
            author=viewer(request),
            at=clock.now(),
            form_digest=digest,
        )
    except BadInput as error:
        if quiet:
            return JsonResponse({"problems": error.problems}, status=forms.UNPROCESSABLE)
        return _refused(request, visit, form, page, typed, error)
    if quiet:
        return JsonResponse(_said(kept))
    return redirect(_next(request, visit, form, page))


def _refused(
    request: HttpRequest, visit: Any, form: Form, page: int, typed: dict[str, Any], error: BadInput
) -> HttpResponse:
    checked = form_check(form, typed, partial=True)
    return forms.rejected(request, RECORD, _context(visit, form, page, typed, error.problems, checked))


def _next(request: HttpRequest, visit: Any, form: Form, page: int) -> str:
    """Where the pressed button leads: the same page, the next, the one before, or back to the visit."""
    here = reverse("mobile:record", args=[visit.number, form.id])
    verb, _colon, place = request.POST.get("rows", "").partition(":")
    if verb:
        table = place.partition(".")[0]
        return f"{here}?page={page}" + (f"&add={table}" if verb == "add" else "") + f"#{table}"
    go = request.POST.get("go", "stay")
    if go == "done":
        return reverse("mobile:visit", args=[visit.number])
    target = {"next": page + 1, "back": page - 1}.get(go, page)
    return f"{here}?page={min(max(target, 1), len(pages(form)))}"


def _form_of(visit: Any, form_id: str) -> Form:
    for need in selectors.form_needs(visit):
        if need.form.id == form_id:
            return need.form
    raise NotFound(f"visit {visit.number} does not ask for {form_id}")


def _values(visit: Any, form: Form) -> dict[str, Any]:
    """What was filled in so far; before that, what the register knows."""
    latest = selectors.latest_records(visit).get(form.id)
    if latest is not None:
        return dict(latest.values)
    return suggested_values(form, visit, visit.technician, clock.now())


def _page_number(request: HttpRequest, form: Form) -> int:
    asked = request.GET.get("page", "")
    return min(max(int(asked), 1), len(pages(form))) if asked.isdigit() else 1


def _context(
    visit: Any, form: Form, page: int, values: dict[str, Any], problems: dict[str, str], checked: Any
) -> dict[str, Any]:
    every = sheets(form, reading.as_typed(form, values, checked.values), problems, checked.judgements)
    latest = selectors.latest_records(visit).get(form.id)
    return {
        "title": title(form),
        "visit": visit,
        "form": form,
        "sheet": every[page - 1],
        "sheets": every,
        "last": page == len(every),
        "problems": _listed(every[page - 1], problems),
        "missing": len(checked.problems) if not problems else 0,
        "latest": latest,
        "editable": visit.state == "open",
    }


def _listed(sheet: Sheet, problems: dict[str, str]) -> list[tuple[str, str, str]]:
    """(control, label, sentence) of every problem, for the summary on top."""
    cells = [cell for _, group in sheet.sections for cell in group]
    cells += [inner for cell in cells for row in cell.rows for inner in row]
    named = {cell.name: cell for cell in cells}
    return [
        (named[name].ident if name in named else "", named[name].label if name in named else "", sentence)
        for name, sentence in problems.items()
    ]


def _said(kept: Any) -> dict[str, Any]:
    """The answer to a quiet save: when, and what was computed and judged at once."""
    message = "message_en" if english() else "message_zh"
    return {
        "saved": clock.beijing(kept.saved_at).strftime("%H:%M"),
        "problems": {},
        "judgements": [
            {
                "field": j["field"],
                "result": j["result"],
                "text": j[message],
                "value": j["value"],
                "unit": j["unit"],
            }
            for j in kept.judgements
        ],
    }


def _keep(item: Field, file: Any) -> str:
    """Store an uploaded picture or file of a field.

    Raises:
        BadInput: it is larger than a record may carry, or no picture where one is asked for.
    """
    if file.size > PHOTO_MOST:
        raise BadInput({item.key: _("照片超过 10 MB。应不超过 10 MB。请降低相机分辨率后重拍。")})
    data = file.read()
    if item.type in PICTURES and not is_picture(data[:16]):
        raise BadInput({item.key: _("这个文件不是照片。应为 JPEG、PNG 或 WebP。请用相机拍一张。")})
    return stores.blobs().put(data)
