"""Answers that are written while they are read: long files without their whole length in memory.

Under ASGI Django consumes a synchronous iterator whole, with a warning, before it sends anything; under WSGI (and the
test client) an asynchronous one. So the kind of the request decides which one it is given.
"""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import quote

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse


def streamed(
    request: HttpRequest, chunks: Iterator[bytes], content_type: str, file_name: str
) -> StreamingHttpResponse:
    """``chunks`` as a file named ``file_name``, each sent when it is made."""
    body = in_threads(chunks) if isinstance(request, ASGIRequest) else chunks
    response = StreamingHttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = disposition(file_name)
    response["X-Accel-Buffering"] = "no"  # nginx would hold it back until it is whole
    return response


def disposition(name: str) -> str:
    """The header under which a browser saves ``name``; Chinese names in the form of RFC 6266."""
    plain = name.encode("ascii", "ignore").decode().lstrip(".") or "export"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


async def in_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each chunk is made in a thread, so that the loop serves others meanwhile."""
    take = sync_to_async(_next, thread_sensitive=False)
    while (chunk := await take(chunks)) is not None:
        yield chunk


def _next(chunks: Iterator[bytes]) -> bytes | None:
    return next(chunks, None)
