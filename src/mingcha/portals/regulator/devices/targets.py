"""Other hosts to which frames go on: their state, how they are reached, who our stations are there."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mingcha.apps.devices import selectors, services
from mingcha.core.clock import from_us, now
from mingcha.core.errors import BadInput, LocalError, NotFound
from mingcha.gateway.forwarder import status_read
from mingcha.portals.regulator.access import for_frames
from mingcha.portals.regulator.devices.common import MOMENT, allowed, sections
from mingcha.portals.regulator.devices.keys import SECRET
from mingcha.portals.shared import stores
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import add_problems
from mingcha.protocol.hj212.editions import EDITIONS

COUNTED = ("sent", "acked", "resent", "refused", "aside")
STALE_S = 60  # a state file older than this says that nothing runs
FILTERS = ("districts", "outlets", "sts", "cns")


class TargetForm(forms.Form):
    """``target`` None: a new one. Its name is that of the queue on disk and never changes."""

    name = forms.CharField(label=_("名称"), max_length=40, help_text=_("小写字母、数字、_ 或 -；以后不能改"))
    title = forms.CharField(label=_("说明"), required=False, max_length=64)
    host = forms.CharField(label=_("主机"), max_length=253, help_text=_("域名或 IP 地址"))
    port = forms.IntegerField(label=_("端口"), min_value=1, max_value=65535)
    edition = forms.ChoiceField(label=_("版本"), choices=[(e, f"HJ 212-{e}") for e in EDITIONS])
    password = forms.CharField(label=_("密码"), required=False, max_length=24, widget=SECRET, strip=False)
    key = forms.CharField(label=_("SM4 密钥（2025 版）"), required=False, max_length=16, widget=SECRET)
    tls = forms.BooleanField(label=_("使用 TLS"), required=False)
    tls_name = forms.CharField(label=_("证书中的名称"), required=False, max_length=253)
    tls_ca = forms.CharField(label=_("CA 证书（PEM）"), required=False, widget=forms.Textarea({"rows": 3}))
    districts = forms.CharField(
        label=_("只转发这些区县"), required=False, help_text=_("编码，以逗号分隔；留空为全部")
    )
    outlets = forms.CharField(
        label=_("只转发这些排放口"), required=False, widget=forms.Textarea({"rows": 2}),
        help_text=_("统一社会信用代码/编号，以逗号分隔；留空为全部"),
    )  # fmt: skip
    sts = forms.CharField(label=_("只转发这些 ST"), required=False, help_text=_("以逗号分隔；留空为全部"))
    cns = forms.CharField(
        label=_("只转发这些 CN"), required=False, help_text=_("以逗号分隔；留空为全部数据上传")
    )
    since = forms.DateTimeField(
        label=_("从何时的报文开始"), required=False, widget=MOMENT, help_text=_("留空时从启用时开始")
    )

    def __init__(self, *args: Any, target: Any = None, **kwargs: Any) -> None:
        first = _first(target) if target is not None else {"edition": "2017"}
        kwargs["initial"] = first
        super().__init__(*args, **kwargs)
        if target is None:
            self.fields["password"].help_text = _("留空时按原报文的密码")
            return
        del self.fields["name"], self.fields["since"]
        for name in ("password", "key"):
            self.fields[name].help_text = _("留空时不改")

    def values(self) -> dict[str, Any]:
        """As the service takes them: filters together, secrets None where nothing was typed."""
        given = dict(self.cleaned_data)
        given["filters"] = {name: _several(given.pop(name)) for name in FILTERS}
        return given | {name: given[name] or None for name in ("password", "key")}


class IdentityForm(forms.Form):
    station = forms.CharField(label=_("本平台的 MN"), max_length=40)
    mn = forms.CharField(label=_("在目标主机的 MN"), max_length=24)
    password = forms.CharField(
        label=_("在目标主机的密码"),
        required=False,
        max_length=24,
        widget=SECRET,
        strip=False,
        help_text=_("留空时用目标的密码"),
    )


def _several(text: str) -> list[str]:
    return [
        one
        for one in text.replace("\n", ",").replace("，", ",").replace(" ", "").replace("\r", "").split(",")
        if one
    ]


def _first(target: Any) -> dict[str, Any]:
    plain = {
        name: getattr(target, name)
        for name in ("title", "host", "port", "edition", "tls", "tls_name", "tls_ca")
    }
    return plain | {name: ", ".join(target.filter.get(name, ())) for name in FILTERS}


def status_of(target: Any) -> dict[str, Any]:
    """What the forwarding last said of a target, in values a page shows. ``state`` off, never and silent are ours."""
    unknown: dict[str, Any] = dict.fromkeys(("last_acked", "behind_s", *COUNTED))
    try:
        told = status_read(stores.data_folder(), target.name)
    except LocalError as error:
        return unknown | {"state": "silent" if target.active else "off", "error": str(error)}
    if told is None:
        return unknown | {"state": "never" if target.active else "off"}
    at = from_us(told["at_us"])
    silent = (now() - at).total_seconds() > STALE_S
    state = "off" if not target.active else "silent" if silent else str(told.get("state", "silent"))
    last = told.get("last_acked_us")
    return unknown | told | {"state": state, "at": at, "last_acked": from_us(last) if last else None}


@for_frames
@require_GET
def target_list(request: HttpRequest) -> HttpResponse:
    rows = [(target, status_of(target)) for target in selectors.targets_list(viewer(request))]
    context = {
        "title": gettext("转发"), "rows": rows, "tabs": sections(request, "device_targets"),
        "may_set": allowed(request, "target.set"),
    }  # fmt: skip
    return render(request, "regulator/devices/targets.html", context)


@for_frames
@require_http_methods(["GET", "POST"])
def target_new(request: HttpRequest) -> HttpResponse:
    selectors.targets_list(viewer(request))
    return _edit(request, None)


@for_frames
@require_http_methods(["GET", "POST"])
def target_edit(request: HttpRequest, name: str) -> HttpResponse:
    return _edit(request, selectors.target_get(viewer(request), name))


def _edit(request: HttpRequest, target: Any) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    form = TargetForm(sent, target=target)
    context = {
        "form": form, "target": target, "may_set": allowed(request, "target.set"),
        "title": gettext("新的转发目标") if target is None else gettext("修改 %(name)s") % {"name": target.name},
    }  # fmt: skip
    if sent is None:
        return render(request, "regulator/devices/target_edit.html", context)
    if form.is_valid():
        values = form.values() if target is None else form.values() | {"name": target.name}
        if target is None and selectors.targets_list(viewer(request)).filter(name=values["name"]).exists():
            form.add_error(
                "name", gettext("已有名为 %(name)s 的目标。请换一个名称。") % {"name": values["name"]}
            )
            return render(request, "regulator/devices/target_edit.html", context, status=422)
        try:
            made = services.target_set(by=viewer(request), at=now(), **values)
        except BadInput as error:
            add_problems(form, BadInput({n.removeprefix("filter."): t for n, t in error.problems.items()}))
        else:
            messages.success(request, gettext("目标 %(name)s 已保存。") % {"name": made.name})
            return redirect("regulator:device_target", made.name)
    return render(request, "regulator/devices/target_edit.html", context, status=422)


@for_frames
@require_GET
def target(request: HttpRequest, name: str) -> HttpResponse:
    return _page(request, selectors.target_get(viewer(request), name))


def _page(request: HttpRequest, found: Any, form: Any = None, status: int = 200) -> HttpResponse:
    context = {
        "title": found.name, "target": found, "status": status_of(found), "may_set": allowed(request, "target.set"),
        "form": form or IdentityForm(), "stations": found.stations.select_related("datalogger__outlet__discharger"),
        "filters": [(word, ", ".join(found.filter.get(key, ())) or gettext("全部")) for key, word in (
            ("districts", gettext("区县")), ("outlets", gettext("排放口")), ("sts", "ST"), ("cns", "CN"))],
    }  # fmt: skip
    return render(request, "regulator/devices/target.html", context, status=status)


@for_frames
@require_POST
def target_station(request: HttpRequest, name: str) -> HttpResponse:
    user = viewer(request)
    found = selectors.target_get(user, name)
    form = IdentityForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            logger = selectors.station_get(user, values["station"].strip())
            services.target_station_set(
                target=found,
                datalogger=logger,
                mn=values["mn"],
                password=values["password"],
                by=user,
                at=now(),
            )
        except NotFound:
            form.add_error("station", gettext("没有这台数采仪，或您无权查看。"))
        except BadInput as error:
            add_problems(form, error)
        else:
            messages.success(request, gettext("%(mn)s 的身份已保存。") % {"mn": logger.mn})
            return redirect("regulator:device_target", name)
    return _page(request, found, form, status=422)


@for_frames
@require_http_methods(["GET", "POST"])
def target_switch(request: HttpRequest, name: str) -> HttpResponse:
    """Ask first what will happen, then do it."""
    user = viewer(request)
    found = selectors.target_get(user, name)
    if request.method == "GET":
        on = not found.active
        word = gettext("启用转发") if on else gettext("停止转发")
        context = {"title": word, "target": found, "on": on, "may_set": allowed(request, "target.set")}
        return render(request, "regulator/devices/target_switch.html", context)
    on = request.POST.get("on") == "1"
    services.target_switch(target=found, on=on, by=user, at=now())
    messages.success(request, gettext("转发已启用。") if on else gettext("转发已停止，位置保留。"))
    return redirect("regulator:device_target", name)
