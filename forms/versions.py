"""One form over its versions: under which name and code an answer of an earlier version is read today.

A source says it where it renames: the column `renamed_from` of the survey holds a question's former names, that of the
choices a code's former codes, several divided by spaces. They stay there for good, and so does each former name of a
question, as a row of type `hidden` where it stood: Central's OData gives the fields of the version published last and
no others. The build puts the names into the XForm (`rasoat:renamed_from` of a bind, a column of a list's items), so
that what Central holds says it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from forms.model import Form
from forms.source import SOURCES, FormSource, Row, read_source
from forms.survey import SELECTS, kind_of
from forms.xform import NAMESPACE

COLUMN = "renamed_from"


@dataclass(frozen=True)
class Renames:
    """questions: former name -> name; choices: question -> former code -> code."""

    questions: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def name(self, name: str) -> str:
        """The name under which a leaf is read today."""
        return self.questions.get(name, name)

    def answer(self, question: str, answer: str) -> str:
        """An answer in today's codes; of several codes each. question: by today's name."""
        codes = self.choices.get(question)
        return " ".join(codes.get(code, code) for code in answer.split(" ")) if codes else answer


def renames_of(of: FormSource | Form) -> Renames:
    """What a source, or a form already built, says of its former versions."""
    if isinstance(of, Form):
        questions = {former: question.name for question in of.questions.values() for former in question.renamed_from}
        codes = {
            name: {former: choice.code for choice in held.choices for former in choice.renamed_from}
            for name, held in of.lists.items()
        }
        asked = {question.name: question.list for question in of.questions.values()}
    else:
        rows = of.survey.rows
        questions = {former: row.get("name") for row in rows for former in row.get(COLUMN).split()}
        codes = {}
        for row in of.sheets["choices"].rows if "choices" in of.sheets else ():
            codes.setdefault(row.get("list_name"), {}).update({f: row.get("name") for f in row.get(COLUMN).split()})
        asked = {row.get("name"): kind_of(row)[1] for row in rows if kind_of(row)[0] in SELECTS}
    return Renames(questions, {name: codes[listed] for name, listed in asked.items() if codes.get(listed)})


@cache
def shipped_renames(name: str) -> Renames:
    """The renames of a shipped form. Raises FormError when its source cannot be read."""
    return renames_of(read_source(SOURCES / f"{name}.md"))


def exported(sheets: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The sheets with the survey's `renamed_from` as an attribute of the bind, in a namespace of our own."""
    if not any(row.get(COLUMN) for row in sheets["survey"]):
        return sheets
    attribute = f"bind::rasoat:{COLUMN}"
    survey = [
        Row(row.line, {attribute if column == COLUMN else column: cell for column, cell in row.cells.items()})
        for row in sheets["survey"]
    ]
    settings = [Row(row.line, {**row.cells, "namespaces": f'rasoat="{NAMESPACE}"'}) for row in sheets["settings"]]
    return {**sheets, "survey": survey, "settings": settings}
