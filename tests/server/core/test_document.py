"""Rows of an OData answer: the same whatever the pieces in which it comes, none of what is not whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.central.document import Document, HalfDocumentError
from server.submissions.rows import EncryptedRowError, Received, UnreadableRowError
from tests.server.fieldwork import answers, odata_row

#: What would lead a careless reader astray: the ends of rows, of documents and of texts, in an answer.
TRAPS = ['},{"__id":"', '}],"@odata.count":9}', "\\", '\\"},{', "Đặng Thị Ươm", "\u2028", "🏠", "]", "{", ""]


def _row(number: int, answer: str, members: list[str], *, beginning: str) -> dict[str, Any]:
    row = odata_row(answers(number), number)
    # The repeat begins like the row itself: each end of a member looks like the end of a row.
    row["member"] = [{beginning: name, "__id": name} for name in members]
    return {beginning: answer, **row}


@st.composite
def documents(draw: st.DrawFn) -> tuple[list[dict[str, Any]], bytes]:
    """Rows, and the document that holds them, tight or spaced out."""
    answer = st.sampled_from(TRAPS) | st.text(max_size=5)
    rows = [
        _row(number, draw(answer), draw(st.lists(answer, max_size=4)), beginning=draw(st.sampled_from("ab")))
        for number in range(draw(st.integers(0, 6)))
    ]
    option = draw(st.sampled_from([0, orjson.OPT_INDENT_2]))
    return rows, orjson.dumps({"value": rows, "@odata.context": "x", "@odata.count": len(rows)}, option=option)


def _pieces(document: bytes, size: int) -> Iterator[bytes]:
    return iter([document[start : start + size] for start in range(0, len(document), size)])


def _ids(rows: list[Received]) -> list[str]:
    return [row.central_id for row in rows]


@given(documents(), st.integers(1, 5000))
def test_every_row_comes_as_it_was_written(of: tuple[list[dict[str, Any]], bytes], size: int) -> None:
    rows, text = of
    document = Document(_pieces(text, size))
    read = list(document.rows())
    assert [orjson.loads(row.payload) for row in read] == rows
    assert all(row.payload in text for row in read)
    assert document.count == len(rows)


@given(documents(), st.integers(1, 5000), st.data())
def test_a_document_that_breaks_off_is_never_whole(
    of: tuple[list[dict[str, Any]], bytes], size: int, data: st.DataObject
) -> None:
    rows, text = of
    cut = data.draw(st.integers(0, len(text) - 1))
    read: list[Received] = []
    with pytest.raises(HalfDocumentError):
        read.extend(Document(_pieces(text[:cut], size)).rows())
    came = list(_until_broken(Document(_pieces(text[:cut], size))))
    assert _ids(came) == [row["__id"] for row in rows[: len(came)]]


def _until_broken(document: Document) -> Iterator[Received]:
    try:
        yield from document.rows()
    except HalfDocumentError:
        return


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<!DOCTYPE html><html></html>",
        b"[]",
        b'{"value":{}}',
        b'{"value":[]',
        b'{"value":[]}}',
        b'{"value":[1,2]}',
        b'{"value":[{"__id":}]}',
        b'{"message":"no","code":404.1}',
        b" " * 5000,
    ],
)
def test_what_is_no_odata_answer(text: bytes) -> None:
    with pytest.raises(HalfDocumentError):
        list(Document(iter([text])).rows())


def test_a_number_keeps_all_its_digits() -> None:
    row = orjson.dumps(odata_row(answers(1), 1)).replace(b'"floor_area":80', b'"floor_area":80.00000000000000000001')
    read = list(Document(iter([b'{"value":[' + row + b"]}"])).rows())
    assert read[0].payload == row


@pytest.mark.parametrize(
    ("system", "error"),
    [
        ({"status": "notDecrypted"}, EncryptedRowError),
        ({"submissionDate": None}, UnreadableRowError),
        ({"submissionDate": "yesterday"}, UnreadableRowError),
        ({"updatedAt": "2026-09-03T02:00:00"}, UnreadableRowError),  # of which zone?
        ({"edits": "Trần Văn Mẫu"}, UnreadableRowError),
    ],
)
def test_a_row_that_cannot_be_kept(system: dict[str, Any], error: type[Exception]) -> None:
    text = orjson.dumps({"value": [odata_row(answers(1), 1, **system)]})
    with pytest.raises(error) as caught:
        list(Document(iter([text])).rows())
    assert "Mẫu" not in str(caught.value)
