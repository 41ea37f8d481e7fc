"""The desk: list, bulk, one finding with everything for and against it."""

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from mingcha.apps.accounts.permissions import can
from mingcha.apps.audit import selectors as audit
from mingcha.apps.cases import services as cases
from mingcha.apps.findings import selectors
from mingcha.core.clock import now
from mingcha.core.errors import BadInput, IllegalMove, NotFound, StaleState
from mingcha.portals.regulator.access import for_regulators
from mingcha.portals.regulator.findings import context as contexts
from mingcha.portals.regulator.findings.forms import DismissForm, FindingFilter
from mingcha.portals.regulator.findings.moves import MOVES, form_of, offers
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import add_problems, page_of

PAGE = 50
BULK_MAX = 200
OPEN = ("detected", "assigned")


def filtered(request: HttpRequest) -> tuple[FindingFilter, QuerySet[Any]]:
    """The form of the address and what it leaves."""
    form = FindingFilter(request.GET)
    found: QuerySet[Any] = selectors.findings_visible_to(viewer(request))
    form.is_valid()
    wanted = form.cleaned_data
    state = wanted.get("state", "")
    if state == "":
        found = found.filter(state__in=OPEN)
    elif state != "all":
        found = found.filter(state=state)
    for name, column in (("kind", "kind"), ("level", "level"), ("district", "district__code")):
        if wanted.get(name):
            found = found.filter(**{column: wanted[name]})
    if text := wanted.get("q", "").strip():
        named = Q(number__icontains=text) | Q(title_zh__icontains=text) | Q(title_en__icontains=text)
        found = found.filter(named | Q(organisation__name__icontains=text) | Q(source__icontains=text))
    return form, found


@for_regulators
@require_GET
def findings_desk(request: HttpRequest) -> HttpResponse:
    form, found = filtered(request)
    page = page_of(request, found, PAGE)
    context = {
        "title": gettext("线索"),
        "form": form,
        "page": page,
        "filtered": any(form.cleaned_data.values()),
        "counts": selectors.counts_by(viewer(request)),
        "dismiss_form": DismissForm(auto_id="bulk-%s"),
        "may_dismiss": can(viewer(request), "finding.dismiss"),
        "may_open": can(viewer(request), "case.open"),
        "precision": contexts.precisions(page.object_list),
        "kept": request.GET.urlencode(),
    }
    return render(
        request, "regulator/findings/findings.html", context, status=200 if form.is_valid() else 422
    )


@for_regulators
@require_GET
def finding(request: HttpRequest, number: str) -> HttpResponse:
    found = selectors.finding_get(viewer(request), number)
    return _page(request, found, offers(found, viewer(request)))


def _page(request: HttpRequest, found: Any, legal: list[Any], status: int = 200) -> HttpResponse:
    context = {
        "title": found.number,
        "finding": found,
        "offers": legal,
        "timeline": audit.timeline("finding", found.pk),
        "kept": request.GET.urlencode(),
        **contexts.grounds(request, found),
        **contexts.picture(request, found),
    }
    return render(request, "regulator/findings/finding.html", context, status=status)


@for_regulators
@require_POST
def act(request: HttpRequest, number: str, move: str) -> HttpResponse:
    """Make one move; bad values come back beside their fields, done goes on to the next of the list."""
    user = viewer(request)
    found = selectors.finding_get(user, number)
    if move not in MOVES:
        raise NotFound(f"no move {move!r}")
    chosen = MOVES[move]
    form: Any = form_of(chosen, found, request.POST)
    if form.is_valid():
        try:
            done = chosen.act(found, form, user, now())
        except BadInput as error:
            add_problems(form, error)
        else:
            messages.success(
                request, gettext("%(number)s：%(move)s，已完成。") % {"number": number, "move": chosen.word}
            )
            if move == "take_up":
                return redirect("regulator:case", getattr(done, "number", ""))
            return redirect(_next(request, number))
    return _page(request, found, offers(found, user, form, move), status=422)


def _next(request: HttpRequest, number: str) -> str:
    """The next finding of the filter the person works through, or the list."""
    kept = f"?{request.GET.urlencode()}" if request.GET else ""
    after = filtered(request)[1].exclude(number=number).first()
    if after is None or not request.GET:
        return (
            reverse("regulator:finding", args=[number])
            if not request.GET
            else reverse("regulator:findings") + kept
        )
    return reverse("regulator:finding", args=[after.number]) + kept


@for_regulators
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """One move on many: tells how many it took and how many it skipped, and why."""
    user, kept = viewer(request), f"?{request.GET.urlencode()}" if request.GET else ""
    numbers = request.POST.getlist("numbers")[:BULK_MAX]
    chosen = list(selectors.findings_visible_to(user).filter(number__in=numbers))
    address = reverse("regulator:findings") + kept
    if not chosen:
        messages.warning(request, gettext("没有选中线索。请先在列表中勾选。"))
        return redirect(address)
    if request.POST.get("move") == "take_up":
        return _case_of(request, chosen, address)
    form = DismissForm(request.POST)
    if not form.is_valid():
        messages.warning(request, gettext("没有选排除理由。请选一项理由后再排除。"))
        return redirect(address)
    done, skipped, said = 0, 0, ""
    for one in chosen:
        try:
            MOVES["dismiss"].act(one, form, user, now())
            done += 1
        except (IllegalMove, StaleState):
            skipped += 1
        except BadInput as error:
            said = str(next(iter(error.problems.values())))
            break
    if said:
        messages.warning(request, said)
    else:
        text = gettext("已排除 %(done)d 条，跳过 %(skipped)d 条（状态已变）。") % {
            "done": done,
            "skipped": skipped,
        }
        messages.success(request, text)
    return redirect(address)


def _case_of(request: HttpRequest, chosen: list[Any], address: str) -> HttpResponse:
    try:
        case = cases.case_open(findings=chosen, by=viewer(request), at=now())
    except BadInput as error:
        messages.warning(request, str(next(iter(error.problems.values()))))
        return redirect(address)
    except IllegalMove:
        messages.warning(request, gettext("所选线索中有已经处理过的，没有立案。请刷新后重选。"))
        return redirect(address)
    messages.success(
        request, gettext("已立案 %(number)s，收入 %(n)d 条线索。") % {"number": case.number, "n": len(chosen)}
    )
    return redirect("regulator:case", case.number)
