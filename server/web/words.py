"""Words of questions and answers in both languages, from the household form itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from forms.source import SOURCES, read_source
from poverty.questions import ANSWER_NAMES, Text, answer_name
from server.web.language import Language

_COLUMNS = ("label::Tiếng Việt (vi)", "label::English (en)")


@dataclass(frozen=True)
class _FormWords:
    questions: dict[str, Text]
    lists: dict[str, str]  # question -> its list of choices
    choices: dict[tuple[str, str], Text]  # (list, code) -> label


@cache
def _form() -> _FormWords:
    source = read_source(SOURCES / "household.md")
    questions, lists = {}, {}
    for row in source.survey.rows:
        name, kind = row.get("name"), row.get("type").split()
        if name and row.get(_COLUMNS[0]):
            questions[name] = Text(row.get(_COLUMNS[0]), row.get(_COLUMNS[1]))
        if len(kind) > 1 and kind[0] in ("select_one", "select_multiple"):
            lists[name] = kind[1]
    choices = {
        (row.get("list_name"), row.get("name")): Text(row.get(_COLUMNS[0]), row.get(_COLUMNS[1]))
        for row in source.sheets["choices"].rows
    }
    return _FormWords(questions, lists, choices)


def question(name: str, language: Language) -> str:
    """What the form calls a question; the short name that the standard uses, or its leaf name, where it has none."""
    text = _form().questions.get(name)
    return text.in_language(language) if text else answer_name(name, language)


def short(name: str, language: Language) -> str:
    """A question in few words, for lists: the standard's short name, else the form's."""
    return answer_name(name, language) if name in ANSWER_NAMES else question(name, language)


def answer(name: str, codes: str, language: Language) -> str:
    """An answer as the form words it: one code, or several joined by a space; a code on no list stays itself."""
    of = _form().lists.get(name)
    if of is None:
        return codes
    texts = [_form().choices.get((of, code)) for code in codes.split()]
    return ", ".join(
        text.in_language(language) if text else code for text, code in zip(texts, codes.split(), strict=True)
    )


def person(of: Mapping[str, Any], number: list[tuple[str, bool]], language: Language) -> dict[str, Any]:
    """A member as `linkage/macros.html` shows one: `number` is the personal number in pieces (text, is it marked)."""
    return {
        "name": of["full_name"],
        "relation": answer("relation", of["relation"], language) if of["relation"] else None,
        "sex": answer("sex", of["sex"], language) if of["sex"] else None,
        "born": of["birth_date"] or of["birth_year"],
        "cccd": number,
    }
