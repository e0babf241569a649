"""A form source made ready for checking: the kind and place of every row, its lists, what standards add to it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from forms.expressions import Expression, parse
from forms.findings import Finding, Severity
from forms.source import FormSource, Row
from poverty.questions import Text
from poverty.standard import Standard
from poverty.xpath import calculations

#: The languages of every form, as its columns are named, Vietnamese first.
LANGUAGES = ("Tiếng Việt (vi)", "English (en)")
#: Columns with words for people: each in both languages.
WORDS = ("label", "hint", "guidance_hint", "constraint_message", "required_message")
#: Columns that hold an expression, by sheet.
EXPRESSIONS: dict[str, tuple[str, ...]] = {
    "survey": (
        *("relevant", "required", "constraint", "calculation", "choice_filter", "repeat_count", "readonly", "default"),
        "trigger",
    ),
    "choices": (),
    "settings": ("instance_name",),
    "entities": ("label", "create_if", "update_if", "entity_id"),
}
BEGIN, END = ("begin_group", "begin_repeat"), ("end_group", "end_repeat")
METADATA = ("start", "end", "today", "deviceid", "username", "phonenumber", "email", "audit")
#: Rows that are not shown.
UNSEEN = (*METADATA, *END, "calculate", "calculations", "hidden", "csv-external", "xml-external")
SELECTS = ("select_one", "select_multiple", "rank")
FROM_FILE = ("select_one_from_file", "select_multiple_from_file")
TYPES = (
    *(*UNSEEN, *BEGIN, *SELECTS, *FROM_FILE, "text", "integer", "decimal", "date", "time", "datetime", "note"),
    *("geopoint", "geotrace", "geoshape", "image", "audio", "video", "file", "barcode", "acknowledge", "range"),
)


@dataclass(frozen=True)
class Place:
    """A row of the survey and where it stands: names of the groups around it and of its repeat ('' for none)."""

    row: Row
    kind: str
    argument: str
    groups: tuple[str, ...]
    repeat: str

    @property
    def name(self) -> str:
        return self.row.get("name")


class Source:
    """A source made ready for the rules: kinds and places of its rows, its lists, what the standards add to it."""

    def __init__(self, source: FormSource, standards: Sequence[Standard]) -> None:
        self.source = source
        self.standards = standards
        self.structure: list[Finding] = []
        self.places = list(self._places())
        self.by_name = {place.name: place for place in reversed(self.places) if place.name}

    def rows(self, sheet: str) -> tuple[Row, ...]:
        return self.source.sheets[sheet].rows if sheet in self.source.sheets else ()

    @cached_property
    def has_calculations(self) -> bool:
        return any(place.kind == "calculations" for place in self.places)

    @cached_property
    def generated(self) -> dict[str, str]:
        """What the standards add: name -> expression."""
        if not self.has_calculations:
            return {}
        return {one.name: one.expression for standard in self.standards for one in calculations(standard)}

    @cached_property
    def lists(self) -> dict[str, list[Row]]:
        lists: dict[str, list[Row]] = {}
        for row in self.rows("choices"):
            lists.setdefault(row.get("list_name"), []).append(row)
        return lists

    def expressions(self) -> Iterator[tuple[Row, str, str]]:
        """(row, column, text) of every expression that is written."""
        for sheet, columns in EXPRESSIONS.items():
            for row in self.rows(sheet):
                for column in columns:
                    text = row.get(column)
                    # A default is a plain value unless it calls something.
                    if text and not (column == "default" and "(" not in text and "${" not in text):
                        yield row, column, text

    @cached_property
    def parsed(self) -> list[tuple[Row, str, Expression]]:
        return [(row, column, parse(text)) for row, column, text in self.expressions()]

    def finding(self, rule: str, line: int, vi: str, en: str, severity: Severity = "error") -> Finding:
        return Finding(rule, self.source.path.name, line, Text(vi, en), severity)

    def _places(self) -> Iterator[Place]:
        open_ones: list[Place] = []
        for row in self.rows("survey"):
            kind, argument = kind_of(row)
            if kind in END:
                if not open_ones or open_ones[-1].kind != kind.replace("end", "begin"):
                    self.structure.append(
                        self.finding(
                            "structure",
                            row.line,
                            f"`{kind}` không khép nhóm nào; kiểm tra các dòng begin và end",
                            f"`{kind}` closes nothing that is open; check the begin and end rows",
                        )
                    )
                else:
                    open_ones.pop()
            repeats = [place.name for place in open_ones if place.kind == "begin_repeat"]
            groups = tuple(place.name for place in open_ones)
            place = Place(row, kind, argument, groups, repeats[-1] if repeats else "")
            yield place
            if kind in BEGIN:
                open_ones.append(place)
        for place in open_ones:
            self.structure.append(
                self.finding(
                    "structure",
                    place.row.line,
                    f"nhóm `{place.name}` không được khép; thêm dòng {place.kind.replace('begin', 'end')}",
                    f"`{place.name}` is never closed; add a row {place.kind.replace('begin', 'end')}",
                )
            )


def kind_of(row: Row) -> tuple[str, str]:
    """The type of a row and what follows it: ('select_one', 'sex'). `begin group` is `begin_group`."""
    first, _, rest = row.get("type").partition(" ")
    rest = rest.strip()
    if first in ("begin", "end") and rest.split(" ")[0] in ("group", "repeat"):
        first, _, rest = f"{first}_{rest}".partition(" ")
    return first, rest


def near(name: str, known: Iterable[str]) -> tuple[str, str]:
    """What the writer may have meant, to follow a message in both languages; '' where nothing is near."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return (f"; có phải `{found[0]}`?", f"; did you mean `{found[0]}`?") if found else ("", "")
