"""Logs without personal data: one JSON object per line for services, one plain line for a person.

Every record passes one gate, whatever its level and whoever wrote it:

- Records of this project (`server.*` and the four rooms) carry ids, codes, counts and times by the project's own
  rule; they are written as they are.
- Records of other libraries may hold whatever passed through them (SQLAlchemy writes rows, HTTP clients addresses and
  bodies, form parsers fields): of their warnings the logger and the place are written, and never the words; below that
  they are heard only at DEBUG. The few loggers in `_SAID_IN_FULL` write fixed sentences, and only those are passed on.
- Of an exception its type and place are written: its message may hold an answer.

The line per request is `server.web.request_log`'s.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

_OWN = ("server", "forms", "poverty", "reconciliation", "geo", "sandbox")
#: Fixed sentences about starting and stopping; with arguments they may name an address, and are withheld.
_SAID_IN_FULL = ("uvicorn.error", "alembic.runtime.migration")
#: Fields that a record may carry beside its words (`extra={...}`).
_FIELDS = ("request_id", "method", "route", "status", "ms", "job", "kind", "code")

#: The request that is being answered.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def install(style: Literal["json", "line"], level: int = logging.INFO, stream: IO[str] | None = None) -> None:
    """Make `stream` (stderr) the one place where this process logs, for every logger.

    Installing again replaces what was installed. Handlers that other libraries put on their own loggers are taken off:
    they would write past the gate.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else LineFormatter())
    handler.addFilter(lambda record: level <= logging.DEBUG or is_worth_a_line(record))
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old.formatter, JsonFormatter | LineFormatter):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        of = logging.getLogger(name)
        if of.handlers and not _is_own(name):
            of.handlers.clear()
            of.propagate = True


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Whether a record says something once its words are gone."""
    return _is_own(record.name) or record.name in _SAID_IN_FULL or record.levelno >= logging.WARNING


def words_of(record: logging.LogRecord) -> str:
    """What may be written of a record's message."""
    if _is_own(record.name):
        return record.getMessage()
    # An OSError is why a service could not listen where it was told to.
    if record.name in _SAID_IN_FULL and not record.args and isinstance(record.msg, str | OSError):
        return str(record.msg)
    return f"(of another library, at {Path(record.pathname).name}:{record.lineno})"


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """The fields beside the message: those the record has, the id of the request it belongs to, and of an exception
    its type and place."""
    found = {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
    of_request = request_id.get()
    if of_request is not None:
        found.setdefault("request_id", of_request)
    if record.exc_info and record.exc_info[1] is not None:
        found["error"] = type(record.exc_info[1]).__name__
        frames = traceback.extract_tb(record.exc_info[2])
        if frames:
            found["error_at"] = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
    return found


class JsonFormatter(logging.Formatter):
    """One JSON object: `at` (UTC), `level`, `logger`, `message`, and the fields that the record has."""

    def format(self, record: logging.LogRecord) -> str:
        written = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": words_of(record),
        }
        return json.dumps(written | fields_of(record), ensure_ascii=False, default=str)


class LineFormatter(logging.Formatter):
    """One line for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        moment = datetime.fromtimestamp(record.created).astimezone()
        return f"{moment:%H:%M:%S} {record.levelname:<7} {record.name}: {words_of(record)} {fields}".rstrip()


def _is_own(name: str) -> bool:
    return name.partition(".")[0] in _OWN
