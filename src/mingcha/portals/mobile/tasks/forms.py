"""What the device tells at sign-in and sign-out: position, its clock, a photo; each may be missing."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from mingcha.apps.maintenance.values import distance_m

PHOTO_MOST = 10 * 2**20  # bytes; the phone sends about 300 kB, a browser without script the camera's own file
JPEG, PNG, WEBP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"WEBP"


def _measured(label: Any, least: float, most: float) -> forms.FloatField:
    """A hidden number of the device; outside its range the whole position is refused in words."""
    said = format_lazy(
        _lazy("终端给出的{label}不可用。应在 {least} 至 {most} 之间。请重新定位。"),
        label=label,
        least=least,
        most=most,
    )
    names = ("invalid", "min_value", "max_value")
    return forms.FloatField(
        label=label, required=False, min_value=least, max_value=most, widget=forms.HiddenInput,
        error_messages=dict.fromkeys(names, said),
    )  # fmt: skip


class PlaceForm(forms.Form):
    """Where the device says it is. Away from the station or without position the act counts, with a reason.

    ``station``: latitude, longitude and radius of the fence, where the register knows them.
    """

    latitude = _measured(_lazy("纬度"), -90, 90)
    longitude = _measured(_lazy("经度"), -180, 180)
    accuracy_m = _measured(_lazy("定位精度"), 0, 1e7)
    reason = forms.CharField(
        label=_lazy("原因"),
        required=False,
        max_length=200,
        widget=forms.Textarea({"rows": 2}),
        help_text=_lazy("没有位置，或不在站房围栏内时填写。"),
    )
    station: tuple[float | None, float | None, int] | None = None

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or {}
        if not clean.get("reason") and (sentence := self._why_reason(clean)):
            self.add_error("reason", sentence)
        return clean

    def _why_reason(self, clean: dict[str, Any]) -> str:
        """Why a reason is asked for, or ""."""
        latitude, longitude = clean.get("latitude"), clean.get("longitude")
        if latitude is None or longitude is None:
            return _("没有取到位置。应有位置或原因。请允许定位，或写明原因。")
        if self.station is None or self.station[0] is None or self.station[1] is None:
            return ""
        away = distance_m(latitude, longitude, self.station[0], self.station[1])
        if away <= self.station[2]:
            return ""
        found = {"away": f"{away:,.0f}", "fence": self.station[2]}
        return _("距站房 %(away)s m。应在围栏 %(fence)s m 内，或写明原因。请写明原因。") % found


class SignInForm(PlaceForm):
    device_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    photo = forms.FileField(
        label=_lazy("现场照片"),
        required=False,
        widget=forms.FileInput({"accept": "image/*", "capture": "environment"}),
        help_text=_lazy("拍站房门牌或仪器。没有照片也能签到，证据等级较低。"),
    )

    def clean_photo(self) -> Any:
        photo = self.cleaned_data.get("photo")
        if photo is None:
            return None
        if (photo.size or 0) > PHOTO_MOST:
            found = {"size": f"{(photo.size or 0) / 2**20:.0f}"}
            raise forms.ValidationError(
                _("照片 %(size)s MB。应不超过 10 MB。请降低相机分辨率后重拍。") % found
            )
        if not is_picture(photo.read(16)):
            raise forms.ValidationError(_("这个文件不是照片。应为 JPEG、PNG 或 WebP。请用相机拍一张。"))
        photo.seek(0)
        return photo


def is_picture(head: bytes) -> bool:
    """Whether a file begins like a JPEG, PNG or WebP picture."""
    return head.startswith((JPEG, PNG)) or (head.startswith(b"RIFF") and head[8:12] == WEBP)
