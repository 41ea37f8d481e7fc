"""The list of marks and the decision on one: accept it, or question it with what is doubtful."""

from typing import Any

from django import forms as fields
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods

from mingcha.apps.accounts.permissions import can, require
from mingcha.apps.marking import selectors, services
from mingcha.apps.marking.values import item_rows
from mingcha.core.clock import now
from mingcha.core.moves import moves_from
from mingcha.portals.regulator.access import for_regulators
from mingcha.portals.shared import badges, forms
from mingcha.portals.shared.access import viewer

LIST = "regulator/marks/marks.html"
ONE = "regulator/marks/mark.html"
DECISIONS = (("accept", _lazy("接受")), ("question", _lazy("质疑")))


class MarksFilter(fields.Form):
    """``late``: handed in after noon of the next day, and still without effect."""

    show = fields.ChoiceField(
        label=_lazy("显示"), required=False,
        choices=[("", _lazy("全部")), ("waiting", _lazy("迟交待接受")), *((s, badges.badge("mark", s).word) for s in badges.BADGES["mark"] if s != "suggested")],
    )  # fmt: skip


class DecideForm(fields.Form):
    decision = fields.ChoiceField(label=_lazy("结论"), choices=DECISIONS, widget=fields.RadioSelect)
    comment = fields.CharField(
        label=_lazy("说明"), required=False, max_length=500, widget=fields.Textarea({"rows": 2}),
        help_text=_lazy("质疑须写明疑点，企业据此更正或撤回。"),
    )  # fmt: skip


@for_regulators
@require_GET
def marks(request: HttpRequest) -> HttpResponse:
    form = MarksFilter(request.GET)
    found = selectors.marks_visible_to(viewer(request))
    show = form.cleaned_data["show"] if form.is_valid() else ""
    if show == "waiting":
        found = found.filter(late=True, state__in=("submitted", "questioned"))
    elif show:
        found = found.filter(state=show)
    context = {
        "title": _("数据标记"),
        "form": form,
        "page": forms.page_of(request, found),
        "filtered": bool(show),
    }
    return render(request, LIST, context, status=200 if form.is_valid() else forms.UNPROCESSABLE)


@for_regulators
@require_http_methods(["GET", "POST"])
def mark(request: HttpRequest, mark_id: int) -> HttpResponse:
    user = viewer(request)
    found = selectors.mark_get(user, mark_id)
    legal = set(moves_from(type(found).NEXT, found.state))
    form = DecideForm(request.POST if request.method == "POST" else None)
    choices = form.fields["decision"]
    assert isinstance(choices, fields.ChoiceField)
    choices.choices = [row for row in DECISIONS if row[0] in legal]
    context: dict[str, Any] = {
        "title": _("标记 %(n)d") % {"n": found.pk}, "mark": found, "item": item_rows().get(found.item), "form": form,
        "open": bool(choices.choices), "may_decide": can(user, "mark.decide"),
    }  # fmt: skip
    if request.method != "POST":
        return render(request, ONE, context)
    require(user, "mark.decide")

    def decide(clean: dict[str, Any]) -> None:
        services.mark_decide(mark=found, by=user, at=now(), **clean)

    if not forms.carried_out(form, decide):
        return forms.rejected(request, ONE, context)
    messages.success(request, _("已记录。受影响的小时值会重新计算。"))
    return redirect("regulator:marks")
