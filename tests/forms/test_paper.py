"""The sheet on paper: every question of a person stands on it once, in the order of the phone, with its codes."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from forms.build import FORM_NAMES
from forms.errors import FormError
from forms.paper import paper_sheet
from forms.source import SOURCES, FormSource, read_source
from poverty.standard import load_standard
from tests.forms.household_form import CONSTANTS

STANDARD = load_standard("nd07-2021")
_VOID = {"meta", "br"}
_PHONES = ("start", "end", "username", "deviceid", "audit", "calculate", "calculations", "csv-external", "note")


class _Text(HTMLParser):
    """The words of a page; that every element is closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def sheet(name: str, people: int = 6) -> str:
    return paper_sheet(read_source(SOURCES / f"{name}.md"), STANDARD, CONSTANTS, people)


def words(page: str) -> str:
    reader = _Text()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return " ".join(" ".join(reader.words).split())


def questions(source: FormSource) -> list[str]:
    """Labels of what a person answers, in order; `list_shown` is of the phone's own list."""
    rows = [row for row in source.survey.rows if row.get("name") not in ("", "list_shown")]
    return [
        row.get("label::Tiếng Việt (vi)")
        for row in rows
        if row.get("type") not in _PHONES and not row.get("type").startswith(("begin", "end"))
    ]


@pytest.mark.parametrize("name", FORM_NAMES)
def test_every_question_stands_on_it_once_and_in_order(name: str) -> None:
    source = read_source(SOURCES / f"{name}.md")
    page = sheet(name)
    numbered = re.findall(r'class="number">(\d+)<', page)
    labels = questions(source)
    assert numbered == [str(number) for number in range(1, len(labels) + 1)]
    text = words(page)
    at = 0
    for label in labels:
        plain = label.replace("{{review_day}}", "01/09/2026")
        assert plain in text[at:], label
        at += text[at:].index(plain)


@pytest.mark.parametrize("name", FORM_NAMES)
def test_every_code_has_its_number_and_nothing_of_the_phone_is_left(name: str) -> None:
    source = read_source(SOURCES / f"{name}.md")
    text = words(sheet(name))
    for row in source.survey.rows:
        kind, _, list_name = row.get("type").partition(" ")
        if kind not in ("select_one", "select_multiple") or row.get("name") == "list_shown":
            continue
        choices = [one for one in source.sheets["choices"].rows if one.get("list_name") == list_name]
        for number, choice in enumerate(choices, start=1):
            code = choice.get("name")
            label = choice.get("label::Tiếng Việt (vi)")
            assert re.search(rf"\b{code if code.isdigit() else number} {re.escape(label)}", text), (list_name, code)
    assert not re.search(r"\$\{|\{\{|instance\(|selected\(|…", text)


def test_a_skip_is_said_in_words_of_the_sheet() -> None:
    page = sheet("household")
    text = words(page)
    number = re.search(r'class="number">(\d+)</td><td><div>Việc làm hiện nay', page)
    assert number is not None
    assert f"Chỉ ghi khi câu {number[1]} là “Làm công ăn lương”." in text
    assert "Chỉ ghi khi không rõ tuổi, hoặc tuổi từ 16 đến 30." in text


@pytest.mark.parametrize("people", [1, 8])
def test_members_are_a_grid_with_a_column_each(people: int) -> None:
    page = sheet("household", people)
    grid = page[page.index("<table>") : page.index("</table>")]
    assert grid.count('class="person"') == people
    rows = re.findall(r'<tr><td class="number">.*?</tr>', grid, flags=re.DOTALL)
    assert len(rows) > 15
    assert {len(re.findall(r"<td(?: class=\"tall\")?></td>", row)) for row in rows} == {people}


def test_a_long_list_stands_at_the_end() -> None:
    page = sheet("household")
    assert page.count("Danh mục: Dân tộc") == 1
    assert page.index("Danh mục: Dân tộc") > page.index("</table>")
    assert "<b>01</b> Kinh" in page


def test_what_the_phone_proposes_or_looks_up_is_not_on_paper() -> None:
    text = words(sheet("household"))
    for said in ("tạm tính trên máy", "Đã làm:", "Phiếu trước bị trả lại"):
        assert said not in text
    assert "Được thông qua khi ít nhất 50 %" in words(sheet("village_meeting"))


def test_the_sheet_needs_no_other_file_and_runs_nothing() -> None:
    for name in FORM_NAMES:
        assert not re.search(r"<script|<link|<img|src=|href=|url\(|@import", sheet(name))


def test_texts_are_escaped_and_a_changed_source_is_another_sheet(tmp_path: Path) -> None:
    text = (SOURCES / "facility.md").read_text(encoding="utf-8")
    path = tmp_path / "facility.md"
    path.write_text(text.replace("Tên công trình", "Tên <b>công trình</b> & mã"), encoding="utf-8")
    page = paper_sheet(read_source(path), STANDARD, CONSTANTS)
    assert "Tên &lt;b&gt;công trình&lt;/b&gt; &amp; mã" in page
    digests = [re.findall(r"Mẫu giấy (\w{8})", one) for one in (page, sheet("facility"))]
    assert [len(one) for one in digests] == [1, 1]
    assert digests[0] != digests[1]


def test_a_condition_without_words_is_named_with_its_line_and_the_remedy(tmp_path: Path) -> None:
    text = (SOURCES / "facility.md").read_text(encoding="utf-8")
    old = "${photo} = ''"
    assert text.count(old) == 1
    path = tmp_path / "facility.md"
    path.write_text(text.replace(old, "string-length(${photo}) > 3"), encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    with pytest.raises(FormError, match=rf"^facility\.md:{line}: .*guidance_hint when to fill in `photo_reason`"):
        paper_sheet(read_source(path), STANDARD, CONSTANTS)
