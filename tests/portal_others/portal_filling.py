"""Filling a record form through its web pages, as a technician would."""

from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mingcha.apps.maintenance.forms import Field, form_get
from mingcha.core.clock import beijing
from mingcha.portals.mobile.records.sheet import fields_of, pages

# The least a JPEG is: begin and end of a picture.
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"


def fill_record(client: Client, visit: Any, form_id: str, **given: str) -> list[int]:
    """Post every page of the form with fitting values; ``given`` overrides. The status codes."""
    form = form_get(form_id)
    codes = []
    for number in range(1, len(pages(form)) + 1):
        data: dict[str, Any] = {"go": "next", "form_digest": form.digest}
        for item in fields_of(form, number):
            data |= _posted(item, visit)
        data |= {name: text for name, text in given.items() if name in data}
        response = client.post(f"/m/visits/{visit.number}/records/{form_id}/?page={number}", data)
        codes.append(response.status_code)
    return codes


def _posted(item: Field, visit: Any) -> dict[str, Any]:
    if item.type == "table":
        return {f"{item.key}.0.{c.key}": _value(c, visit) for c in item.columns if not c.given}
    return {item.key: _value(item, visit)}


def _value(item: Field, visit: Any) -> Any:
    begun = beijing(visit.sign_in_at)
    if item.type == "datetime":
        late = item.key.endswith(("end", "recovered_at"))
        return (begun + timedelta(minutes=1 if late else 0)).strftime("%Y-%m-%dT%H:%M")
    plain = {
        "choice": item.choices[0] if item.choices else "", "boolean": "true", "decimal": "10", "integer": "1",
        "date": begun.strftime("%Y-%m-%d"), "longtext": "一切正常，按规程完成本次日常巡检，无需处理。",
    }  # fmt: skip
    if item.type in ("photo", "photo_list", "file", "file_list"):
        pictures = [SimpleUploadedFile(f"{n}.jpg", JPEG + bytes([n]), "image/jpeg") for n in (1, 2)]
        return pictures if item.type.endswith("list") else pictures[0]
    return plain.get(item.type, "正常")
