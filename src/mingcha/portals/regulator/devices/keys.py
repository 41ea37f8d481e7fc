"""SM4 keys without their material, and the access password: two persons for a key, 1072 for a password."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from mingcha.apps.accounts.permissions import require
from mingcha.apps.devices import selectors, services
from mingcha.apps.devices.selectors import key_due
from mingcha.core.clock import now
from mingcha.core.errors import BadInput, StaleState
from mingcha.portals.regulator.access import for_frames
from mingcha.portals.regulator.devices.common import MOMENT, allowed, station_context
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import add_problems

ENCRYPTING = "2025"
SECRET = forms.PasswordInput({"autocomplete": "new-password"})
Problem = tuple[str, forms.Form]  # which form came back


class ProposeForm(forms.Form):
    """Without a key one is made here."""

    key = forms.CharField(
        label=_("数采仪已有的密钥"), required=False, max_length=16, widget=SECRET,
        help_text=_("一般留空：平台生成新密钥，批准后下发（1014）。只有数采仪已在使用的密钥才在此输入，16 位字母或数字。"),
    )  # fmt: skip
    valid_from = forms.DateTimeField(
        label=_("已有密钥的起用时间"),
        required=False,
        widget=MOMENT,
        help_text=_("只用于已有的密钥，不能在将来。"),
    )
    why = forms.CharField(label=_("原因"), required=False, max_length=500)


class RejectForm(forms.Form):
    why = forms.CharField(label=_("不采用的原因"), max_length=500, widget=forms.Textarea({"rows": 2}))


@for_frames
@require_GET
def keys(request: HttpRequest, mn: str) -> HttpResponse:
    return _keys_page(request, mn)


def _keys_page(
    request: HttpRequest, mn: str, *, propose: Any = None, reject: Any = None, status: int = 200
) -> HttpResponse:
    user, at = viewer(request), now()
    logger = selectors.station_get(user, mn)
    rows = [
        (row, due, due is not None and due <= at)
        for row in selectors.keys_of(user, logger)
        for due in (key_due(row),)
    ]
    context = station_context(request, logger, "keys", at) | {
        "rows": rows, "encrypts": logger.edition == ENCRYPTING, "under_way": any(r.state in ("proposed", "approved") for r, _, _ in rows),
        "may_propose": allowed(request, "key.propose"), "propose": propose or ProposeForm(auto_id="propose-%s"),
        "reject": reject or RejectForm(auto_id="reject-%s"), "me": user.pk,
    }  # fmt: skip
    return render(request, "regulator/devices/keys.html", context, status=status)


@for_frames
@require_POST
def key_propose(request: HttpRequest, mn: str) -> HttpResponse:
    user = viewer(request)
    logger = selectors.station_get(user, mn)
    form = ProposeForm(request.POST, auto_id="propose-%s")
    if form.is_valid():
        try:
            services.key_propose(datalogger=logger, by=user, at=now(), **form.cleaned_data)
        except BadInput as error:
            add_problems(form, error)
        else:
            messages.success(request, gettext("密钥已提出，等待另一人批准。"))
            return redirect("regulator:device_keys", mn)
    return _keys_page(request, mn, propose=form, status=422)


@for_frames
@require_POST
def key_decide(request: HttpRequest, mn: str, number: int, move: str) -> HttpResponse:
    """approve, reject or send again."""
    user, at = viewer(request), now()
    selectors.station_get(user, mn)
    key = selectors.key_get(user, number)
    if move == "reject":
        return _rejected(request, mn, key)
    try:
        if move == "approve":
            done = services.key_approve(key=key, by=user, at=at)
            said = (
                gettext("密钥已批准，现在使用。") if done.imported else gettext("密钥已批准，等待网关下发。")
            )
        else:
            services.key_send(key=key, by=user, at=at)
            said = gettext("密钥将再次下发。")
    except BadInput as error:
        messages.error(request, " ".join(error.problems.values()))
    else:
        messages.success(request, said)
    return redirect("regulator:device_keys", mn)


def _rejected(request: HttpRequest, mn: str, key: Any) -> HttpResponse:
    form = RejectForm(request.POST, auto_id="reject-%s")
    if form.is_valid():
        try:
            services.key_reject(key=key, why=form.cleaned_data["why"], by=viewer(request), at=now())
        except BadInput as error:
            add_problems(form, error)
        except StaleState:
            messages.error(request, gettext("密钥正在下发，请等数采仪应答后再处理。"))
            return redirect("regulator:device_keys", mn)
        else:
            messages.success(request, gettext("密钥未采用。"))
            return redirect("regulator:device_keys", mn)
    return _keys_page(request, mn, reject=form, status=422)


class AccessForm(forms.Form):
    """The password that is registered here; it must be the one in the logger."""

    password = forms.CharField(
        label=_("访问密码"), required=False, max_length=24, widget=SECRET, strip=False,
        help_text=_("应与数采仪中的密码一致；0–24 个可见字符，不含 ; , = &。留空表示密码为空。"),
    )  # fmt: skip
    reject_bad_password = forms.BooleanField(label=_("拒收密码不符的报文"), required=False)


class ChangeForm(forms.Form):
    """1072: the logger is told a new password."""

    password = forms.CharField(
        label=_("新密码"), min_length=1, max_length=6, widget=SECRET, strip=False, help_text=_("1–6 个可见字符，不含 ; , = & #"),
    )  # fmt: skip
    why = forms.CharField(label=_("原因"), required=False, max_length=500)
    sure = forms.BooleanField(label=_("我已确认：数采仪接受后改用新密码，旧密码在宽限期后不再有效"))


@for_frames
@require_GET
def access(request: HttpRequest, mn: str) -> HttpResponse:
    return _access_page(request, mn)


def _access_page(
    request: HttpRequest, mn: str, *, setting: Any = None, change: Any = None, status: int = 200
) -> HttpResponse:
    user = viewer(request)
    require(user, "access.set")
    logger = selectors.station_get(user, mn)
    held = getattr(logger, "access", None)
    first = {"reject_bad_password": held.reject_bad_password} if held is not None else {}
    context = station_context(request, logger, "access", now()) | {
        "held": held, "setting": setting or AccessForm(auto_id="set-%s", initial=first), "change": change or ChangeForm(auto_id="change-%s"),
        "may_change": "set_password" in selectors.commands_open_to(user, logger),
    }  # fmt: skip
    return render(request, "regulator/devices/access.html", context, status=status)


@for_frames
@require_POST
def access_set(request: HttpRequest, mn: str) -> HttpResponse:
    user = viewer(request)
    logger = selectors.station_get(user, mn)
    form = AccessForm(request.POST, auto_id="set-%s")
    if form.is_valid():
        try:
            services.access_set(datalogger=logger, by=user, at=now(), **form.cleaned_data)
        except BadInput as error:
            add_problems(form, error)
        else:
            messages.success(request, gettext("密码已登记。"))
            return redirect("regulator:device_access", mn)
    return _access_page(request, mn, setting=form, status=422)


@for_frames
@require_POST
def access_change(request: HttpRequest, mn: str) -> HttpResponse:
    user = viewer(request)
    logger = selectors.station_get(user, mn)
    form = ChangeForm(request.POST, auto_id="change-%s")
    if form.is_valid():
        values = form.cleaned_data
        try:
            made = services.password_change(
                datalogger=logger, password=values["password"], why=values["why"], by=user, at=now()
            )
        except BadInput as error:
            add_problems(
                form,
                BadInput({"password" if n == "new_password" else n: t for n, t in error.problems.items()}),
            )
        else:
            messages.success(request, gettext("命令 %(n)s 已提交，等待网关发送。") % {"n": made.pk})
            return redirect("regulator:device_command", made.pk)
    return _access_page(request, mn, change=form, status=422)
