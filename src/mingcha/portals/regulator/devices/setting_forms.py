"""The form of a dated setting, made from the settings of the dialect; and how a profile comes in."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mingcha.core.clock import now
from mingcha.portals.regulator.devices import words
from mingcha.portals.regulator.devices.common import MOMENT
from mingcha.protocol.hj212.dialect import PLAIN_DIALECT, SETTINGS, Setting
from mingcha.protocol.hj212.editions import EDITIONS

LISTS = ("patterns", "texts")
MAPPINGS = ("letters", "pairs", "formats")
PROFILE_MOST = 200_000  # bytes of a profile's file


class DatedForm(forms.Form):
    """From when and why: every change of what is read needs both."""

    valid_from = forms.DateTimeField(
        label=_("生效时间"), widget=MOMENT, initial=lambda: now().replace(second=0, microsecond=0),
        help_text=_("可以是过去的时间：从那时起的报文将按新设置重新读取。"),
    )  # fmt: skip
    why = forms.CharField(label=_("原因"), max_length=500, widget=forms.Textarea({"rows": 2}))


class SettingForm(DatedForm):
    """Every setting of the dialect, the edition and what the host sets at first contact."""

    edition = forms.ChoiceField(
        label=_("应用的版本"), required=False, choices=[("", _("按数采仪所用版本")), *((e, f"HJ 212-{e}") for e in EDITIONS)],
    )  # fmt: skip
    realtime_interval_s = forms.IntegerField(
        label=_("首次联网设定的实时数据间隔"),
        required=False,
        min_value=30,
        max_value=3600,
        help_text="30–3600 s",
    )

    def __init__(self, *args: Any, held: Any = None, **kwargs: Any) -> None:
        dialect = PLAIN_DIALECT.to_json() | (dict(held.dialect) if held is not None else {})
        first = {name: _shown(SETTINGS[name], dialect[name]) for name in SETTINGS}
        if held is not None:
            first |= {"edition": held.edition, **held.contact}
        kwargs["initial"] = first
        super().__init__(*args, **kwargs)
        self.held = held
        for setting in SETTINGS.values():
            self.fields[setting.name] = _field(setting)

    def parts(self) -> list[tuple[Any, list[tuple[Setting, Any, str]]]]:
        """The fields by part of the page, each with its setting and default in words."""
        return [
            (
                title,
                [(SETTINGS[n], self[n], words.setting_value(n, _plain(SETTINGS[n].default))) for n in names],
            )
            for title, names in words.PARTS
        ]

    def dated(self) -> list[Any]:
        return [self[name] for name in ("edition", "realtime_interval_s", "valid_from", "why")]

    def dialect(self) -> dict[str, Any]:
        """The settings as JSON has them."""
        return {name: _given(setting, self.cleaned_data[name]) for name, setting in SETTINGS.items()}

    def contact(self) -> dict[str, Any]:
        """What the host sets at first contact; what this form does not ask stays as it was."""
        kept = dict(self.held.contact) if self.held is not None else {}
        kept.pop("realtime_interval_s", None)
        value = self.cleaned_data.get("realtime_interval_s")
        return kept if value is None else kept | {"realtime_interval_s": value}


def _field(setting: Setting) -> forms.Field:
    common: dict[str, Any] = {"label": words.setting_word(setting.name), "required": False}
    if setting.kind == "choice":
        named = [(str(one), words.choice_word(setting.name, one)) for one in setting.choices]
        return forms.ChoiceField(choices=named, **common)
    if setting.kind == "number":
        help_text = f"{setting.least}–{setting.most} {setting.unit}".strip()
        common["required"] = True
        return forms.IntegerField(
            min_value=setting.least, max_value=setting.most, help_text=help_text, **common
        )
    if setting.kind in ("choices", "codes"):
        named = [(str(one), words.choice_word(setting.name, one)) for one in setting.choices]
        return forms.MultipleChoiceField(choices=named, widget=forms.CheckboxSelectMultiple, **common)
    if setting.kind in MAPPINGS:
        return MappingField(help_text=_("每行一项：原值=对应值"), **common)
    return forms.CharField(
        help_text=_("以逗号分隔") if setting.kind in LISTS else "", max_length=2000, **common
    )


class MappingField(forms.CharField):
    """Lines ``name=value``; the dialect checks names and values."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea({"rows": 2}), **kwargs)

    def clean(self, value: Any) -> Any:
        found: dict[str, str] = {}
        for line in filter(None, (one.strip() for one in super().clean(value).splitlines())):
            name, equals, text = (part.strip() for part in line.partition("="))
            if not (name and equals and text):
                raise forms.ValidationError(_("“%(line)s” 不是 原值=对应值。"), params={"line": line[:60]})
            if name in found:
                raise forms.ValidationError(
                    _("“%(name)s” 出现两次，请保留一项。"), params={"name": name[:60]}
                )
            found[name] = text
        return found


def _shown(setting: Setting, value: Any) -> Any:
    if isinstance(value, Mapping):
        return "\n".join(f"{name}={one}" for name, one in value.items())
    return ", ".join(value) if setting.kind in LISTS else value


def _given(setting: Setting, value: Any) -> Any:
    if setting.kind in LISTS:
        return [one.strip() for one in str(value).split(",") if one.strip()]
    if setting.kind == "choice" and setting.choices and isinstance(setting.choices[0], int):
        return int(value)
    return value


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, tuple) else value


class ImportForm(DatedForm):
    """A profile's file; its digest is checked by the service."""

    file = forms.FileField(label=_("配置文件（JSON）"))
    field_order = ("file", "valid_from", "why")

    def clean_file(self) -> Any:
        held = self.cleaned_data["file"]
        if held.size > PROFILE_MOST:
            raise forms.ValidationError(_("文件过大，配置文件不超过 200 kB。"))
        try:
            return json.loads(held.read().decode("utf-8-sig"))
        except (ValueError, RecursionError):
            raise forms.ValidationError(_("不是 JSON 文件。应为本平台导出的配置文件。")) from None


class CopyForm(DatedForm):
    """To which stations the setting goes; their MNs, for a list of thousands fits no page."""

    stations = forms.CharField(
        label=_("复制到（MN，每行一个）"), widget=forms.Textarea({"rows": 3}), max_length=100_000
    )
    field_order = ("stations", "valid_from", "why")

    def names(self) -> list[str]:
        text = self.cleaned_data["stations"].replace(",", " ")
        return list(dict.fromkeys(text.split()))
