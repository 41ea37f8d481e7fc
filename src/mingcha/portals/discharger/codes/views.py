"""季度确认: hours by code with the capture rate, and the word on them (R-75-12.1.3)."""

from typing import Any

from django import forms as fields
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods

from mingcha.apps.accounts.permissions import can, require
from mingcha.apps.marking import quarters, selectors, services
from mingcha.core.clock import now
from mingcha.portals.discharger import access
from mingcha.portals.shared import forms, stores
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.codes import pages

LIST = "discharger/codes/codes.html"
QUARTER = "discharger/codes/quarter.html"


class ConfirmForm(fields.Form):
    """``seen``: digest of the codes on the page, so that nobody confirms others than were shown."""

    comment = fields.CharField(
        label=_lazy("说明"), max_length=500, required=False, widget=fields.Textarea({"rows": 2})
    )
    seen = fields.CharField(widget=fields.HiddenInput, max_length=64)


@access.people
@require_GET
def codes(request: HttpRequest) -> HttpResponse:
    context = pages.list_context(request, "discharger:codes_quarter")
    if request.GET.get("form") == "csv":
        return pages.as_file(context["found"])
    return render(request, LIST, context, status=context["status"])


@access.people
@require_http_methods(["GET", "POST"])
def quarter(request: HttpRequest, uscc: str, code: str, year: int, quarter: int) -> HttpResponse:
    """Look at a quarter and confirm it."""
    user = viewer(request)
    row = selectors.confirmation_get(user, uscc, code, year, quarter)
    figures = quarters.figures_now(stores.telemetry(), row.outlet, year, quarter)
    form = ConfirmForm(
        request.POST if request.method == "POST" else None, initial={"seen": figures["digest"]}
    )
    context: dict[str, Any] = pages.quarter_context(row, figures) | {
        "form": form, "may_confirm": can(user, "codes.confirm"), "confirmable": row.state in ("open", "reopened"),
    }  # fmt: skip
    if request.method != "POST":
        return render(request, QUARTER, context)
    require(user, "codes.confirm")

    def confirm(clean: dict[str, Any]) -> None:
        services.codes_confirm(confirmation=row, figures=figures, by=user, at=now(), **clean)

    if not forms.carried_out(form, confirm):
        return forms.rejected(request, QUARTER, context)
    messages.success(request, _("已确认，本季度的状态码已锁定。"))
    return redirect("discharger:codes_quarter", uscc, code, year, quarter)
