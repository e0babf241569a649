"""The codebook: complete, in both languages, saying who computes from an answer and by what right, safe to open."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import openpyxl
import pytest

from forms.build import FORM_NAMES
from forms.check import made_up
from forms.codebook import Codebook, codebook, write_workbook
from forms.codebook_page import page
from forms.model import Choice, ChoiceList, Form, Question
from forms.reading import read_form
from forms.source import SOURCES, read_source
from poverty.standard import shipped_standards

STANDARDS = shipped_standards()
ROUND = made_up(STANDARDS[0])  # as `rasoat forms codebook` takes it without --round
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def books() -> list[Codebook]:
    return [codebook(read_form(SOURCES / f"{n}.md", STANDARDS[0], ROUND), STANDARDS) for n in FORM_NAMES]


def small(*questions: Question, lists: dict[str, ChoiceList] | None = None, version: str = "2") -> Form:
    by_name = {question.name: question for question in questions}
    return Form("small", version, "Nhỏ", ("vi", "en"), by_name, {}, lists or {}, ())


def test_every_question_of_every_form_has_its_card(books: list[Codebook]) -> None:
    html = page(books)
    for name in FORM_NAMES:
        for row in read_source(SOURCES / f"{name}.md").survey.rows:
            kind = row.get("type").split(" ")[0]
            if kind.startswith(("begin", "end", "start", "username", "deviceid", "calculations", "csv-external")):
                continue
            assert f'id="{name}-{row.get("name")}"' in html


def test_every_answer_names_the_rules_that_read_it(books: list[Codebook]) -> None:
    household = next(book for book in books if book.form.id == "household")
    readers = {entry.question.name: {(r.standard, r.rule) for r in entry.readers} for entry in household.asked}
    assert (
        readers["toilet"] == {("nd07-2021", "d10"), ("nd351-2025", "d10")} or ("nd07-2021", "d10") in readers["toilet"]
    )
    assert ("nd07-2021", "d05") in readers["birth_date"]
    assert ("nd07-2021", "income") in readers["income_wage"]
    assert ("nd07-2021", "income_line") in readers["area_class"]
    assert readers["remarks"] == set()
    for standard in STANDARDS:
        read = {rule for rules in readers.values() for of, rule in rules if of == standard.id}
        assert {rule.id for rule in standard.rules} <= read


def test_personal_data_and_constraints_are_said(books: list[Codebook]) -> None:
    household = next(book for book in books if book.form.id == "household")
    entries = {entry.question.name: entry for entry in household.asked}
    assert entries["cccd"].is_personal
    assert not entries["toilet"].is_personal
    html = page([household])
    assert "12 chữ số" in html
    assert "regex(., &#x27;[0-9]{12}&#x27;)" in html


def test_the_page_is_well_formed_and_stands_alone(books: list[Codebook]) -> None:
    html = page(books)
    ET.fromstring(re.sub(r"<(meta[^>]*|br)>", r"<\1/>", html.removeprefix("<!doctype html>\n")))
    assert "<script" not in html
    assert not re.search(r"(?:src|href)=[\"'](?!#)", html)
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_the_page_in_the_docs_is_current(books: list[Codebook]) -> None:
    held = (DOCS / "codebook.html").read_text(encoding="utf-8")
    assert held == page(books), "the forms changed: run `make codebook`"


def test_what_people_wrote_is_escaped() -> None:
    label = {"vi": "<b>a & b</b>", "en": "x"}
    html = page([codebook(small(Question("q", "text", label=label, constraint="<&>")), [])])
    assert "&lt;b&gt;a &amp; b&lt;/b&gt;" in html
    assert "&lt;&amp;&gt;" in html


def test_cells_are_text_whatever_they_begin_with(tmp_path: Path) -> None:
    label = {"vi": "=1+1", "en": "@SUM(A1)"}
    question = Question("q", "text", label=label, hint={"vi": "+1", "en": "-1"}, constraint="=cmd()")
    write_workbook([codebook(small(question), [])], tmp_path / "codebook.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "codebook.xlsx")["small"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {"=1+1", "@SUM(A1)", "+1", "-1", "=cmd()"} <= {cell.value for cell in cells}
    assert {cell.data_type for cell in cells} == {"s"}


def test_the_workbook_has_a_sheet_for_each_form_and_is_the_same_each_time(
    books: list[Codebook], tmp_path: Path
) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write_workbook(books, tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    workbook = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert workbook.sheetnames == list(FORM_NAMES)
    for book in books:
        names = [cell.value for cell in workbook[book.form.id]["A"]][1:]
        assert names == [entry.question.name for entry in (*book.asked, *book.computed)]


def test_both_versions_of_a_renamed_question_are_mapped() -> None:
    choices = (Choice("tap", {"vi": "Nước máy", "en": "Tap"}, ("piped",)),)
    today = small(
        Question("water", "select_one", list="source", renamed_from=("well",)),
        Question("added", "text"),
        lists={"source": ChoiceList("source", False, choices)},
    )
    earlier = small(Question("well", "select_one", list="source"), version="1")
    entries = {entry.question.name: entry for entry in codebook(today, [], [earlier]).asked}
    assert entries["water"].versions == (("1", "well"),)
    assert entries["added"].versions == (("1", ""),)
    html = page([codebook(today, [], [earlier])])
    assert "1: <code>well</code>" in html
    assert "không hỏi" in html
    assert "<code>piped</code>" in html
