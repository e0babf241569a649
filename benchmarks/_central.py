"""A Central that costs nearly nothing: one form, N submissions rendered beforehand, streamed at a set pace.

`python -m benchmarks._central ROWS --size N [--pace ROWS_PER_SECOND]` prints its address and answers until it is ended.
ROWS is a JSON list of OData rows as a Central gave them. The submissions are these rows in turn, each with an id and an
arrival of its own, 10 ms apart; only those two are written into the text when it is sent. What the pull asks for is
answered (windows of `submissionDate`, counts, one order or the other, changes and deletions, of which there are none);
anything else is 501.

The pace is that of a server which renders as fast as it can: what a slow reader holds up is not made up for later, but
for what the sockets hold.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

PROJECT, FORM = 1, "household"
USER, PASSWORD = "benchmark@example.org", "benchmark-password"
_FIRST = datetime(2026, 9, 1, tzinfo=UTC)
_APART = timedelta(milliseconds=10)
_ROWS_AT_ONCE = 64
#: How far behind its pace the stream may catch up: the grain of the clock that wakes it.
_GRAIN = 0.05
_ID, _DATE = "uuid:10000000-0000-4000-8000-000000000000", "2026-01-01T00:00:00.000Z"
_CONDITION = re.compile(r"__system/submissionDate (ge|lt) (\S+)")


class Rows:
    """The submissions: `size` of them, made of a few rendered rows, each cut where its id and arrival go."""

    def __init__(self, rows: list[dict[str, Any]], size: int) -> None:
        self.size = size
        self._pieces = [_cut(row) for row in rows]
        self.fields = [
            {"path": path, "type": "string"} for path in sorted({path for row in rows for path in _paths(row)})
        ]

    def text(self, number: int) -> bytes:
        """The row of submission `number`."""
        name = f"uuid:{number:08d}-0000-4000-8000-000000000000"
        values = {_ID: name.encode(), _DATE: stamp(arrival(number)).encode()}
        pieces = self._pieces[number % len(self._pieces)]
        return b"".join([values[piece] if isinstance(piece, str) else piece for piece in pieces])

    def between(self, condition: str) -> range:
        """Numbers of the submissions under a filter; ValueError for one that is not understood."""
        first, last = 0, self.size
        if condition in ("__system/deletedAt ne null",) or condition.startswith("__system/updatedAt ge "):
            return range(0)
        for part in condition.split(" and ") if condition else []:
            match = _CONDITION.fullmatch(part)
            if match is None:
                raise ValueError(part)
            # The first number that arrived at this time or after it.
            number = -((_FIRST - datetime.fromisoformat(match[2])) // _APART)
            if match[1] == "ge":
                first = max(first, number)
            else:
                last = min(last, number)
        return range(first, max(first, last))


def _paths(row: dict[str, Any], above: str = "") -> Iterator[str]:
    """Paths of the questions that a row answers."""
    for name, value in row.items():
        if name.startswith("__") or "@" in name:
            continue
        if isinstance(value, dict) and "coordinates" not in value:
            yield from _paths(value, f"{above}/{name}")
        elif isinstance(value, list):
            yield from (path for one in value for path in _paths(one, f"{above}/{name}"))
        else:
            yield f"{above}/{name}"


def _cut(row: dict[str, Any]) -> list[bytes | str]:
    """The row's text, with the two marks where the id and the arrival of each submission go."""
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    text = text.replace(row["__id"], _ID).replace(row["__system"]["submissionDate"], _DATE)
    pieces = re.split(f"({re.escape(_ID)}|{re.escape(_DATE)})", text)
    return [piece if piece in (_ID, _DATE) else piece.encode() for piece in pieces if piece]


def arrival(number: int) -> datetime:
    return _FIRST + number * _APART


def stamp(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Handler(BaseHTTPRequestHandler):
    """Central's answers to a pull."""

    protocol_version = "HTTP/1.1"
    rows: Rows
    pace: float | None

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer({"token": "t" * 64, "csrf": "c" * 64, "expiresAt": "2036-01-01T00:00:00.000Z"})

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        form = f"/v1/projects/{PROJECT}/forms/{FORM}"
        if address.path == f"{form}.svc/Submissions":
            self._submissions({name: values[0] for name, values in parse_qs(address.query).items()})
        elif address.path == form:
            self._answer({"projectId": PROJECT, "xmlFormId": FORM, "keyId": None, "version": "1"})
        elif address.path == f"{form}/fields":
            self._answer(self.rows.fields)
        else:
            self._answer({"id": 1})

    def _submissions(self, options: dict[str, str]) -> None:
        known = {"$top", "$count", "$filter", "$expand", "$orderby"}
        try:
            numbers = self.rows.between(options.get("$filter", ""))
            if unknown := options.keys() - known:
                raise ValueError(f"options {sorted(unknown)}")
        except ValueError as error:
            self._answer({"message": f"not answered here: {error}", "code": 501.1}, 501)
            return
        count = len(numbers)
        footer = ',"@odata.context":"http://localhost/v1/$metadata#Submissions"'
        footer += f',"@odata.count":{count}' if options.get("$count") == "true" else ""
        if not options.get("$orderby", "").endswith(" asc"):
            numbers = numbers[::-1]
        if "$top" in options:
            numbers = numbers[: int(options["$top"])]
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in self._paced(numbers):
            self._chunk(piece)
        self._chunk(f"]{footer}}}".encode())
        self._chunk(b"")

    def _paced(self, numbers: range) -> Iterator[bytes]:
        """The document up to the last row, in pieces of some rows, no faster than the pace."""
        yield b'{"value":['
        due = time.monotonic()
        for start in range(0, len(numbers), _ROWS_AT_ONCE):
            some = numbers[start : start + _ROWS_AT_ONCE]
            piece = (b"," if start else b"") + b",".join([self.rows.text(number) for number in some])
            if self.pace is not None:
                now = time.monotonic()
                due = max(due, now - _GRAIN) + len(some) / self.pace
                time.sleep(max(0.0, due - now))
            yield piece

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(content), content))

    def _answer(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - of the base class
        """Central's clock: just after the last arrival."""
        return format_datetime(arrival(self.rows.size) + timedelta(seconds=1), usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the output is the address alone."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks._central", description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--pace", type=float)
    given = parser.parse_args()
    Handler.rows = Rows(json.loads(given.rows.read_text()), given.size)
    Handler.pace = given.pace
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
