from django import forms
from django.utils.translation import gettext_lazy as _

from mingcha.portals.regulator.outlets.forms import district_choices

STATES = [
    ("", _("未完成")), ("today", _("今日")), ("late", _("逾期")), ("met", _("已完成")), ("met_late", _("逾期完成")),
    ("waived", _("免除")), ("cancelled", _("取消")), ("all", _("全部")),
]  # fmt: skip


class DutyFilter(forms.Form):
    q = forms.CharField(label=_("单位、事项"), required=False, max_length=64)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=STATES)
    district = forms.ChoiceField(label=_("区县"), required=False, choices=district_choices)
