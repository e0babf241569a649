from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation.lists.encodings import (
    TCVN3,
    TEXT_ENCODINGS,
    UNICODE,
    VNI,
    decode,
    decode_bytes,
    detect,
    is_syllable,
)
from tests.reconciliation.commune_lists import encode

NAMES = [
    "Nguyễn Văn Định",
    "Trương Thị Hường",
    "Lê Quỳnh Ánh",
    "Đỗ Đức Thuỷ",
    "Phạm Quyết",
    "Vũ Thị Ngọc Ẩn",
    "Bùi Tự Ý",
]
words = st.sampled_from(sorted({word for name in NAMES for word in name.split()}))


@settings(deadline=None)
@given(st.lists(words, min_size=2, max_size=5), st.sampled_from([TCVN3, VNI, "nfd"]))
def test_what_fonts_wrote_comes_back_as_unicode(syllables: list[str], encoding: str) -> None:
    # An ASCII word first: it is by its capital that ABC text shows names.
    text = " ".join(["Mai", *syllables])
    prior = encoding if encoding in TEXT_ENCODINGS else UNICODE
    assert decode(encode(text, encoding), prior) == text


@pytest.mark.parametrize(
    ("written", "encoding", "text"),
    [
        # As the fonts of the time hold them: independent of the tables under test.
        ("NguyÔn V¨n §Þnh", TCVN3, "Nguyễn Văn Định"),
        ("Tr\u00ad¬ng ThÞ H\u00adêng", TCVN3, "Trương Thị Hường"),
        ("PH¹M V¡N M¦êI", TCVN3, "PHẠM VĂN MƯỜI"),
        ("Nguyeãn Vaên Ñònh", VNI, "Nguyễn Văn Định"),
        ("Tröông Thò Höôøng", VNI, "Trương Thị Hường"),
        ("TROÀN VÓNH", VNI, "TRỒN VĨNH"),
        ("Nguyễn Văn Định", UNICODE, "Nguyễn Văn Định"),
    ],
)
def test_known_text_is_told_and_read(written: str, encoding: str, text: str) -> None:
    assert detect([written]) == encoding
    # Whatever its column was taken for.
    assert {decode(written, prior) for prior in TEXT_ENCODINGS} == {text}


def test_a_word_that_two_encodings_can_mean_goes_by_its_column() -> None:
    assert decode("Vó", VNI) == "Vĩ"
    assert decode("Vó", UNICODE) == "Vó"
    assert detect(["Vó", "Mai"]) is None
    assert detect(["an", "binh"]) is None


@settings(deadline=None)
@given(st.lists(words, min_size=1, max_size=6))
def test_unicode_text_is_never_taken_for_another(syllables: list[str]) -> None:
    text = " ".join(syllables)
    assert detect([text]) in (UNICODE, None)
    assert decode(text, UNICODE) == text


def test_ticks_and_minority_names_stay() -> None:
    for text in ("×", "þ", "✓", "Ê Đê", "Mnông"):
        assert decode(text, TCVN3 if len(text) == 1 else UNICODE) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("word", ["Nguyễn", "Giếng", "Quỳnh", "Ước", "Khuyên", "gì", "yến", "oanh", "ngoằn", "Huệ"])
def test_syllables_are_known(word: str) -> None:
    assert is_syllable(word)


@pytest.mark.parametrize("word", ["Nguyeãn", "Vaên", "xyz", "mảt", "Hoµ", "bb"])
def test_what_is_no_syllable_is_not(word: str) -> None:
    # «mảt»: hỏi does not stand before t.
    assert not is_syllable(word)


def windows_1258(text: str) -> bytes:
    """Letters whole, tones as marks after them, as Windows wrote Vietnamese."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    out = ""
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        base = unicodedata.normalize("NFC", "".join(c for c in parts if c not in tones))
        out += base + "".join(c for c in parts if c in tones)
    return out.encode("cp1258")


@pytest.mark.parametrize(
    "encode_file", [str.encode, lambda t: t.encode("utf-8-sig"), lambda t: t.encode("utf-16"), windows_1258]
)
def test_files_of_every_encoding_are_text(encode_file) -> None:  # type: ignore[no-untyped-def]
    text = "Họ và tên;Thôn\nNguyễn Văn Định;Đông\nTrương Thị Hường;Đoài\n"
    assert decode_bytes(encode_file(text)) == text


def test_a_file_of_font_text_keeps_it_for_the_columns_to_tell() -> None:
    assert decode_bytes("NguyÔn V¨n §Þnh;Tr\u00ad¬ng".encode("latin-1")) == "NguyÔn V¨n §Þnh;Tr\u00ad¬ng"
