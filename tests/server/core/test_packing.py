"""Answers packed: back to the letter, smaller, and what was kept before there was packing is read as it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.submissions.packing import pack, unpack


@given(st.binary(max_size=20_000))
def test_what_was_packed_comes_back_to_the_letter(text: bytes) -> None:
    assert unpack(pack(text)) == text
    assert unpack(pack(memoryview(text))) == text


@given(
    st.text().map(lambda answer: f'{{"a": "{answer}"}}'.encode()), st.text().map(lambda one: f"<a>{one}</a>".encode())
)
def test_what_was_never_packed_is_read_as_it_is(json: bytes, xml: bytes) -> None:
    assert (unpack(json), unpack(xml)) == (json, xml)


def test_answers_take_less_than_half() -> None:
    row = b",".join(
        b'{"member": %d, "full_name": "Tr\xe1\xba\xa7n M\xe1\xba\xabu", "school": "no"}' % n for n in range(60)
    )
    assert len(pack(row)) * 2 < len(row)
