"""No request's body is longer than the service has a use for: it is refused unread, or as soon as it is too long."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Forms are some kilobytes; nothing is uploaded through the pages.
LONGEST_BODY = 1 << 20

_REFUSAL = (
    "Yêu cầu dài quá 1 MB nên bị từ chối; hãy rút ngắn nội dung.\n"
    "The request is longer than 1 MB and was refused; shorten what it holds.\n"
)


class LimitedBody:
    """ASGI middleware that refuses a body longer than `longest` bytes (413), whether its length is told or not.

    The framework's own limit answers before the service's headers and words are reached.
    """

    def __init__(self, app: ASGIApp, longest: int = LONGEST_BODY) -> None:
        self.app = app
        self.longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        if not (told.isascii() and told.isdigit()) or int(told[:20]) > self.longest:
            await PlainTextResponse(_REFUSAL, status_code=413)(scope, receive, send)
            return
        read = 0

        async def receive_limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.longest:
                raise HTTPException(413)
            return message

        await self.app(scope, receive_limited, send)
