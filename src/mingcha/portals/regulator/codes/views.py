"""季度确认 as the authority sees it: the list with who is late, one quarter, and its reopening."""

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
from mingcha.portals.regulator.access import for_regulators
from mingcha.portals.shared import forms, stores
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.codes import pages

LIST = "regulator/codes/codes.html"
QUARTER = "regulator/codes/quarter.html"


class ReopenForm(fields.Form):
    why = fields.CharField(label=_lazy("重新开放的原因"), max_length=500, widget=fields.Textarea({"rows": 2}))


@for_regulators
@require_GET
def codes(request: HttpRequest) -> HttpResponse:
    context = pages.list_context(request, "regulator:codes_quarter")
    if request.GET.get("form") == "csv":
        return pages.as_file(context["found"])
    return render(request, LIST, context, status=context["status"])


@for_regulators
@require_http_methods(["GET", "POST"])
def quarter(request: HttpRequest, uscc: str, code: str, year: int, quarter: int) -> HttpResponse:
    """Look at a quarter; reopen it with a reason."""
    user = viewer(request)
    row = selectors.confirmation_get(user, uscc, code, year, quarter)
    figures = quarters.figures_now(stores.telemetry(), row.outlet, year, quarter)
    form = ReopenForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = pages.quarter_context(row, figures)
    context |= {"form": form, "may_reopen": can(user, "codes.reopen")}
    if request.method != "POST":
        return render(request, QUARTER, context)
    require(user, "codes.reopen")

    def reopen(clean: dict[str, Any]) -> None:
        services.codes_reopen(confirmation=row, by=user, at=now(), **clean)

    if not forms.carried_out(form, reopen):
        return forms.rejected(request, QUARTER, context)
    messages.success(request, _("已重新开放，企业可以重新标记和确认。"))
    return redirect("regulator:codes_quarter", uscc, code, year, quarter)
