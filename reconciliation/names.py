"""Vietnamese names made comparable and sortable.

Names arrive in mixed Unicode forms, with and without tones. Comparison uses `fold` (no tones, đ as d, lower
case); the name kept and shown is `nfc`. Lists sort by given name, which is the last word.
"""

from __future__ import annotations

import unicodedata

import pandas as pd

_BASE_ORDER = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_LETTER_RANK = {letter: chr(0x41 + rank) for rank, letter in enumerate(_BASE_ORDER)}
# ngang, huyền, hỏi, ngã, sắc, nặng: the order of Vietnamese dictionaries.
_TONE_RANK = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
_SHAPE = {"\u0306": {"a": "ă"}, "\u0302": {"a": "â", "e": "ê", "o": "ô"}, "\u031b": {"o": "ơ", "u": "ư"}}


def nfc(text: str) -> str:
    """`text` in NFC with single spaces and none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def fold(text: str) -> str:
    """`text` without tones or marks, đ as d, lower case, single spaces: for comparison and search.

    >>> fold("  Nguyễn Thị  Đượm ")
    'nguyen thi duom'
    """
    lowered = unicodedata.normalize("NFD", text.lower()).replace("đ", "d")
    return " ".join("".join(c for c in lowered if not unicodedata.combining(c)).split())


def given_name_key(full_name: str) -> str:
    """A sort key that puts names in Vietnamese order: by given name, then the middle names, then the surname.

    Letters decide before tones, as in a dictionary; the key is plain ASCII, so that a database sorts it rightly
    whatever its collation.

    >>> sorted(["Lê Văn Ân", "Lê Văn An", "Lê Văn Ba", "Lê Văn Ẩn"], key=given_name_key)
    ['Lê Văn An', 'Lê Văn Ân', 'Lê Văn Ẩn', 'Lê Văn Ba']
    """
    words = nfc(full_name).lower().split()
    ordered = [*words[-1:], *words[1:-1], *words[:1]] if len(words) > 1 else words
    parts = [_word_key(word) for word in ordered]
    return " ".join(letters for letters, _ in parts) + "!" + " ".join(tones for _, tones in parts)


def _word_key(word: str) -> tuple[str, str]:
    letters: list[str] = []
    tones: list[str] = []
    base = ""
    for character in unicodedata.normalize("NFD", word):
        if character in _TONE_RANK:
            if tones:
                tones[-1] = _TONE_RANK[character]
        elif character in _SHAPE:
            base = _SHAPE[character].get(base, base)
            if letters:
                letters[-1] = _LETTER_RANK.get(base, letters[-1])
        elif not unicodedata.combining(character):
            base = character
            letters.append(_LETTER_RANK.get(character, "z"))
            tones.append("0")
    return "".join(letters), "".join(tones)


def fold_series(texts: pd.Series[str]) -> pd.Series[str]:
    """`fold` of each text, NA kept. Each distinct text is folded once."""
    distinct = texts.dropna().unique()
    folded = {text: fold(text) for text in distinct}
    return texts.map(folded, na_action="ignore").astype("str")
