"""The API itself: title, sign-in, errors, and the modules it is made of.

There is no page of documents: the one that comes with the library needs scripts and styles our content security
policy does not allow. The description is the JSON under ``/api/openapi.json``.
"""

from django.http import HttpRequest
from ninja import NinjaAPI, Schema
from ninja.renderers import JSONRenderer
from ninja.security import django_auth

from mingcha.api import (
    accounts,
    cases,
    codes,
    credit,
    devices,
    disclosure,
    duties,
    emissions,
    errors,
    findings,
    frames,
    maintenance,
    marking,
    notices,
    rates,
    registry,
    reports,
    series,
    settings,
    telemetry,
)
from mingcha.api.shapes import public_answers

DESCRIPTION = """\
Objects are shown as far as the signed-in person may see them; what is foreign is "not found". Sign in with the session
of the web pages. Writes carry the header `X-CSRFToken`, the value of the cookie `csrftoken`, which `GET /api/me` sets.
Times are ISO 8601 in Beijing time, numbers of the law are text. Parts that a digest covers (`body` of a fact, `values` of
a record, `content` of a snapshot) are given as they were stored. Every error has the form `{"error": {"code", "message",
"problems"?, "number"?}}`.
"""


class Readable(JSONRenderer):
    """Chinese as it is written, not as escapes."""

    json_dumps_params = {"ensure_ascii": False}


api = NinjaAPI(
    title="明察 mingcha",
    version="1",
    description=DESCRIPTION,
    auth=django_auth,
    renderer=Readable(),
    docs_url=None,
    urls_namespace="api",
)
errors.guard(api)
for module, tag in (
    (disclosure, "public"), (accounts, "me"), (notices, "notices"), (duties, "duties"), (registry, "registry"),
    (telemetry, "telemetry"), (series, "telemetry"), (reports, "telemetry"), (rates, "rates"), (emissions, "emissions"), (frames, "frames"), (maintenance, "visits"), (marking, "marks"), (codes, "codes"), (settings, "settings"),
    (findings, "findings"), (cases, "cases"), (credit, "credit"), (devices, "devices"),
):  # fmt: skip
    api.add_router("", module.router, tags=[tag])


class Start(Schema):
    """Where to read on."""

    name: str
    openapi: str


@api.get("/", auth=None, response=public_answers(Start), tags=["public"])
def start(request: HttpRequest) -> Start:
    """What this is, and where its description lies."""
    return Start(name=api.title, openapi=f"{request.path}openapi.json")
