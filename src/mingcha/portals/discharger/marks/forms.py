from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from mingcha.core.clock import BEIJING

MOMENT = forms.DateTimeInput({"type": "datetime-local", "step": 60}, format="%Y-%m-%dT%H:%M")


class MarkForm(forms.Form):
    """A span of an outlet's data and what the discharger says of it (WF-10).

    ``outlet`` is a key ``USCC/DA001`` out of those the person may see; factor "" means all factors.
    """

    outlet = forms.ChoiceField(label=_lazy("排放口"))
    factor = forms.ChoiceField(label=_lazy("监测因子"), required=False)
    start = forms.DateTimeField(label=_lazy("开始时间"), widget=MOMENT)
    end = forms.DateTimeField(label=_lazy("结束时间"), widget=MOMENT)
    item = forms.ChoiceField(label=_lazy("标记类别"))
    reason = forms.CharField(label=_lazy("原因说明"), max_length=500, widget=forms.Textarea({"rows": 3}))

    def __init__(
        self,
        *args: Any,
        outlets: list[tuple[str, str]],
        factors: list[tuple[str, str]],
        items: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("outlet", outlets), ("factor", factors), ("item", items)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or {}
        start, end = clean.get("start"), clean.get("end")
        if start and end and end <= start:
            found = {
                "start": start.astimezone(BEIJING).strftime("%m-%d %H:%M"),
                "end": end.astimezone(BEIJING).strftime("%m-%d %H:%M"),
            }
            self.add_error(
                "end",
                _("结束 %(end)s 不晚于开始 %(start)s。结束应晚于开始。请改结束时间。") % found,
            )
        return clean
