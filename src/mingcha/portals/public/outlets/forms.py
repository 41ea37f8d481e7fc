from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class SearchForm(forms.Form):
    """What a citizen looks for: a name, a code, a district, water or gas."""

    q = forms.CharField(label=_("名称或编号"), required=False, max_length=60)
    district = forms.ChoiceField(label=_("区域"), required=False)
    medium = forms.ChoiceField(
        label=_("类别"),
        required=False,
        choices=[("", _("全部类别")), ("gas", _("废气")), ("water", _("废水"))],
    )

    def __init__(self, *args: Any, districts: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["district"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("全部区域")), *districts]
