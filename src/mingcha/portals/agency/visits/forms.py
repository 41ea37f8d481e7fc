from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy


class ReviewForm(forms.Form):
    """The reviewer's decision; a return says what to mend."""

    decision = forms.ChoiceField(choices=[("approve", _lazy("审核通过")), ("return", _lazy("退回修改"))])
    comment = forms.CharField(
        label=_lazy("退回意见"), max_length=500, required=False, widget=forms.Textarea({"rows": 3})
    )

    def clean_comment(self) -> str:
        comment = str(self.cleaned_data.get("comment", ""))
        if self.cleaned_data.get("decision") == "return" and not comment.strip():
            raise forms.ValidationError(_("没有写退回意见。退回须说明要改什么。请填写意见。"))
        return comment
