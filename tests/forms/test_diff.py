# ruff: noqa: E501 - tables of forms and of cases, a row each
"""What changes between two forms: by meaning, graded by what becomes of the answers already given."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from forms.build import RoundConstants, write_form
from forms.diff import GRADES, Diff, compare
from forms.errors import FormError
from forms.model import Form
from forms.reading import read_form
from forms.source import SOURCES, read_source
from poverty.standard import load_standard

STANDARD = load_standard("nd07-2021")
CONSTANTS = RoundConstants("2026", date(2026, 9, 1), "33")

OLD = """
| survey |
| | type | name | label::Tiếng Việt (vi) | label::English (en) | relevant | required | constraint | constraint_message::English (en) | calculation | save_to | renamed_from | constraint_message::Tiếng Việt (vi) |
| | note | hello | Chào | Hello | | | | | | | |
| | begin_group | house | Nhà | House | | | | | | | |
| | text | owner | Chủ | Owner | | | | | | | |
| | integer | rooms | Số phòng | Rooms | ${owner} != '' | | . > 0 | More. | | | | Thêm. |
| | select_one wall | wall | Tường | Walls | | | | | | | |
| | select_multiple wall | walls | Các tường | All walls | | | | | | outcome | |
| | end_group | | | | | | | | | | |
| | begin_group | yard | Sân | Yard | ${rooms} > 0 | | | | | | |
| | decimal | size | Rộng | Size | | | | | | | |
| | end_group | | | | | | | | | | |
| | begin_repeat | person | Người | Person | | | | | | | |
| | integer | age | Tuổi | Age | | | | | | | |
| | end_repeat | | | | | | | | | | |
| | calculate | double | | | | | | | ${rooms} * 2 | | |
| choices |
| | list_name | name | label::Tiếng Việt (vi) | label::English (en) | renamed_from |
| | wall | brick | Gạch | Brick | |
| | wall | wood | Gỗ | Wood | |
| | wall | other | Khác | Other | |
| settings |
| | form_title | form_id | version | default_language | client_editable |
| | Nhà | home | {{version}} | Tiếng Việt (vi) | yes |
| entities |
| | list_name | label |
| | visits | ${owner} |
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("diff")


def form(folder: Path, text: str) -> Form:
    path = folder / "home.md"
    path.write_text(text, encoding="utf-8")
    return read_form(path, STANDARD, CONSTANTS)


@pytest.fixture(scope="module")
def old(folder: Path) -> Form:
    return form(folder, OLD)


def row(name: str) -> str:
    """The row of the old form that begins with a type and this name."""
    (found,) = (line for line in OLD.splitlines() if line.count("|") > 5 and line.split("|")[3].strip() == name)
    return found + "\n"


def replaced(*pairs: tuple[str, str]) -> str:
    text = OLD
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def said(diff: Diff) -> list[tuple[str, str, str]]:
    return [(change.kind, change.name, change.grade) for change in diff.changes]


