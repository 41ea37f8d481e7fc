from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mingcha.apps.accounts import selectors as accounts

ANY = ("", _("全部"))


def district_choices() -> list[tuple[str, Any]]:
    return [ANY, *((d.code, d.name) for d in accounts.districts())]


class OutletFilter(forms.Form):
    q = forms.CharField(label=_("企业、排放口、MN"), required=False, max_length=64)
    district = forms.ChoiceField(label=_("区县"), required=False, choices=district_choices)
    medium = forms.ChoiceField(
        label=_("类别"), required=False, choices=[ANY, ("gas", _("废气")), ("water", _("废水"))]
    )
    link = forms.ChoiceField(
        label=_("联网"), required=False,
        choices=[ANY, ("online", _("在线")), ("delayed", _("延迟")), ("offline", _("断线")), ("stopped", _("停运")), ("never", _("未联网"))],
    )  # fmt: skip
