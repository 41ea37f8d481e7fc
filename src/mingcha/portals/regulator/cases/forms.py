"""Filter of the list, and one form for each move of a case."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from mingcha.portals.regulator.findings.forms import LEVELS, AssignForm
from mingcha.portals.regulator.outlets.forms import district_choices

STATES = [
    ("", _("未结")),
    ("all", _("全部")),
    ("open", _("待分派")),
    ("assigned", _("核实中")),
    ("closed", _("关闭")),
]
CONCLUSIONS = [("confirmed", _("属实")), ("rectified", _("属实，已整改")), ("unfounded", _("不属实"))]


class CaseFilter(forms.Form):
    q = forms.CharField(label=_("编号、企业、内容"), required=False, max_length=64)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=STATES)
    level = forms.ChoiceField(label=_("级别"), required=False, choices=LEVELS)
    district = forms.ChoiceField(label=_("区县"), required=False, choices=district_choices)


class NoteForm(forms.Form):
    text = forms.CharField(label=_("记录"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


class CloseForm(forms.Form):
    """``case`` tells who may be responsible; the service checks it again."""

    conclusion = forms.ChoiceField(label=_("结论"), choices=CONCLUSIONS, widget=forms.RadioSelect)
    responsible = forms.ChoiceField(label=_("责任方"), widget=forms.RadioSelect)
    summary = forms.CharField(label=_("核实情况"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, *args: Any, case: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("discharger", f"{_now('排污单位')} {case.discharger.name}")]
        if case.agency is not None:
            choices.append(("agency", f"{_now('运维机构')} {case.agency.name}"))
        field = self.fields["responsible"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*choices, ("none", _("无"))]


class ReopenForm(forms.Form):
    reason = forms.CharField(label=_("理由"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


__all__ = ["AssignForm", "CaseFilter", "CloseForm", "NoteForm", "ReopenForm"]