CASES: list[tuple[str, list[tuple[str, str]], list[tuple[str, str, str]]]] = [
    ("nothing but spaces", [("${rooms} * 2", "${rooms}  *  2")], []),
    ("wording", [("| Rooms |", "| How many rooms? |")], [("label", "rooms", "safe")]),
    ("message", [("| More. |", "| At least one. |")], [("message", "rooms", "safe")]),
    ("note", [(row("hello"), "")], [("note_removed", "hello", "safe")]),
    ("group's wording", [("| Nhà | House |", "| Nhà ở | House |")], [("group_label", "house", "safe")]),
    ("relevance", [("${owner} != ''", "true()")], [("relevant", "rooms", "new_version")]),
    ("group's relevance", [("${rooms} > 0", "${rooms} > 1")], [("relevant", "yard", "new_version")]),
    ("constraint", [(". > 0", ". > 1")], [("constraint", "rooms", "new_version")]),
    ("calculation", [("${rooms} * 2", "${rooms} * 3")], [("calculation", "double", "new_version")]),
    ("required", [("| Owner | | |", "| Owner | | yes |")], [("required", "owner", "new_version")]),
    ("save", [("| outcome | |", "| | |")], [("save_to", "walls", "new_version")]),
    ("entity's label", [("| visits | ${owner} |", "| visits | 'x' |")], [("entity_save_changed", "visits", "new_version")]),
    ("title", [("| Nhà | home |", "| Ngôi nhà | home |")], [("title", "home", "safe")]),
    ("not editable", [("| Tiếng Việt (vi) | yes |", "| Tiếng Việt (vi) | |")], [("client_editable", "home", "new_version")]),
    ("another id", [("| Nhà | home |", "| Nhà | hut |")], [("form_id", "hut", "would_lose_data")]),
    ("added", [(row("owner"), row("owner") + "| | text | street | Phố | Street |\n")], [("question_added", "street", "new_version")]),
    ("computed added", [(row("double"), row("double") + "| | calculate | half | | | | | | | 1 |\n")], [("computed_added", "half", "new_version")]),
    ("computed removed", [(row("double"), "")], [("computed_removed", "double", "would_lose_data")]),
    ("removed", [(row("size"), "| | hidden | nothing |\n")], [("question_removed", "size", "would_lose_data"), ("computed_added", "nothing", "new_version")]),
    ("retired", [(row("size"), "| | hidden | size |\n")], [("question_retired", "size", "new_version")]),
    ("renamed", [(row("size"), "| | hidden | size |\n| | decimal | extent | Rộng | Size | | | | | | | size |\n")], [("question_renamed", "extent", "new_version")]),
    ("renamed and moved", [(row("size"), "| | hidden | size |\n"), (row("owner"), row("owner") + "| | decimal | extent | Rộng | Size | | | | | | | size |\n")], [("question_renamed", "extent", "new_version"), ("order", "extent", "safe")]),
    ("renamed, its place gone", [("| decimal | size | Rộng | Size | | | | | | | |", "| decimal | extent | Rộng | Size | | | | | | | size |")], [("rename_unkept", "extent", "would_lose_data")]),
    ("renamed, not recorded", [("| decimal | size |", "| decimal | extent |")], [("rename_unrecorded", "extent", "would_lose_data")]),
    ("moved", [(row("size"), "| | hidden | nothing |\n"), (row("owner"), row("owner") + row("size"))], [("question_moved", "size", "would_lose_data"), ("computed_added", "nothing", "new_version"), ("order", "size", "safe")]),
    ("into a repeat", [(row("size"), "| | hidden | nothing |\n"), (row("age"), row("age") + row("size"))], [("repeat_changed", "size", "would_lose_data"), ("computed_added", "nothing", "new_version"), ("order", "age", "safe")]),
    ("order", [(row("owner"), ""), (row("rooms"), row("rooms") + row("owner"))], [("order", "rooms", "safe")]),
    ("type Central refuses", [("| integer | age |", "| decimal | age |")], [("type_refused", "age", "would_lose_data")]),
    ("number to text", [("| integer | age |", "| text | age |")], [("question_retyped", "age", "new_version")]),
    ("text to choice", [("| text | owner |", "| select_one wall | owner |")], [("question_retyped", "owner", "would_lose_data")]),
    ("one to many", [("| select_one wall | wall |", "| select_multiple wall | wall |")], [("question_retyped", "wall", "new_version")]),
    ("many to one", [("| select_multiple wall | walls |", "| select_one wall | walls |")], [("question_retyped", "walls", "would_lose_data")]),
    ("choice added", [("| | wall | other |", "| | wall | stone | Đá | Stone | |\n| | wall | other |")], [("choice_added", "wall/stone", "new_version")]),
    ("choice removed", [("| | wall | wood | Gỗ | Wood | |\n", "")], [("choice_removed", "wall/wood", "would_lose_data")]),
    ("choice renamed", [("| | wall | wood | Gỗ | Wood | |", "| | wall | timber | Gỗ | Wood | wood |")], [("choice_renamed", "wall/timber", "new_version")]),
    ("choice relabelled", [("| Gỗ | Wood |", "| Gỗ | Timber |")], [("choice_relabelled", "wall/wood", "safe")]),
    ("codes swapped", [("| | wall | brick |", "| | wall | x |"), ("| | wall | wood |", "| | wall | brick |"), ("| | wall | x |", "| | wall | wood |")], [("choice_reused", "wall/brick", "would_lose_data"), ("choice_reused", "wall/wood", "would_lose_data"), ("choice_order", "wall", "safe")]),
]  # fmt: skip


