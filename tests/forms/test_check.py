"""Checking a form: each house rule passes for every shipped source and fails for a broken one, at its line."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from forms import census_rules, house_rules
from forms.build import FORM_NAMES
from forms.check import check_form
from forms.errors import FormError
from forms.expressions import FUNCTIONS
from forms.findings import Finding
from forms.house import check_source, refuse
from forms.java import VALIDATE_JAR
from forms.source import SOURCES, read_tables
from poverty.standard import load_standard, shipped_standards

STANDARDS = shipped_standards()
ND07 = load_standard("nd07-2021")

#: A small form that keeps every rule; the tests break it one place at a time.
SOUND = """
| survey |
| | type | name | label::Tiếng Việt (vi) | label::English (en) | relevant | constraint | constraint_message::Tiếng Việt (vi) | constraint_message::English (en) | calculation | choice_filter | parameters | save_to | renamed_from |
| | start | started_at | | | | | | | | | | | |
| | end | ended_at | | | | | | | | | | | |
| | deviceid | device_id | | | | | | | | | | | |
| | username | enumerator | | | | | | | | | | | |
| | audit | audit | | | | | | | | | track-changes=true location-priority=balanced location-min-interval=60 location-max-age=120 | | |
| | begin_group | about | Hộ | Household | | | | | | | | | |
| | select_one_from_file households.csv | chosen | Hộ nào | Which one | | | | | | assignment_key = ${enumerator} | | | |
| | calculate | code | | | | | | | instance('households')/root/item[name = ${chosen}]/household_code | | | household_code | old_code |
| | hidden | old_code | | | | | | | | | | | |
| | calculate | person | | | | | | | instance('households')/root/item[name = ${chosen}]/head_name | | | | |
| | text | full_name | Họ tên | Name | | string-length(.) < 100 | Quá dài. | Too long. | | | | | |
| | integer | rooms | Số phòng của ${full_name} | Rooms of ${full_name} | ${full_name} != '' | . > 0 and . < 50 | Từ 1 đến 49. | From 1 to 49. | | | | | |
| | calculate | doubled | | | | | | | ${rooms} * 2 | | | | |
| | select_one yes_no | tidy | Gọn gàng? | Tidy? | ${doubled} > 2 | | | | | | | | |
| | image | photo | Ảnh | Photo | | | | | | | max-pixels=1024 | | |
| | end_group | | | | | | | | | | | | |
| choices |
| | list_name | name | label::Tiếng Việt (vi) | label::English (en) | renamed_from |
| | yes_no | yes | Có | Yes | y |
| | yes_no | no | Không | No | |
| settings |
| | form_title | form_id | version | default_language | client_editable | instance_name |
| | Thử | sound | {{version}} | Tiếng Việt (vi) | yes | concat(${code}, ' ', format-date(${started_at}, '%d/%m')) |
| entities |
| | list_name | label |
| | visits | 'Đã làm' |
"""  # noqa: E501


def source_file(folder: Path, text: str, name: str = "sound") -> Path:
    path = folder / f"{name}.md"
    path.write_text(text, encoding="utf-8")
    return path


def findings(folder: Path, text: str) -> list[Finding]:
    return check_source(read_tables(source_file(folder, text)), STANDARDS)


def changed(text: str, old: str, new: str) -> tuple[str, int]:
    """The text with one change, and the line of it."""
    assert text.count(old) == 1, old
    return text.replace(old, new), text[: text.index(old)].count("\n") + 1


def brief(found: Iterable[Finding]) -> list[tuple[str, int]]:
    return [(finding.rule, finding.line) for finding in found]


@pytest.mark.parametrize("name", FORM_NAMES)
def test_the_shipped_forms_keep_every_house_rule(name: str) -> None:
    assert check_source(read_tables(SOURCES / f"{name}.md"), STANDARDS) == []


def test_the_sound_form_keeps_them_too(tmp_path: Path) -> None:
    assert findings(tmp_path, SOUND) == []


BROKEN = [
    ("structure", "| | start | started_at |", "| | end_repeat | |"),
    ("type", "| | integer | rooms |", "| | integr | rooms |"),
    ("column", "| relevant | constraint |", "| relevent | constraint |"),
    ("column", "| default_language |", "| default_langage |"),
    ("duplicate_name", "| | calculate | doubled |", "| | calculate | rooms |"),
    ("name", "| | calculate | doubled |", "| | calculate | |"),
    ("translation", "| Tidy? |", "| |"),
    ("translation", "| Có | Yes |", "| Có | |"),
    ("translation", "| Rooms of ${full_name} |", "| Rooms of ${code} |"),
    ("message", "| Từ 1 đến 49. | From 1 to 49. |", "| | |"),
    ("translation", "| Từ 1 đến 49. | From 1 to 49. |", "| Từ 1 đến 49. | |"),
    ("message", "| string-length(.) < 100 |", "| |"),
    ("function", "string-length(.) < 100", "strin-length(.) < 100"),
    ("function", "string-length(.) < 100", "string-length(., 2) < 100"),
    ("function", "format-date(${started_at}, '%d/%m')", "format-date(${started_at})"),
    ("expression", ". > 0 and . < 50", "(. > 0 and . < 50"),
    ("expression", ". > 0 and . < 50", ". > 0 and . != '"),
    ("clock", "${rooms} * 2", "number(today()) * 2"),
    ("clock", "${full_name} != ''", "now() != ''"),
    ("reference", "${rooms} * 2", "${romms} * 2"),
    ("reference", "| Rooms of ${full_name} |", "| Rooms of ${full_nam} |"),
    ("cycle", "${full_name} != ''", "${tidy} != ''"),
    ("cycle", "${rooms} * 2", "${doubled} * 2"),
    ("personal", "concat(${code}, ' '", "concat(${full_name}, ' '"),
    ("personal", "concat(${code}, ' '", "concat(${person}, ' '"),
    ("personal", "concat(${code}, ' '", "concat(jr:choice-name(${chosen}, '${chosen}'), ' '"),
    ("personal", "| visits | 'Đã làm' |", "| visits | ${person} |"),
    ("list", "| | select_one yes_no |", "| | select_one yes_on |"),
    ("list", "households.csv | chosen", "houses.csv | chosen"),
    ("unused_choice", "| | yes_no | no |", "| | maybe | no |"),
    ("choice", "| | yes_no | no |", "| | yes_no | yes |"),
    ("choice", "| | yes_no | no |", "| | yes_no | no no |"),
    ("filter", "| assignment_key = ${enumerator} |", "| assignment_key = ${enumerator} and vilage = '1' |"),
    ("assignment", "| assignment_key = ${enumerator} |", "| |"),
    ("entity_owner", "| visits | 'Đã làm' |", "| households | 'Đã làm' |"),
    ("entity_list", "| visits | 'Đã làm' |", "| visit | 'Đã làm' |"),
    ("entity_list", "| household_code | old_code |", "| household_cod | old_code |"),
    ("photo", "| max-pixels=1024 |", "| |"),
    ("photo", "| max-pixels=1024 |", "| max-pixels=4096 |"),
    ("paradata", "track-changes=true ", ""),
    ("paradata", "| | deviceid | device_id |", "| | hidden | device_id |"),
    ("client_editable", "| Tiếng Việt (vi) | yes |", "| Tiếng Việt (vi) | |"),
    ("renamed_from", "| household_code | old_code |", "| household_code | rooms |"),
    ("renamed_from", "| household_code | old_code |", "| household_code | older_code |"),
    ("renamed_from", "| Có | Yes | y |", "| Có | Yes | no |"),
]


@pytest.mark.parametrize(("rule", "old", "new"), BROKEN)
def test_a_broken_form_is_named_by_its_rule_at_its_line(tmp_path: Path, rule: str, old: str, new: str) -> None:
    text, line = changed(SOUND, old, new)
    found = [finding for finding in findings(tmp_path, text) if finding.rule == rule]
    assert found, brief(findings(tmp_path, text))
    header = next(number for number, row in enumerate(text.splitlines(), start=1) if "| type |" in row)
    cycle = rule == "cycle"  # named at the first link, wherever the last one was put in
    assert cycle or any(finding.line in (line, header) for finding in found), (line, brief(found))
    assert all(finding.line and finding.text.vi and finding.text.en for finding in found)


def test_every_rule_is_broken_by_some_test() -> None:
    code = "".join(Path(module.__file__ or "").read_text(encoding="utf-8") for module in (house_rules, census_rules))
    code += (Path(house_rules.__file__).parent / "survey.py").read_text(encoding="utf-8")
    rules = set(re.findall(r'finding\(\s*"(\w+)"', code))
    elsewhere = {"input", "long_list"}
    assert rules - elsewhere == {rule for rule, _, _ in BROKEN}


def test_a_group_that_is_never_closed_is_named_where_it_begins(tmp_path: Path) -> None:
    text, _ = changed(SOUND, "| | end_group | |", "| | hidden | about_end |")
    _, line = changed(SOUND, "| | begin_group | about |", "")
    assert brief(findings(tmp_path, text)) == [("structure", line)]


def test_all_findings_come_at_once(tmp_path: Path) -> None:
    text = SOUND
    expected = []
    for rule, old, new in (
        ("translation", "| Tidy? |", "| |"),
        ("reference", "${rooms} * 2", "${romms} * 2"),
        ("photo", "| max-pixels=1024 |", "| |"),
        ("function", "string-length(.) < 100", "strin-length(.) < 100"),
        ("client_editable", "| Tiếng Việt (vi) | yes |", "| Tiếng Việt (vi) | |"),
    ):
        text, line = changed(text, old, new)
        expected.append((rule, line))
    assert brief(findings(tmp_path, text)) == sorted(expected, key=lambda one: one[1])


def test_what_was_meant_is_offered(tmp_path: Path) -> None:
    text, _ = changed(SOUND, "${rooms} * 2", "${romms} * 2")
    (finding,) = findings(tmp_path, text)
    assert "did you mean `rooms`?" in finding.text.en
    assert "có phải `rooms`?" in finding.text.vi


def test_a_list_of_more_than_200_choices_belongs_into_a_file(tmp_path: Path) -> None:
    first = "| | yes_no | no | Không | No | |\n"
    for extra, rules in ((198, []), (199, ["long_list"])):
        more = "".join(f"| | yes_no | c{n} | {n} | {n} | |\n" for n in range(extra))
        text, _ = changed(SOUND, first, first + more)
        assert [finding.rule for finding in findings(tmp_path, text)] == rules


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("water_source", r"\| select_one water_source +\| water_source ", "| select_one toilet | water_source "),
        ("contract", r"\| select_one yes_no +\| contract ", "| select_one yes_no | labour_contract "),
        ("floor_area", r"\| decimal +\| floor_area ", "| text | floor_area "),
        ("toilet", r"\| toilet +\| vip ", "| toilet | vib "),
    ],
)
def test_every_input_of_an_indicator_is_asked_with_its_codes(tmp_path: Path, name: str, old: str, new: str) -> None:
    text = (SOURCES / "household.md").read_text(encoding="utf-8")
    text, changes = re.subn(old, new, text)
    assert changes == 1
    found = check_source(read_tables(source_file(tmp_path, text, "household")), [ND07])
    assert any(finding.rule == "input" and f"`{name}`" in finding.text.en for finding in found)


def test_an_input_outside_its_repeat_is_named(tmp_path: Path) -> None:
    text = (SOURCES / "household.md").read_text(encoding="utf-8")
    moved = next(line for line in text.splitlines() if re.search(r"\| select_one durability +\| wall ", line))
    inside = next(line for line in text.splitlines() if re.search(r"\| select_one allowance +\| allowance ", line))
    text = text.replace(moved + "\n", "").replace(inside, f"{inside}\n{moved}")
    found = check_source(read_tables(source_file(tmp_path, text, "household")), [ND07])
    assert [finding.rule for finding in found] == ["input"]
    assert "outside the repeat member" in found[0].text.en


def test_every_row_that_is_no_row_is_named_at_once(tmp_path: Path) -> None:
    text, first = changed(SOUND, "| | start | started_at |", "start started_at")
    text, second = changed(text, "| | image | photo |", "image photo |")
    found = check_form(source_file(tmp_path, text), [ND07])
    assert brief(found) == [("table", first), ("table", second)]


def test_a_form_that_breaks_a_rule_is_refused_with_every_place(tmp_path: Path) -> None:
    text, first = changed(SOUND, "| Tidy? |", "| |")
    text, second = changed(text, "| max-pixels=1024 |", "| |")
    with pytest.raises(FormError) as error:
        refuse(read_tables(source_file(tmp_path, text)), ND07)
    assert [line.split(" ")[0] for line in str(error.value).splitlines()] == [f"sound.md:{n}:" for n in (first, second)]
    refuse(read_tables(source_file(tmp_path, SOUND)), ND07)


def test_odk_validate_speaks_of_lines_of_the_source(tmp_path: Path) -> None:
    """What only the engine knows: grammar."""
    assert check_form(source_file(tmp_path, SOUND), [ND07]) == []
    text, line = changed(SOUND, "${rooms} * 2", "${rooms} 2 *")
    found = check_form(source_file(tmp_path, text), [ND07])
    assert [finding.rule for finding in found] == ["odk_validate"]
    assert found[0].line == line, found


def test_a_fault_that_a_rule_names_is_not_said_again_by_the_engine(tmp_path: Path) -> None:
    text, _ = changed(SOUND, "${rooms} * 2", "${doubled} * 2")
    found = check_form(source_file(tmp_path, text), [ND07])
    assert [finding.rule for finding in found] == ["cycle"]


def test_the_engine_knows_every_function_that_the_rules_allow() -> None:
    """JavaRosa compares names with those in this class; the rest are read elsewhere or come with Collect."""
    with zipfile.ZipFile(VALIDATE_JAR) as jar:
        code = jar.read("org/javarosa/xpath/expr/XPathFuncExpr.class")
    elsewhere = {"pulldata", "jr:choice-name", "jr:itext", "current", "instance", "text", "node"}
    assert {name for name in FUNCTIONS if name.encode() not in code} <= elsewhere


def test_what_pyxform_says_of_a_question_is_brought_to_its_line(tmp_path: Path) -> None:
    text = SOUND.replace("| chosen |", "| entity |").replace("${chosen}", "${entity}")
    found = check_form(source_file(tmp_path, text), [ND07])
    _, line = changed(SOUND, "households.csv | chosen |", "")
    assert brief(found) == [("pyxform", line)]
