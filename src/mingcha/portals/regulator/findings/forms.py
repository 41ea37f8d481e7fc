"""Filter of the desk, and one form for each move of a finding."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from mingcha.apps.accounts.permissions import Person
from mingcha.apps.findings.values import reasons
from mingcha.portals.regulator.outlets.forms import ANY, district_choices

STATES = [
    ("", _("未处理")), ("all", _("全部")), ("detected", _("检出")), ("assigned", _("已分派")), ("confirmed", _("属实")),
    ("in_case", _("已立案")), ("dismissed", _("已排除")), ("false_alarm", _("误报")), ("withdrawn", _("已撤销(数据更新)")),
]  # fmt: skip
LEVELS = [ANY, ("urgent", _("一级")), ("serious", _("二级")), ("general", _("三级")), ("notice", _("四级"))]
KINDS = [ANY, ("rule", _("超标")), ("clue", _("疑似")), ("duty", _("逾期"))]


class FindingFilter(forms.Form):
    q = forms.CharField(label=_("编号、企业、内容"), required=False, max_length=64)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=STATES)
    kind = forms.ChoiceField(label=_("类别"), required=False, choices=KINDS)
    level = forms.ChoiceField(label=_("级别"), required=False, choices=LEVELS)
    district = forms.ChoiceField(label=_("区县"), required=False, choices=district_choices)


def reason_choices() -> list[tuple[str, str]]:
    """The eight reasons in the language of the page, numbered for the keys 1 … 8."""
    language = "en" if get_language() == "en" else "zh"
    return [(key, f"{i} {words[language]}") for i, (key, words) in enumerate(reasons().items(), start=1)]


class DismissForm(forms.Form):
    reason = forms.ChoiceField(label=_("排除理由"), choices=reason_choices, widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("说明（仅“其他”）"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class AssignForm(forms.Form):
    """``people``: who may take it, as the selector says."""

    assignee = forms.ChoiceField(label=_("承办人"))

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.username: person for person in people}
        named = [
            (name, f"{person.name} · {person.get_role_display()}") for name, person in self.people.items()
        ]
        field = self.fields["assignee"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("请选择")), *named]

    @property
    def person(self) -> Person:
        found: Person = self.people[self.cleaned_data["assignee"]]
        return found


class ConfirmForm(forms.Form):
    text = forms.CharField(
        label=_("核实情况"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class ClearForm(forms.Form):
    text = forms.CharField(label=_("核实结果"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class EmptyForm(forms.Form):
    """A move that asks for nothing."""
