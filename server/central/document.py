"""An OData answer taken apart as it arrives: its rows, then its `@odata.count`.

Turning rows into values and these into text again costs several times what storing them does. So a row's end is looked
for in the text: rows of one form begin alike (`{"started_at"`), hence what stood between two rows is a likely end of
the next one; and it is the end when the text up to it is a whole JSON object. Where that does not hold, the row is
parsed to find its end: slower, and always right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec

from server.submissions.rows import BrokenRowError, Received, read_row

_HEAD = re.compile(rb'\s*\{\s*"value"\s*:\s*\[\s*(?=[{\]])')
#: What stands between two rows, with the name of the second one's first value.
_BETWEEN = re.compile(rb'\s*,\s*(\{\s*"[^"\\]*")')
_FOLLOWS = re.compile(rb"\s*(?:,\s*(?=\{)|(?=\]))")
#: Likely ends tried for one row: a repeat may begin like the rows do.
_TRIES = 16
_LONGEST_HEAD = 1024
#: Central takes submissions of 100 MB at most.
_LONGEST_ROW = 100 * 1024 * 1024


class HalfDocumentError(Exception):
    """The document is not whole, or no OData answer that begins with its rows."""


class _Footer(msgspec.Struct):
    count: int | None = msgspec.field(name="@odata.count", default=None)


_footer = msgspec.json.Decoder(_Footer)
_parser = json.JSONDecoder()


class Document:
    """`rows` gives the rows of the answer that arrives in `pieces`; after the last one `count` is what Central says."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._text = b""
        self._start = 0  # of what has not been given out: a row, or the bracket after the last one
        self._between: bytes | None = None
        self._gap = 0
        self.count: int | None = None

    def rows(self) -> Iterator[Received]:
        """Every row as it arrives. Raises `HalfDocumentError`, and what `read_row` does of a row."""
        while (head := _HEAD.match(self._text)) is None:
            if len(self._text) > _LONGEST_HEAD or not self._read_on():
                raise HalfDocumentError
        self._start = head.end()
        while self._text[self._start] != ord("]"):
            yield self._row()
        while self._read_on():
            pass
        try:
            self.count = _footer.decode(b'{"value":[' + self._text[self._start :]).count
        except msgspec.DecodeError:
            raise HalfDocumentError from None

    def _row(self) -> Received:
        worth_parsing = 0
        more = True
        while more:
            if (row := self._row_by_likely_end()) is not None:
                return row
            length = len(self._text) - self._start
            if length >= worth_parsing:
                if (row := self._row_by_parsing()) is not None:
                    return row
                worth_parsing = 2 * length  # a long row is not parsed anew with every piece
            more = length <= _LONGEST_ROW and self._read_on()
        if (row := self._row_by_parsing()) is None:
            raise HalfDocumentError
        return row

    def _row_by_likely_end(self) -> Received | None:
        if self._between is None:
            return None
        text, end = memoryview(self._text), self._start
        for _ in range(_TRIES):
            end = self._text.find(self._between, end) + 1
            if end == 0:
                return None
            try:
                row = read_row(text[self._start : end])
            except BrokenRowError:
                continue
            self._start = end + self._gap
            return row
        return None

    def _row_by_parsing(self) -> Received | None:
        """The next row when all of it has arrived, and what follows it too."""
        # In Latin-1 every byte is a character: places in one are places in the other. What JSON is made of is ASCII.
        text = self._text[self._start :].decode("latin-1")
        try:
            end = self._start + _parser.raw_decode(text)[1]
        except (ValueError, RecursionError):
            return None
        follows = _FOLLOWS.match(self._text, end)
        if follows is None:
            return None
        row = read_row(self._text[self._start : end])
        if (between := _BETWEEN.match(self._text, end)) is not None:
            self._between = b"}" + between.group()
            self._gap = between.start(1) - end
        self._start = follows.end()
        return row

    def _read_on(self) -> bool:
        """Add the next piece to the text, and drop what has been given out; False when there is none."""
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._text = self._text[self._start :] + piece
        self._start = 0
        return True
