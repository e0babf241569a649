"""Every text of the pages has its English, and both fill in the same values."""

from __future__ import annotations

import re

import pytest
from babel.messages.pofile import read_po

from server.web import catalogue
from server.web.language import LOCALE

ENGLISH = LOCALE / "en" / "LC_MESSAGES" / "messages.po"
_VALUES = re.compile(r"%\((\w+)\)s")


def test_no_text_is_left_untranslated() -> None:
    assert catalogue.untranslated(catalogue.update(ENGLISH, "en", catalogue.extract())) == []


def test_the_catalogue_holds_nothing_that_is_no_longer_said() -> None:
    said = {message.id for message in catalogue.extract() if message.id}
    with ENGLISH.open("rb") as file:
        held = {message.id for message in read_po(file, locale="en") if message.id}
    assert held - said == set()


def test_translations_fill_in_the_same_values() -> None:
    with ENGLISH.open("rb") as file:
        for message in read_po(file, locale="en"):
            if not message.id:
                continue
            ids = [message.id] if isinstance(message.id, str) else list(message.id)
            strings = [message.string] if isinstance(message.string, str) else list(message.string)
            wanted = set(_VALUES.findall(ids[0]))
            for text in strings:
                assert set(_VALUES.findall(text)) == wanted, ids[0]


def test_a_new_text_is_reported() -> None:
    template = catalogue.extract()
    before = catalogue.untranslated(catalogue.update(ENGLISH, "en", template))
    template.add("Một câu chưa ai dịch")
    after = catalogue.untranslated(catalogue.update(ENGLISH, "en", template))
    assert set(after) - set(before) == {"Một câu chưa ai dịch"}


@pytest.mark.parametrize("text", ["Bản đồ", "Phiếu chờ duyệt", "Duyệt phiếu", "Trả lại rà soát viên", "Tạm tính"])
def test_words_of_templates_are_extracted(text: str) -> None:
    assert catalogue.extract().get(text) is not None
