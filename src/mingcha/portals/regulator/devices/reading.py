"""How frames in quarantine are read on trial: by the settings of a station that is known, and with a key somebody has.

Nothing of it is stored: the key stays in the request, and who adopts the logger sets dialect and key as for every station.
"""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mingcha.apps.devices import selectors
from mingcha.core.errors import NotFound
from mingcha.portals.regulator.devices.keys import SECRET
from mingcha.protocol.hj212 import PLAIN, Decoding, Dialect

KEY_FORM = r"[0-9A-Za-z]{16}"


class ReadForm(forms.Form):
    """By whose settings and with which key the frames of the page are read."""

    like = forms.CharField(
        label=_("按此数采仪的设置读取（MN）"), required=False, max_length=24,
        help_text=_("留空时按默认设置读取。例如同型号、已登记的数采仪。"),
    )  # fmt: skip
    key = forms.RegexField(
        rf"\A{KEY_FORM}\Z", label=_("密钥"), required=False, max_length=16, widget=SECRET,
        help_text=_("2025 版加密数据区的密钥，16 个字母和数字。只用于这一次显示，不保存。"),
        error_messages={"invalid": _("密钥应为 16 个字母和数字。")},
    )  # fmt: skip

    def decoding(self, user: Any, at: datetime) -> Decoding:
        """What was asked for; ``PLAIN`` with a problem beside its field where that station cannot be seen."""
        mn, key = self.cleaned_data["like"].strip(), self.cleaned_data["key"]
        keys = (key.encode("ascii"),) if key else ()
        if not mn:
            return Decoding(PLAIN.dialect, keys)
        try:
            held = selectors.setting_in_force(user, selectors.station_get(user, mn), at)
        except NotFound:
            self.add_error("like", gettext("没有这台数采仪，或您无权查看。应为已登记的 MN。"))
            return PLAIN
        return Decoding(PLAIN.dialect if held is None else Dialect.from_json(held.dialect), keys)
