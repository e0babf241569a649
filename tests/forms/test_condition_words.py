"""Conditions in Vietnamese words: what sources say of relevance, and a refusal of what has no words."""

from __future__ import annotations

import pytest

from forms.condition_words import Subject, Unspeakable, in_words

SUBJECTS = {
    "work": Subject("câu 3", {"wage": "Làm công"}),
    "size": Subject("câu 1", always=True),
    "wish": Subject("câu 5", {"yes": "Có", "no": "Không"}),
    "place": Subject("câu 7"),
    "age": Subject("tuổi", blank="không rõ tuổi"),
}


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("${work} = 'wage'", "câu 3 là “Làm công”"),
        ("${work} != 'wage'", "câu 3 không phải là “Làm công”"),
        ("'wage' = ${work}", "câu 3 là “Làm công”"),
        ("selected(${wish}, 'yes')", "câu 5 có “Có”"),
        ("not(selected(${wish}, 'yes'))", "không phải (câu 5 có “Có”)"),
        ("${wish} = ''", "câu 5 để trống"),
        ("${wish} != ''", "câu 5 có trả lời"),
        ("${age} = ''", "không rõ tuổi"),
        ("${age} >= 15", "tuổi từ 15 trở lên"),
        ("15 > ${age}", "tuổi dưới 15"),
        ("${age} >= 3 and ${age} <= 30", "tuổi từ 3 đến 30"),
        ("${age} = '' or (${age} >= 3 and ${age} <= 30)", "không rõ tuổi, hoặc tuổi từ 3 đến 30"),
        ("${age} >= 3 and ${size} <= 30", "tuổi từ 3 trở lên và câu 1 từ 30 trở xuống"),
        (
            "${work} = 'wage' or ${wish} = 'yes' and ${age} > 3",
            "câu 3 là “Làm công”, hoặc câu 5 là “Có” và tuổi trên 3",
        ),
        (
            "(${work} = 'wage' or ${wish} = 'yes') and ${age} > 3",
            "(câu 3 là “Làm công”, hoặc câu 5 là “Có”) và tuổi trên 3",
        ),
        (
            "${place} = '' or number(selected-at(${place}, 3)) > 50",
            "câu 7 để trống, hoặc sai số ở câu 7 trên 50",
        ),
        ("${work} != ${wish}", "câu 3 khác câu 5"),
        # What always holds on paper is not said.
        ("${size} != ''", ""),
        ("position(..) <= ${size}", ""),
        ("${size} != '' and ${wish} = 'no'", "câu 5 là “Không”"),
        ("${size} != '' or ${wish} = 'no'", ""),
    ],
)
def test_a_condition_in_words(condition: str, words: str) -> None:
    assert in_words(condition, SUBJECTS.get) == words


@pytest.mark.parametrize(
    "condition",
    [
        "${computed} = '1'",
        "${work} = ${computed}",
        "${work} < ${wish}",
        "${work} > ''",
        "count(${work}) > 1",
        "selected-at(${place}, 0) > 1",
        "'a' = 'b'",
        "${work}",
        "${work} = 'wage' ${wish}",
        "(${work} = 'wage'",
        "not(position(..) <= ${size})",
        "{{show_proposal}}",
        "",
    ],
)
def test_what_has_no_words_is_refused(condition: str) -> None:
    with pytest.raises(Unspeakable):
        in_words(condition, SUBJECTS.get)
