"""Long answers under ASGI and WSGI: nothing is taken whole, nothing warns."""

import asyncio
import warnings
from urllib.parse import quote

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.test import AsyncClient, RequestFactory

from mingcha.portals.shared.streams import disposition, streamed
from mingcha.site import assets


def chunks():
    yield from (b"a", b"bc", b"def")


def asgi_request():
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [],
        "query_string": b"",
        "server": ("localhost", 80),
    }
    return ASGIRequest(scope, None)


def test_under_asgi_the_body_is_asynchronous_and_whole():
    response = streamed(asgi_request(), chunks(), "text/csv", "x.csv")
    assert response.is_async

    async def read():
        return [part async for part in response]

    assert asyncio.run(read()) == [b"a", b"bc", b"def"]


def test_under_wsgi_it_is_not():
    response = streamed(RequestFactory().get("/"), chunks(), "text/csv", "x.csv")
    assert not response.is_async
    assert b"".join(response.streaming_content) == b"abcdef"


def test_a_built_file_is_served_under_asgi_without_a_warning():
    async def read():
        response = await AsyncClient(HTTP_HOST="localhost").get(assets.address("mark.svg"))
        return response.status_code, b"".join([part async for part in response])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        status, body = asyncio.run(read())
    assert status == 200
    assert body.startswith(b"<svg")


@pytest.mark.parametrize("name", ["数据.csv", "a.csv", ".csv"])
def test_a_name_reaches_the_browser_whatever_its_letters(name):
    assert quote(name) in disposition(name)
    assert disposition(name).isascii()
