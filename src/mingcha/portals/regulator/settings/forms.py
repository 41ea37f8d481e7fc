"""The three forms; what is refused says so beside its field. Corrections begin with the row they replace."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mingcha.apps.registry.services.amounts import PERIODS
from mingcha.apps.registry.services.schedules import CAUSES
from mingcha.portals.shared import causes
from mingcha.portals.shared.settings import tables
from mingcha.portals.shared.words import factor_name

MOMENT = forms.DateTimeInput({"type": "datetime-local", "step": 60}, format="%Y-%m-%dT%H:%M")


class Reasoned(forms.Form):
    """Where it is written and why: every form ends with these."""

    no_factor: Any = _("请选择")
    document = forms.CharField(label=_("依据文件"), max_length=128)
    why = forms.CharField(label=_("原因"), max_length=500, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, factors: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(
            [*(name for name in self.fields if name not in ("document", "why")), "document", "why"]
        )
        named = [(factor, f"{factor_name(factor)} {factor}") for factor in factors]
        field = self.fields["factor"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", self.no_factor), *named]


class Dated(Reasoned):
    valid_from = forms.DateTimeField(
        label=_("生效时间"), widget=MOMENT,
        help_text=_("北京时间。可以是过去的时间：从那时起的小时值将重新计算。"),
    )  # fmt: skip
    valid_to = forms.DateTimeField(
        label=_("结束时间"), widget=MOMENT, required=False, help_text=_("留空表示一直有效。")
    )


class PointForm(Dated):
    """How a factor is measured; empty figures take the instrument's."""

    factor = forms.ChoiceField(label=_("因子"))
    unit = forms.CharField(label=_("单位"), max_length=16, help_text="mg/m3, mg/L, m3/s …")
    range_top = forms.FloatField(label=_("量程上限"), required=False, help_text=_("留空取仪器的值。"))
    resolution = forms.FloatField(label=_("分辨力"), required=False, help_text=_("留空取仪器的值。"))
    detection_limit = forms.FloatField(label=_("检出限"), required=False, help_text=_("留空取仪器的值。"))
    reference_o2 = forms.FloatField(
        label=_("基准氧含量 (%)"), required=False, help_text=_("留空取限值的基准氧含量。")
    )
    cycle_s = forms.IntegerField(
        label=_("测量周期 (s)"), required=False, help_text=_("采样保持式仪器两次测量的间隔；连续测量的留空。")
    )


class ScheduleForm(Dated):
    """In which hours data are due."""

    no_factor = _("全部因子")

    factor = forms.ChoiceField(label=_("因子"), required=False)
    hours = forms.TypedMultipleChoiceField(
        label=_("应有数据的小时"), coerce=int, choices=[(hour, f"{hour:02d}") for hour in range(24)],
        widget=forms.CheckboxSelectMultiple, help_text=_("北京时间；08 即 08:00–09:00。"),
    )  # fmt: skip
    weekdays = forms.TypedMultipleChoiceField(
        label=_("星期"), coerce=int, choices=list(enumerate(tables.WEEKDAYS)),
        widget=forms.CheckboxSelectMultiple, initial=list(range(7)),
    )  # fmt: skip
    cause = forms.ChoiceField(label=_("其余时间没有数据，因为"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["cause"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("请选择")), *((cause, causes.cause_word(cause)) for cause in CAUSES)]


class AmountForm(Reasoned):
    """What the permit allows."""

    scope = forms.ChoiceField(
        label=_("范围"), choices=[("outlet", _("本排放口")), ("", _("全单位"))], required=False
    )
    factor = forms.ChoiceField(label=_("因子"))
    year = forms.IntegerField(label=_("年份"))
    period = forms.ChoiceField(label=_("时段"))
    tonnes = forms.CharField(label=_("许可排放量 (t)"), max_length=20)
    clause = forms.CharField(label=_("条款"), max_length=64, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["period"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(period, tables.period_word(period)) for period in PERIODS]


class UndoForm(forms.Form):
    why = forms.CharField(label=_("撤销的原因"), max_length=500, widget=forms.Textarea({"rows": 2}))


FORMS: dict[str, type[Reasoned]] = {"points": PointForm, "schedules": ScheduleForm, "amounts": AmountForm}
