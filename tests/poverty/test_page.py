"""The page of a standard: everything of the file stands on it, escaped, in both languages, and it is well formed."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from forms.source import SOURCES, read_source
from forms.words import answer_words
from poverty import load_standard
from poverty.page import STATUS_WORDS, body, page
from poverty.questions import Text
from poverty.standard import SHIPPED, Standard
from poverty.words import AnswerWords

EVERY = Path(__file__).parent / "every-operator.yaml"
NAMES = ["nd07-2021", "nd351-2025", SHIPPED / "examples" / "province-stricter.yaml", EVERY]


@pytest.fixture(scope="module")
def words() -> AnswerWords:
    return answer_words(read_source(SOURCES / "household.md"))


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_every_rule_stands_with_wording_source_and_status(name: str | Path, words: AnswerWords) -> None:
    standard = load_standard(name)
    text = page(standard, words)
    for rule in standard.rules:
        card = text[text.index(f'id="{rule.id}"') :].split("</section>")[0]
        for said in (rule.name.vi, rule.name.en, rule.wording.vi, rule.wording.en, rule.source):
            assert html.escape(said) in card
        assert html.escape(STATUS_WORDS[rule.status].vi) in card
    assert html.escape(standard.title.vi) in text
    assert standard.source in html.unescape(text)


def test_figures_of_nd07(words: AnswerWords) -> None:
    text = re.sub(r"<[^>]+>", " ", page(load_standard("nd07-2021"), words))
    for figure in ("1.500.000", "2.000.000", "nông thôn 140; thành thị 175", "từ 3 chỉ số trở lên", "2022–2026"):
        assert figure in text
    assert "Tạm tính" in text


def test_what_is_not_known_is_said(words: AnswerWords) -> None:
    assert "Chưa biết ngưỡng điểm" in page(load_standard("nd351-2025"), words)


def test_a_province_s_page_names_what_it_is_based_on(words: AnswerWords) -> None:
    text = page(load_standard(NAMES[2]), words)
    assert "Nâng từ chuẩn" in text
    assert "nd07-2021" in text


def test_answers_are_called_as_in_the_form(words: AnswerWords) -> None:
    text = page(load_standard("nd07-2021"), words)
    assert "“Nước máy”" in text
    assert "“Tap water”" in text


def test_nothing_provisional_is_said_of_a_standard_that_is_official(words: AnswerWords) -> None:
    standard = load_standard("nd07-2021")
    official = replace(
        standard,
        rules=tuple(replace(rule, status="official") for rule in standard.rules),
        income=replace(standard.income, status="official"),
    )
    assert "Tạm tính" not in page(official, words)


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_the_body_is_well_formed_and_escaped(name: str | Path, words: AnswerWords) -> None:
    standard = load_standard(name)
    ET.fromstring(f"<main>{body(standard, words)}</main>")
    risky = _renamed(standard, "<script>alert('&')</script>")
    assert "<script>" not in page(risky, words)


def _renamed(standard: Standard, text: str) -> Standard:
    first = replace(standard.rules[0], wording=Text(text, text), source=text, name=Text(text, text))
    return replace(standard, title=Text(text, text), source=text, rules=(first, *standard.rules[1:]))


def test_the_body_brings_no_style_or_script_of_its_own(words: AnswerWords) -> None:
    text = body(load_standard("nd07-2021"), words)
    assert not re.search(r"<(style|script)|style=|on[a-z]+=", text)
