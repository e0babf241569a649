"""What Central answers when it refuses: `{"message", "code", "details"}`, the code's whole part being the HTTP status.

`Problem` is raised anywhere and rendered once, as JSON, or as an OpenRosa message for requests that phones make.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import orjson
from starlette.requests import Request
from starlette.responses import Response

_OPENROSA_ENTITIES = {"'": "&#39;", '"': "&quot;"}


class Problem(Exception):  # noqa: N818 - what Central itself calls it
    """A refusal. `code` is a text such as "409.15" because 409.2 and 409.20 would be one number."""

    def __init__(self, code: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    @property
    def status(self) -> int:
        return int(self.code.split(".")[0])


def openrosa_message(nature: str, message: str) -> str:
    text = escape(message, _OPENROSA_ENTITIES)
    return (
        '\n  <OpenRosaResponse xmlns="http://openrosa.org/http/response" items="0">\n'
        f'    <message nature="{nature}">{text}</message>\n  </OpenRosaResponse>'
    )


def problem_response(request: Request, error: Exception) -> Response:
    """The answer for a `Problem`: OpenRosa XML when the route is one of the phone's, else JSON."""
    assert isinstance(error, Problem)
    if getattr(request.state, "openrosa", False):
        return Response(
            openrosa_message("error", error.message),
            error.status,
            media_type="text/xml",
            headers=getattr(request.state, "openrosa_headers", {}),
        )
    body: dict[str, Any] = {"message": error.message, "code": float(error.code)}
    if error.details is not None:
        body["details"] = error.details
    return Response(orjson.dumps(body), error.status, media_type="application/json; charset=utf-8")


def not_found() -> Problem:
    return Problem("404.1", "Could not find the resource you were looking for.")


def authentication_failed() -> Problem:
    return Problem("401.2", "Could not authenticate with the provided credentials.")


def https_only() -> Problem:
    return Problem("401.3", "This authentication method is only available over HTTPS")


def insufficient_rights() -> Problem:
    return Problem("403.1", "The authentication you provided does not have rights to perform that action.")


def missing_parameter(field: str) -> Problem:
    return Problem("400.2", f"Required parameter {field} missing.", {"field": field})


def unexpected_value(field: str, value: object, reason: str) -> Problem:
    details = {"field": field, "value": value, "reason": reason}
    return Problem("400.8", f"Unexpected {field} value {value}; {reason}", details)


def wrong_type(field: str | None, expected: str, value: object = None) -> Problem:
    if field is None:
        message = f'Invalid input data type: expected "{value}" to be ({expected})'
        return Problem("400.11", message, {"value": value, "expected": expected})
    message = f"Invalid input data type: expected ({field}) to be ({expected})"
    return Problem("400.11", message, {"field": field, "expected": expected})


def already_exists(table: str, fields: list[str], values: list[Any]) -> Problem:
    shown = ",".join(str(value) for value in values)
    return Problem(
        "409.3",
        f"A resource already exists with {','.join(fields)} value(s) of {shown}.",
        {"fields": fields, "values": values, "table": table},
    )


def unsupported(feature: str) -> Problem:
    return Problem("501.1", f"The requested feature {feature} is not supported by this server.", {"feature": feature})
