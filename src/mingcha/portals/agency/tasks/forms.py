from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class AssignForm(forms.Form):
    """Tasks ticked in the list, and the technician they go to."""

    task = forms.TypedMultipleChoiceField(
        label=_("任务"),
        coerce=int,
        error_messages={"required": _("没有勾选任务。请先在表中勾选要分配的任务。")},
    )
    assignee = forms.TypedChoiceField(
        label=_("分配给"),
        coerce=int,
        error_messages={"required": _("没有选运维人员。请选择这些任务由谁去做。")},
    )

    def __init__(self, *args: Any, tasks: list[int], people: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("task", [(pk, str(pk)) for pk in tasks]),
            ("assignee", [("", _("选择人员")), *people]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
