"""Errors as one form: ``{"error": {"code", "message", "problems"?, "number"?}}``."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from mingcha.apps.maintenance.words import say
from mingcha.core.errors import BadInput, BrokenEvidence, IllegalMove, NotAllowed, NotFound, StaleState
from mingcha.store.telemetry import TelemetryFailed

log = logging.getLogger("mingcha.api")

OF_STATUS = {
    400: "bad_request",
    401: "not_signed_in",
    403: "csrf",
    404: "not_found",
    405: "no_such_method",
    422: "bad_input",
    429: "too_many",
}  # fmt: skip


def failed(status: int, code: str, message: str, **more: Any) -> JsonResponse:
    body = {"code": code, "message": message, **more}
    return JsonResponse({"error": body}, status=status, json_dumps_params={"ensure_ascii": False})


def guard(api: NinjaAPI) -> None:
    """Let every error of the API leave in the one form."""
    handlers: dict[type[Exception], Any] = {
        NotFound: not_found,
        Http404: not_found,
        NotAllowed: _not_allowed,
        StaleState: _stale,
        IllegalMove: _illegal,
        BadInput: _bad_input,
        TelemetryFailed: _unavailable,
        ValidationError: _unreadable,
        HttpError: _refused,
        Exception: _broken,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def not_found(request: HttpRequest, error: object = None) -> HttpResponse:
    """One answer for what is missing and what is foreign: the two are never told apart."""
    text = say(
        "没有这个对象，或它不在您的管理范围内。请检查地址。",
        "There is no such object, or it is not yours to see. Check the address.",
    )
    return failed(404, "not_found", text)


def _not_allowed(request: HttpRequest, error: NotAllowed) -> HttpResponse:
    said = str(error)
    if error.needs and error.needs not in said:
        said += say(f"（需要：{error.needs}）", f" (needs: {error.needs})")
    return failed(403, "not_allowed", said)


def _stale(request: HttpRequest, error: StaleState) -> HttpResponse:
    text = say(
        "别人刚刚处理过它，您的操作没有写入。请重新读取后再试。",
        "Somebody moved it first; nothing was written. Read it again, then retry.",
    )
    return failed(409, "stale_state", f"{text} ({error})")


def _illegal(request: HttpRequest, error: IllegalMove) -> HttpResponse:
    text = say("它现在的状态不允许这样做。", "Its state does not allow this.")
    return failed(409, "illegal_move", f"{text} ({error})")


def _unavailable(request: HttpRequest, error: TelemetryFailed) -> HttpResponse:
    """The engine of the readings is away; the log says why, the caller may try again."""
    log.error("readings cannot be read: %s", error)
    text = say(
        "测量数据暂时无法读取，请稍后重试。", "The readings cannot be read at the moment. Try again later."
    )
    return failed(503, "unavailable", text)


def _bad_input(request: HttpRequest, error: BadInput) -> HttpResponse:
    return _problems(error.problems)


def _unreadable(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """What has the wrong form, by field."""
    return _problems({_field(found["loc"]): _sentence(found) for found in error.errors})


def _problems(problems: Mapping[str, str]) -> HttpResponse:
    text = say(
        "有不能接受的内容，没有写入。请按提示改正。", "Some values cannot be taken. Correct them as told."
    )
    return failed(422, "bad_input", text, problems=dict(problems))


def _field(place: Sequence[Any]) -> str:
    """``("body", "given", "reason")`` → ``reason``; "" for the whole body."""
    skipped = 2 if place[0] == "body" else 1
    return ".".join(str(part) for part in place[skipped:])


def _sentence(found: Mapping[str, Any]) -> str:
    if found["type"] == "missing":
        return say("未填写。此项必填。请填写。", "Missing. It is required. Give it.")
    return say(f"不能接受：{found['msg']}。请改正。", f"Cannot be taken: {found['msg']}. Correct it.")


def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    texts = {
        401: say("请先登录。", "Sign in first: the session cookie is missing or too old."),
        403: say(
            "缺少防伪标记。写操作须带 X-CSRFToken 头，其值为 csrftoken cookie（GET /api/me 会设置）。",
            "No CSRF token. Writes carry the header X-CSRFToken with the value of the csrftoken cookie, set by GET /api/me.",
        ),
    }
    status = error.status_code
    return failed(status, OF_STATUS.get(status, "refused"), texts.get(status, str(error)))


def _broken(request: HttpRequest, error: Exception) -> HttpResponse:
    """500 with a number that stands in the log beside the traceback."""
    number = secrets.token_hex(2).upper()
    log.error("api %s failed, number %s", request.path, number, exc_info=error)
    code = "broken_evidence" if isinstance(error, BrokenEvidence) else "broken"
    text = say(
        f"平台出错（编号 {number}）。请稍后重试；再次出现时请把编号告诉管理员。",
        f"The platform failed (number {number}). Try again later, or tell the administrator the number.",
    )
    return failed(500, code, text, number=number)
