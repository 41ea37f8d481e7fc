"""Our errors become pages: what was found, what was expected, what to do. Nothing here knows a portal."""

import logging
import secrets
from collections.abc import Iterator

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext

from mingcha.core.errors import BadInput, IllegalMove, NotAllowed, NotFound, StaleState
from mingcha.portals.shared.streams import in_threads
from mingcha.store.telemetry import TelemetryFailed

log = logging.getLogger("mingcha.site")


class Compressed(GZipMiddleware):
    """Pages and data by gzip. A live stream is left alone: each of its events has to arrive at once."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if response.streaming else super().process_response(request, response)


class Streams(MiddlewareMixin):
    """Built files and other long answers; under ASGI read in threads, for Django would take a synchronous one whole,
    with a warning.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not isinstance(request, ASGIRequest) or not isinstance(response, StreamingHttpResponse):
            return response
        body = response.streaming_content
        if isinstance(body, Iterator):
            response.streaming_content = in_threads(body)
        return response


class ErrorPages(MiddlewareMixin):
    """Turn the errors of services and selectors into the pages of ui.md §3 ("States")."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, NotFound):
            return not_found(request)
        if isinstance(error, NotAllowed):
            return not_allowed(request, str(error), error.needs)
        if isinstance(error, StaleState | IllegalMove):
            return changed(request)
        if isinstance(error, TelemetryFailed):
            return unavailable(request, error)
        if isinstance(error, BadInput):
            return bad_request(request, problems=error.problems)
        return None


def page(request: HttpRequest, status: int, title: str, text: str, **more: object) -> HttpResponse:
    return render(request, "errors/error.html", {"title": title, "text": text, **more}, status=status)


def not_found(request: HttpRequest, exception: object = None) -> HttpResponse:
    """One page for what is missing and what is foreign: the two are never told apart."""
    return page(
        request,
        404,
        gettext("不存在或您无权查看"),
        gettext("没有这个页面或对象，或它不在您的管理范围内。请检查地址，或从首页重新进入。"),
    )


def not_allowed(
    request: HttpRequest, text: str = "", needs: str = "", exception: object = None
) -> HttpResponse:
    said = text or gettext("您的角色不能进行此操作。")
    return page(request, 403, gettext("您的角色无此权限"), said, needs=needs)


def changed(request: HttpRequest) -> HttpResponse:
    text = gettext("别人刚刚处理过它，您的操作没有写入。请查看最新内容后重试。")
    return page(
        request, 409, gettext("内容已变更"), text, retry=request.META.get("HTTP_REFERER") or request.path
    )


def bad_request(
    request: HttpRequest, exception: object = None, problems: dict[str, str] | None = None
) -> HttpResponse:
    text = gettext("请求中有不能接受的内容。请返回上一页，按提示改正。")
    return page(request, 400, gettext("请求有误"), text, problems=problems or {})


def unavailable(request: HttpRequest, error: TelemetryFailed) -> HttpResponse:
    """The engine of the readings is away: the log says why."""
    log.error("page %s: readings cannot be read: %s", request.path, error)
    text = gettext(
        "测量数据的存储服务没有应答，管理员可用 mingcha doctor 查看原因。已有数据不受影响，请稍后重试。"
    )
    return page(request, 503, gettext("测量数据暂时无法读取"), text)


def broken(request: HttpRequest) -> HttpResponse:
    """500 with a number that stands in the log beside the traceback."""
    number = secrets.token_hex(2).upper()
    log.error("page %s failed, number %s", request.path, number)
    title, text = (
        gettext("平台出错"),
        gettext("抱歉，平台出错（编号 %(number)s）。请稍后重试；再次出现时请把编号告诉管理员。"),
    )
    return page(request, 500, title, text % {"number": number})


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that is too old or from elsewhere; said plainly."""
    text = gettext("这个表单已过期，或不是从本平台打开的。请返回、刷新页面后重新提交。")
    return page(request, 403, gettext("表单已过期"), text)
