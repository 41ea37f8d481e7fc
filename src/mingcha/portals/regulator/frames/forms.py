from django import forms
from django.utils.translation import gettext_lazy as _

from mingcha.portals.regulator.outlets.forms import ANY

VERDICTS = [
    ANY,
    ("accepted", _("接受")),
    ("deviating", _("偏差")),
    ("rejected", _("拒绝")),
    ("partial", _("部分")),
    ("quarantine", _("隔离")),
]


class FrameFilter(forms.Form):
    mn = forms.CharField(label="MN", required=False, max_length=40)
    verdict = forms.ChoiceField(label=_("判定"), required=False, choices=VERDICTS)
    answers = forms.BooleanField(label=_("含应答"), required=False)
