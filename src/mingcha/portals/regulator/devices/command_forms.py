"""The form of a command, made from the catalogue of exchanges, and the filter of the list."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mingcha.core.clock import now
from mingcha.core.packets import number
from mingcha.portals.regulator.devices import words
from mingcha.portals.regulator.devices.common import MOMENT_S
from mingcha.portals.regulator.outlets.forms import ANY
from mingcha.protocol.hj212.exchanges.catalogue import Command, Parameter

FILLED_IN = {"set_time": ("time",)}  # the gateway gives the moment at which it sends
LIMIT_LINE = 3  # factor, low, high

# Forms of a value that are texts: pattern and what is expected.
TEXTS = {
    "hms": (r"([01]?\d|2[0-3]):?[0-5]\d:?[0-5]\d", _("应为时分秒，例如 080000")),
    "hm": (r"([01]\d|2[0-3]):?[0-5]\d", _("应为时分，例如 0805")),
    "hours": (r"\s*\d{1,2}\s*(,\s*\d{1,2}\s*)*", _("应为小时，以逗号分隔，例如 4,10,16")),
    "factor": (r"[A-Za-z0-9]{1,6}", _("应为因子编码，例如 w01018")),
    "factors": (r"\s*[A-Za-z0-9]{1,6}\s*(,\s*[A-Za-z0-9]{1,6}\s*)*", _("应为因子编码，以逗号分隔，例如 w01018,w21003")),
    "info": (r"i[0-9A-Za-z]{5}", _("应为信息编码，例如 i13004")),
    "password": (r"[!-~]{1,6}", _("应为 1–6 个可见字符，不含 ; , = & #")),
}  # fmt: skip


class CommandFilter(forms.Form):
    q = forms.CharField(label=_("企业、MN、命令"), required=False, max_length=64)
    state = forms.ChoiceField(label=_("状态"), required=False)

    def __init__(self, *args: Any, states: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["state"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [ANY, ("open", gettext("未结束")), ("ended", gettext("已结束")), *states]


class CommandForm(forms.Form):
    """The values of ``command`` in ``edition``, and why it is asked."""

    def __init__(self, *args: Any, command: Command, edition: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for parameter in command.parameters_in(edition):
            if parameter.name not in FILLED_IN.get(command.name, ()):
                self.fields[parameter.name] = field_of(parameter)
        self.fields["why"] = forms.CharField(
            label=_("原因"),
            required=False,
            max_length=500,
            help_text=_("随命令保存，企业和运维机构可以看到。"),
        )

    def values(self) -> dict[str, Any]:
        """The values as the service takes them; what was left empty is left out."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "why"}
        return {name: value for name, value in given.items() if value not in (None, "")}

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or {}
        begin, end = clean.get("begin"), clean.get("end")
        if begin and end and end < begin:
            self.add_error("end", _("截止时间早于开始时间。两者相同时只取一条。"))
        return clean


def field_of(parameter: Parameter) -> forms.Field:
    """The field of one value, with the checks that can be said in words; the service checks all again."""
    common: dict[str, Any] = {"label": words.parameter_word(parameter), "required": parameter.required}
    if parameter.kind == "int":
        help_text = f"{parameter.least}–{parameter.most} {parameter.unit}".strip()
        return forms.IntegerField(
            min_value=parameter.least, max_value=parameter.most, help_text=help_text, **common
        )
    if parameter.kind == "choice":
        empty = [] if parameter.required else [("", "—")]
        return forms.ChoiceField(
            choices=[*empty, *words.choices_of(parameter)], help_text=parameter.unit, **common
        )
    if parameter.kind in ("time", "time_ms"):
        return forms.DateTimeField(widget=MOMENT_S, initial=_usual(parameter.name), **common)
    if parameter.kind == "limits":
        return LimitsField(**common)
    return _text_field(parameter, common)


def _text_field(parameter: Parameter, common: dict[str, Any]) -> forms.Field:
    pattern, expected = TEXTS.get(parameter.kind, ("", ""))
    checks = [RegexValidator(rf"^(?:{pattern})\Z", expected)] if pattern else []
    widget = forms.PasswordInput({"autocomplete": "new-password"}) if parameter.secret else forms.TextInput()
    most = parameter.most if parameter.kind in ("text", "password") else None
    return forms.CharField(max_length=most, validators=checks, help_text=expected, widget=widget, **common)


def _usual(name: str) -> Any:
    """A history is asked for the last hour unless said otherwise; other times begin empty."""
    if name not in ("begin", "end"):
        return None

    def moment() -> Any:
        hour = now().replace(minute=0, second=0, microsecond=0)
        return hour - timedelta(hours=1) if name == "begin" else hour

    return moment


class LimitsField(forms.CharField):
    """One line a factor: code, lower and upper limit, parted by blanks."""

    def __init__(self, **kwargs: Any) -> None:
        help_text = _("每行一个因子：编码 下限 上限，例如 w01018 0 100")
        super().__init__(widget=forms.Textarea({"rows": 4}), help_text=help_text, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return [self._row(line) for line in text.splitlines() if line.strip()]

    def _row(self, line: str) -> Mapping[str, str]:
        parts = line.split()
        low, high = (number(part) for part in parts[1:]) if len(parts) == LIMIT_LINE else (None, None)
        if low is None or high is None or low > high:
            raise forms.ValidationError(
                _("“%(line)s” 不是一行 编码 下限 上限，下限不大于上限。"), params={"line": line[:60]}
            )
        return {"factor": parts[0], "low": parts[1], "high": parts[2]}
