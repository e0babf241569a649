"""What the answers of a form are called: the labels of its choices, by question."""

from __future__ import annotations

from forms.source import FormSource
from poverty.questions import Text


def answer_words(source: FormSource) -> dict[str, dict[str, Text]]:
    """question -> code -> label in both languages, for every question of the form with a list of its own."""
    lists: dict[str, dict[str, Text]] = {}
    for row in source.sheets["choices"].rows if "choices" in source.sheets else ():
        label = Text(row.get("label::Tiếng Việt (vi)"), row.get("label::English (en)"))
        lists.setdefault(row.get("list_name"), {})[row.get("name")] = label
    words = {}
    for row in source.survey.rows:
        kind, _, list_name = row.get("type").partition(" ")
        if kind in ("select_one", "select_multiple") and list_name in lists:
            words[row.get("name")] = lists[list_name]
    return words
