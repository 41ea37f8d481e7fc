from django import forms
from django.utils.translation import gettext_lazy as _


class RejectForm(forms.Form):
    """Why the discharger does not confirm; the agency reads it."""

    reason = forms.CharField(
        label=_("退回理由"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": _("没有写退回理由。退回须说明理由，运维机构据此更正。请填写理由。")},
    )
