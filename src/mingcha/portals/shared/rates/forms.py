"""What of the rates is asked for. All of it lives in the address."""

import re
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mingcha.apps.accounts import selectors as accounts
from mingcha.core.clock import day_end, day_start
from mingcha.core.spans import Span

BY = {
    "outlet": _("排放口"), "discharger": _("企业"), "district": _("区县"), "month": _("月"), "factor": _("因子"),
}  # fmt: skip
MONTHS_MOST = 60
MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def district_choices() -> list[tuple[str, Any]]:
    return [("", _("全部")), *((d.code, d.name) for d in accounts.districts())]


class RatesForm(forms.Form):
    """``first`` and ``last``: months as 2026-11; without them this month, from the first day to now."""

    by = forms.ChoiceField(label=_("分组"), required=False, choices=list(BY.items()))
    first = forms.CharField(label=_("从月份"), required=False, max_length=7)
    last = forms.CharField(label=_("至月份"), required=False, max_length=7)
    q = forms.CharField(label=_("企业、排放口"), required=False, max_length=64)
    district = forms.ChoiceField(label=_("区县"), required=False, choices=district_choices)
    below = forms.DecimalField(label=_("有效传输率低于 (%)"), required=False, min_value=0, max_value=100)

    def __init__(self, data: QueryDict, *, today: date, wide: bool) -> None:
        super().__init__(data)
        self.today = today
        for name in ("first", "last"):
            self.fields[name].widget = forms.TextInput(
                attrs={"type": "month", "placeholder": f"{today:%Y-%m}"}
            )
        if not wide:
            del self.fields["district"]

    def clean_first(self) -> str:
        return self._month("first")

    def clean_last(self) -> str:
        return self._month("last")

    def _month(self, name: str) -> str:
        text = str(self.cleaned_data[name] or "")
        if text and not MONTH.fullmatch(text):
            raise forms.ValidationError(
                gettext("“%(text)s”不是月份。请写成 2026-11 的样子。") % {"text": text}
            )
        return text

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.errors:
            return values
        first, last = self.months()
        if last < first:
            self.add_error("last", gettext("止于 %(last)s，早于起 %(first)s。请改正月份。") % {
                "last": f"{last:%Y-%m}", "first": f"{first:%Y-%m}"})  # fmt: skip
        elif (last.year - first.year) * 12 + last.month - first.month >= MONTHS_MOST:
            self.add_error("last", gettext("一次最多 %(n)d 个月。请缩短时段。") % {"n": MONTHS_MOST})
        return values

    def months(self) -> tuple[date, date]:
        """The first days of the first and the last month."""
        said = [self.cleaned_data.get(name) or "" for name in ("first", "last")]
        first, last = said[0] or said[1], said[1] or said[0]
        this = f"{self.today:%Y-%m}"
        return date.fromisoformat(f"{first or this}-01"), date.fromisoformat(f"{last or this}-01")

    def span(self) -> Span:
        """Whole months, up to the end of today."""
        first, last = self.months()
        end = min(day_start((last + timedelta(days=32)).replace(day=1)), day_end(self.today))
        return Span(day_start(first), max(end, day_start(first)))
