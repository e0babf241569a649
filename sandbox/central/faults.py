"""Making the stand-in misbehave, for tests of what the product does then. Only with `--faults`.

POST /-/faults with `{"kind", "path"?, "times"?, "after"?, "status"?, "retry_after"?, "delay"?, "at"?}`:

| kind | the next matching requests get |
|---|---|
| down | the connection closed without a byte |
| unauthorized | 401.2, as with an expired session |
| html | a proxy's HTML page with status 200 |
| half | the true answer, cut in its middle or after `at` bytes of it, the connection closed |
| truncated | the true answer cut there, and ended as if it were whole (a careless proxy) |
| status | `status` (429, 500, 503, ...), with Retry-After if `retry_after` is given |
| slow | the true answer after `delay` seconds |

`path` is a regular expression searched in the path (default: every request), `times` how often (default 1, 0 for
always), `after` how many matching requests pass first. DELETE /-/faults forgets all; GET lists them.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KINDS = ("down", "unauthorized", "html", "half", "truncated", "status", "slow")
HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>"
REFUSED = b'{"message":"Could not authenticate with the provided credentials.","code":401.2}'


@dataclass
class Fault:
    kind: str
    path: str = ""
    times: int = 1
    after: int = 0
    status: int = 503
    retry_after: int | None = None
    delay: float = 1.0
    at: int | None = None
    hits: int = 0


class CutError(Exception):
    """Ends the request without an end: the server closes the connection."""


class Faults:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.armed: list[Fault] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == "/-/faults":
            await self.admin(scope, receive, send)
        else:
            fault = self.due(scope["path"])
            await (self.app(scope, receive, send) if fault is None else self.fail(fault, scope, receive, send))

    def due(self, path: str) -> Fault | None:
        for fault in self.armed:
            if not re.search(fault.path, path):
                continue
            fault.hits += 1
            if fault.hits > fault.after and (fault.times == 0 or fault.hits <= fault.after + fault.times):
                return fault
        return None

    async def fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind == "slow":
            await asyncio.sleep(fault.delay)
            await self.app(scope, receive, send)
        elif fault.kind == "half":
            await self.app(scope, receive, _cutting(send, fault.at))
        elif fault.kind == "truncated":
            await self.app(scope, receive, _truncating(send, fault.at))
        elif fault.kind == "down":
            hang_up(send)
        else:
            status, body, media = {
                "unauthorized": (401, REFUSED, b"application/json; charset=utf-8"),
                "html": (200, HTML, b"text/html; charset=utf-8"),
            }.get(fault.kind, (fault.status, b"", b"text/plain"))
            headers = [(b"content-type", media)]
            if fault.retry_after is not None:
                headers.append((b"retry-after", str(fault.retry_after).encode()))
            await _reply(send, status, body, headers)

    async def admin(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if scope["method"] == "POST":
            fault = Fault(**orjson.loads(body))
            if fault.kind not in KINDS:
                await _reply(send, 400, f"kind must be one of {', '.join(KINDS)}".encode(), [])
                return
            self.armed.append(fault)
        elif scope["method"] == "DELETE":
            self.armed.clear()
        listed: list[dict[str, Any]] = [asdict(fault) for fault in self.armed]
        await _reply(send, 200, orjson.dumps(listed), [(b"content-type", b"application/json")])


def hang_up(send: Send) -> None:
    """Close the connection at once. ASGI has no word for it, so uvicorn's own transport is used."""
    cycle: Any = getattr(send, "__self__")  # noqa: B009 - a bound method's object, which the type does not show
    cycle.transport.abort()
    raise CutError


def _cutting(send: Send, at: int | None) -> Send:
    """Sends the head and the first `at` bytes of the body (half of its first piece), then breaks off."""
    left = at

    async def cut(message: Message) -> None:
        nonlocal left
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or not body:
            await send(message)
            return
        left = max(1, len(body) // 2) if left is None else left
        await send({"type": "http.response.body", "body": body[:left], "more_body": True})
        left -= len(body)
        if left <= 0:
            raise CutError

    return cut


def _truncating(send: Send, at: int | None) -> Send:
    """Sends the first `at` bytes of the body (half of its first piece) and calls it the end."""
    left, ended = at, False

    async def truncate(message: Message) -> None:
        nonlocal left, ended
        if message["type"] == "http.response.start":
            kept = [item for item in message["headers"] if item[0].lower() != b"content-length"]
            await send({**message, "headers": kept})
        elif not ended:
            body = message.get("body", b"")
            left = len(body) // 2 if left is None else left
            ended = left <= len(body) or not message.get("more_body")
            await send({"type": "http.response.body", "body": body[:left], "more_body": not ended})
            left -= len(body)

    return truncate


async def _reply(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
