"""Who sends and is not registered: the list, one of them with its frames, and letting it in or not."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from mingcha.apps.devices import selectors, services
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import now
from mingcha.core.errors import BadInput, BrokenEvidence, NotFound
from mingcha.core.refs import FrameRef
from mingcha.portals.regulator.access import for_frames
from mingcha.portals.regulator.devices.common import MOMENT, allowed, sections
from mingcha.portals.regulator.devices.keys import SECRET
from mingcha.portals.regulator.devices.reading import ReadForm
from mingcha.portals.regulator.outlets.forms import ANY
from mingcha.portals.shared import badges, live_frames, stores
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import add_problems, page_of
from mingcha.protocol.hj212 import PLAIN, Decoding, commands
from mingcha.protocol.hj212.editions import EDITIONS

OFFERED = 500  # outlets offered while typing; any other key can be typed
HARDWARE = "hardware"
HARDWARE_WORDS = {
    "i23005": _("硬件序号"),
    "i23006": _("CPU 序号"),
    "i23007": _("网卡地址 1"),
    "i23008": _("网卡地址 2"),
}


class QuarantineFilter(forms.Form):
    state = forms.ChoiceField(label=_("状态"), required=False)
    kind = forms.ChoiceField(
        label=_("类别"),
        required=False,
        choices=[ANY, ("mn", _("未登记的 MN")), (HARDWARE, _("2025 版硬件登记"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = {state: gettext(one.word) for state, one in badges.BADGES["quarantine"].items()}
        field = self.fields["state"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", words.pop("waiting")), *words.items(), ("all", gettext("全部"))]


class AdoptForm(forms.Form):
    """``row`` decides what is asked: hardware of 2025 is given an MN and a first key."""

    outlet = forms.CharField(
        label=_("排放口"), max_length=64, help_text=_("统一社会信用代码/编号，例如 91310000000000000X/DA001")
    )
    st = forms.ChoiceField(label="ST")
    edition = forms.ChoiceField(label=_("版本"), choices=[(e, f"HJ 212-{e}") for e in EDITIONS])
    mn = forms.CharField(label=_("给定的 MN"), max_length=24, min_length=14)
    counts_from = forms.DateTimeField(
        label=_("数据起算时间"),
        required=False,
        widget=MOMENT,
        help_text=_("留空时从首次收到起算；此后隔离的报文计入数据。"),
    )
    password = forms.CharField(
        label=_("访问密码"),
        required=False,
        max_length=24,
        widget=SECRET,
        strip=False,
        help_text=_("留空时不登记密码"),
    )
    key = forms.CharField(
        label=_("数采仪已有的密钥"), required=False, max_length=16, widget=SECRET,
        help_text=_("留空时平台生成首个密钥；两种情况都须另一人批准。"),
    )  # fmt: skip
    model = forms.CharField(label=_("型号"), required=False, max_length=64)
    replaces = forms.BooleanField(label=_("替换该排放口现有的数采仪"), required=False)

    def __init__(self, *args: Any, row: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        english = get_language() == "en"
        st = self.fields["st"]
        assert isinstance(st, forms.ChoiceField)
        st.choices = [
            (code.st, f"{code.st} {code.name_en if english else code.name_zh}")
            for code in commands.system_codes().values()
        ]
        self.fields["outlet"].widget.attrs["list"] = "outlets"
        if row.kind == HARDWARE:
            edition = self.fields["edition"]
            assert isinstance(edition, forms.ChoiceField)
            edition.choices = [("2025", "HJ 212-2025")]
        else:
            del self.fields["mn"], self.fields["key"]


class DismissForm(forms.Form):
    reason = forms.CharField(label=_("排除的原因"), max_length=500, widget=forms.Textarea({"rows": 3}))


@for_frames
@require_GET
def quarantine_list(request: HttpRequest) -> HttpResponse:
    form = QuarantineFilter(request.GET)
    good = form.is_valid()
    wanted = form.cleaned_data
    state = {"": "waiting", "all": ""}.get(wanted.get("state", ""), wanted.get("state", ""))
    found = selectors.quarantine_list(viewer(request), state=state, kind=wanted.get("kind", ""))
    context = {
        "title": gettext("隔离"), "form": form, "page": page_of(request, found), "filtered": any(wanted.values()),
        "tabs": sections(request, "quarantine"),
    }  # fmt: skip
    return render(request, "regulator/devices/quarantine.html", context, status=200 if good else 422)


@for_frames
@require_GET
def quarantined(request: HttpRequest, number: int) -> HttpResponse:
    return _page(request, selectors.quarantine_get(viewer(request), number))


def _page(
    request: HttpRequest, row: Any, *, adopt: Any = None, dismiss: Any = None, reading: Any = None,
    decoding: Decoding = PLAIN, status: int = 200,
) -> HttpResponse:  # fmt: skip
    lines, lost = _lines(row, decoding)
    waiting = row.state == "waiting"
    spoken = next((line.edition for line in lines if line.edition), "")
    first = {"st": row.st or _st(lines), "edition": spoken}
    context = {
        "title": row.mn or row.hardware_id, "row": row, "lines": lines, "lost": lost,
        "hardware": [(HARDWARE_WORDS.get(code, code), text) for code, text in row.hardware.items()],
        "may_adopt": waiting and allowed(request, "quarantine.adopt"),
        "may_dismiss": waiting and allowed(request, "quarantine.dismiss"),
        "may_undo": row.state == "dismissed" and allowed(request, "quarantine.undo"), "waiting": waiting,
        "adopt": adopt or AdoptForm(row=row, initial=first, auto_id="adopt-%s"),
        "dismiss": dismiss or DismissForm(auto_id="dismiss-%s"),
        "reading": reading or ReadForm(auto_id="read-%s"), "read": decoding is not PLAIN,
        "outlets": registry.outlets_visible_to(viewer(request)).select_related("discharger")[:OFFERED] if waiting else (),
    }  # fmt: skip
    return render(request, "regulator/devices/quarantined.html", context, status=status)


def _lines(row: Any, decoding: Decoding) -> tuple[list[live_frames.Line], int]:
    """The kept frames, newest first, and how many can no longer be read."""
    journal, found, lost = stores.journal(), [], 0
    for text in row.refs or ([row.last_ref] if row.last_ref else []):
        try:
            ref = FrameRef.parse(text)
            found.append(live_frames.line_of(ref, journal.read(ref), lambda mn, at: decoding))
        except (ValueError, NotFound, BrokenEvidence):
            lost += 1
    return found, lost


def _st(lines: list[live_frames.Line]) -> str:
    return next((text for line in lines for name, text in line.header if name == "ST" and text != "91"), "")


@for_frames
@require_POST
def read(request: HttpRequest, number: int) -> HttpResponse:
    """The frames by the settings of a known station and a key typed in: shown once, nothing is stored."""
    user = viewer(request)
    row = selectors.quarantine_get(user, number)
    form = ReadForm(request.POST, auto_id="read-%s")
    decoding = form.decoding(user, now()) if form.is_valid() else PLAIN
    response = _page(request, row, reading=form, decoding=decoding, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@for_frames
@require_POST
def adopt(request: HttpRequest, number: int) -> HttpResponse:
    user, at = viewer(request), now()
    row = selectors.quarantine_get(user, number)
    form = AdoptForm(request.POST, row=row, auto_id="adopt-%s")
    if form.is_valid():
        values = dict(form.cleaned_data)
        uscc, _slash, code = values.pop("outlet").strip().partition("/")
        values["password"] = values["password"] or None
        try:
            made = services.quarantine_adopt(
                quarantine=row, outlet=registry.outlet_get(user, uscc, code), by=user, at=at, **values
            )
        except NotFound:
            form.add_error(
                "outlet",
                gettext("没有这个排放口，或您无权查看。应为 统一社会信用代码/编号，可从列表中选择。"),
            )
        except BadInput as error:
            add_problems(form, error)
        else:
            messages.success(request, gettext("%(mn)s 已登记，隔离的报文将重新读取。") % {"mn": made.mn})
            return redirect("regulator:device_station", made.mn)
    return _page(request, row, adopt=form, status=422)


@for_frames
@require_POST
def dismiss(request: HttpRequest, number: int) -> HttpResponse:
    user = viewer(request)
    row = selectors.quarantine_get(user, number)
    form = DismissForm(request.POST, auto_id="dismiss-%s")
    if form.is_valid():
        try:
            services.quarantine_dismiss(quarantine=row, by=user, at=now(), **form.cleaned_data)
        except BadInput as error:
            add_problems(form, error)
        else:
            messages.success(request, gettext("已排除。报文继续保存，可以恢复。"))
            return redirect("regulator:quarantined", number)
    return _page(request, row, dismiss=form, status=422)


@for_frames
@require_POST
def undo(request: HttpRequest, number: int) -> HttpResponse:
    user = viewer(request)
    row = selectors.quarantine_get(user, number)
    services.quarantine_undo(quarantine=row, by=user, at=now())
    messages.success(request, gettext("已恢复为待处理。"))
    return redirect("regulator:quarantined", number)
