from __future__ import annotations

import unicodedata

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from reconciliation import fold, fold_series, given_name_key, nfc

LETTERS = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
names = st.lists(st.text(LETTERS, min_size=1, max_size=6), min_size=1, max_size=4).map(" ".join)


@given(names)
def test_unicode_form_case_and_spaces_do_not_matter(name: str) -> None:
    other = "  " + unicodedata.normalize("NFD", name).upper().replace(" ", "   ") + " "
    assert fold(other) == fold(name)
    assert given_name_key(other) == given_name_key(name)
    assert nfc(unicodedata.normalize("NFD", name)) == nfc(name)


@given(names)
def test_fold_leaves_only_plain_letters(name: str) -> None:
    assert fold(name).replace(" ", "").isascii()
    assert fold(fold(name)) == fold(name)


def test_single_letters_sort_in_dictionary_order() -> None:
    letters = list("aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ")
    assert sorted(set(letters), key=given_name_key) == letters


def test_given_name_comes_first_then_middle_then_surname() -> None:
    listed = ["Trần Văn An", "Nguyễn Thị Ánh", "Lê Văn Ân", "Phạm Thị Đào", "Bùi Văn Dũng"]
    expected = ["Trần Văn An", "Nguyễn Thị Ánh", "Lê Văn Ân", "Bùi Văn Dũng", "Phạm Thị Đào"]
    assert sorted(listed, key=given_name_key) == expected
    assert sorted(["Lê Thị An", "Lê Văn An", "Bùi Văn An"], key=given_name_key) == [
        "Lê Thị An",
        "Bùi Văn An",
        "Lê Văn An",
    ]


def test_fold_series_keeps_missing() -> None:
    folded = fold_series(pd.Series(["Đỗ Thị Nở", None, "Chí Phèo"], dtype="str"))
    assert folded.isna().tolist() == [False, True, False]
    assert folded.dropna().tolist() == ["do thi no", "chi pheo"]