@pytest.mark.parametrize(("pairs", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_change_is_said_once_with_its_grade(
    old: Form, folder: Path, pairs: list[tuple[str, str]], expected: list[tuple[str, str, str]]
) -> None:
    diff = compare(old, form(folder, replaced(*pairs)))
    assert said(diff) == expected
    assert diff.worst == (expected[0][2] if expected else None)
    for change in diff.changes:
        assert change.vi
        assert change.en


def test_what_was_renamed_before_is_no_change(folder: Path) -> None:
    extent = "| | decimal | {} | Rộng | Size | | | | | | | {} |\n"
    once = replaced((row("size"), "| | hidden | size |\n" + extent.format("extent", "size")))
    hidden = "| | hidden | size |\n| | hidden | extent |\n"
    twice = replaced((row("size"), hidden + extent.format("area", "extent size")))
    assert compare(form(folder, once), form(folder, once)).changes == ()
    again = compare(form(folder, once), form(folder, twice))
    assert said(again) == [("question_renamed", "area", "new_version")]
    assert said(compare(form(folder, OLD), form(folder, twice)))[0] == ("question_renamed", "area", "new_version")


def test_the_gravest_comes_first(old: Form, folder: Path) -> None:
    text = replaced(("| Rooms |", "| R |"), (". > 0", ". > 1"), ("| | wall | wood | Gỗ | Wood | |\n", ""))
    grades = [change.grade for change in compare(old, form(folder, text)).changes]
    assert grades == sorted(grades, key=GRADES.index, reverse=True)
    assert set(grades) == set(GRADES)


def test_old_and_new_are_shown(old: Form, folder: Path) -> None:
    (change,) = compare(old, form(folder, replaced((". > 0", ". > 1")))).changes
    assert (change.old, change.new) == (". > 0", ". > 1")


def test_a_source_its_workbook_and_its_xform_are_one_form(tmp_path: Path) -> None:
    """Nothing is lost on the way that a diff would see, of any shipped form."""
    for path in sorted(SOURCES.glob("*.md")):
        built = write_form(read_source(path), STANDARD, CONSTANTS, tmp_path)
        of_source = read_form(path, STANDARD, CONSTANTS)
        for file in (built.xlsx, built.xml):
            assert compare(of_source, read_form(file, STANDARD, CONSTANTS)).changes == ()
        assert of_source.version == built.version


def test_another_round_changes_constants_alone(tmp_path: Path) -> None:
    path = SOURCES / "household.md"
    later = RoundConstants("2027", date(2027, 9, 1), "33")
    diff = compare(read_form(path, STANDARD, CONSTANTS), read_form(path, STANDARD, later))
    assert {change.kind for change in diff.changes} == {"calculation"}
    assert {change.name for change in diff.changes} == {"round_id", "review_date"}


@pytest.mark.parametrize("text", ["", "<a/>", "not a form", "<h:html xmlns:h='http://www.w3.org/1999/xhtml'/>"])
def test_what_is_no_form_is_refused(text: str, old: Form) -> None:
    with pytest.raises(FormError, match="not an XForm"):
        compare(old, text)


@pytest.mark.parametrize(
    ("name", "content"), [("no.md", None), ("a.xlsx", b"x"), ("a.xml", b"\xff\xfe"), ("a.txt", b"")]
)
def test_a_file_that_holds_no_form_is_named(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FormError, match=name):
        read_form(tmp_path / name, STANDARD, CONSTANTS)
