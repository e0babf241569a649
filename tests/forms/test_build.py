"""Building: the contract of the frames, both languages, the same bytes every time, errors in words of the source."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pyxform.xls2xform import convert

import forms.build
from forms.build import FORM_NAMES, BuiltForm, RoundConstants, build_form
from forms.errors import FormError
from forms.source import SOURCES, FormSource, read_source
from poverty import frames
from poverty.standard import load_standard
from poverty.xpath import calculations
from tests.forms.household_form import CONSTANTS, build

STANDARD = load_standard("nd07-2021")
_XFORMS = "{http://www.w3.org/2002/xforms}"


@pytest.fixture(scope="module")
def source() -> FormSource:
    return read_source(SOURCES / "household.md")


def test_closed_questions_offer_the_codes_of_the_frames_in_their_order(source: FormSource) -> None:
    contract = frames.HOUSEHOLD_CHOICES | frames.HOUSEHOLD_MULTIPLE | frames.MEMBER_CHOICES
    asked = {}
    for row in source.survey.rows:
        kind, _, list_name = row.get("type").partition(" ")
        if row.get("name") in contract:
            multiple = row.get("name") in frames.HOUSEHOLD_MULTIPLE
            assert kind == ("select_multiple" if multiple else "select_one")
            asked[row.get("name")] = source.choices(list_name)
    assert asked == contract


def test_every_column_of_the_frames_is_a_leaf_in_its_scope(built: BuiltForm) -> None:
    def leaves(element: ET.Element) -> set[str]:
        names = set()
        for child in element:
            name = child.tag.removeprefix(_XFORMS)
            if name != "member":
                names |= leaves(child) if len(child) else {name}
        return names

    instance = ET.parse(built.xml).getroot().find(f".//{_XFORMS}instance")
    assert instance is not None
    member = instance.find(f".//{_XFORMS}member")
    assert member is not None
    gps = {"latitude", "longitude", "gps_accuracy"}
    assert set(frames.HOUSEHOLDS.columns) - gps <= leaves(instance[0])
    assert "location" in leaves(instance[0])
    assert set(frames.MEMBERS.columns) <= leaves(member)


def test_what_the_phone_computes_stands_in_the_form(built: BuiltForm) -> None:
    binds = {bind.get("nodeset", ""): bind for bind in ET.parse(built.xml).getroot().iter(f"{_XFORMS}bind")}
    for calculation in calculations(STANDARD):
        path = f"/data/{'member/person/' if calculation.scope == 'member' else ''}{calculation.name}"
        assert binds[path].get("calculate")
        assert binds[path].get("type") == calculation.type


def test_everything_said_to_people_is_said_in_both_languages(source: FormSource) -> None:
    rows = [*source.survey.rows, *source.sheets["choices"].rows]
    for row in rows:
        for kind in ("label", "hint", "constraint_message"):
            said = [bool(row.get(f"{kind}::{language}")) for language in ("Tiếng Việt (vi)", "English (en)")]
            assert said[0] == said[1], f"line {row.line}: {kind} in one language only"
        if row.get("constraint"):
            assert row.get("constraint_message::English (en)"), f"line {row.line}: a constraint without a message"


def test_multiple_answers_with_none_or_dk_exclude_the_others(source: FormSource) -> None:
    for row in source.survey.rows:
        if row.get("type").startswith("select_multiple"):
            codes = frames.HOUSEHOLD_MULTIPLE[row.get("name")]
            assert ("count-selected(.) = 1" in row.get("constraint")) == ("none" in codes or "dk" in codes)


def test_the_same_build_gives_the_same_bytes(built: BuiltForm, tmp_path: Path) -> None:
    again = build(tmp_path)
    assert again.version == built.version
    assert again.xlsx.read_bytes() == built.xlsx.read_bytes()
    assert again.xml.read_bytes() == built.xml.read_bytes()
    assert again.attachments == ("communes.csv", "villages.csv")


def test_the_workbook_alone_gives_the_same_form(built: BuiltForm) -> None:
    """Central gets the .xlsx and converts it itself."""
    result = convert(built.xlsx.read_bytes(), form_name="data")
    assert result.xform == built.xml.read_text(encoding="utf-8")
    assert result.warnings == []


@pytest.mark.parametrize(
    "constants",
    [
        replace(CONSTANTS, round_id="2026b"),
        replace(CONSTANTS, review_date=date(2026, 10, 15)),
        replace(CONSTANTS, province_code="34"),
    ],
)
def test_other_constants_give_another_version(built: BuiltForm, constants: RoundConstants, tmp_path: Path) -> None:
    other = build_form("household", STANDARD, constants, tmp_path)
    assert other.version != built.version
    assert f"'{constants.review_date.isoformat()}'" in other.xml.read_text()
    assert f"'{constants.round_id}'" in other.xml.read_text()


@pytest.mark.parametrize(("round_id", "province"), [("20'26", "33"), ("", "33"), ("2026", "3"), ("2026", "033")])
def test_constants_that_cannot_stand_in_a_form_are_refused(round_id: str, province: str) -> None:
    with pytest.raises(FormError):
        RoundConstants(round_id, date(2026, 9, 1), province)


def build_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, old: str, new: str) -> tuple[int, str]:
    """(line of the change, message) of a build of the household form with one change."""
    text = (SOURCES / "household.md").read_text(encoding="utf-8")
    found = re.findall(re.escape(old).replace(r"\ ", " +"), text)  # the source is padded into columns
    assert len(found) == 1
    line = text[: text.index(found[0])].count("\n") + 1
    (tmp_path / "household.md").write_text(text.replace(found[0], new), encoding="utf-8")
    monkeypatch.setattr(forms.build, "SOURCES", tmp_path)
    with pytest.raises(FormError) as error:
        build(tmp_path)
    return line, str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("| select_one ethnicity ", "| select_one ethnicities ", "ethnicities"),
        ("{{round_id}} |", "{{round}} |", "not a constant of the round"),
        ("| calculations | member ", "| calculations | person ", "member or household"),
        ("| text | remarks ", "| text | below_line ", "calculation of the standard"),
        ("| text | remarks ", "| text | re marks ", "'name' value is invalid"),
    ],
)
def test_a_fault_is_named_with_its_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, old: str, new: str, words: str
) -> None:
    line, message = build_changed(monkeypatch, tmp_path, old, new)
    assert f"household.md:{line}:" in message
    assert words in message


def test_a_reference_to_nothing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, message = build_changed(monkeypatch, tmp_path, "${work} = 'wage'", "${wrok} = 'wage'")
    assert "household.md" in message
    assert "wrok" in message


def test_a_form_without_calculations_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, message = build_changed(monkeypatch, tmp_path, "| calculations | household ", "| hidden | household ")
    assert "calculations is missing, named household" in message


@pytest.mark.parametrize(
    ("name", "attachments", "lists"),
    [
        ("household", ("communes.csv", "villages.csv"), ("households", "visits")),
        ("application", ("communes.csv", "villages.csv"), ("households",)),
        ("village_meeting", ("communes.csv", "villages.csv"), ("households",)),
        ("backcheck", (), ("backchecks",)),
        ("facility", ("communes.csv", "villages.csv"), ()),
    ],
)
def test_every_form_names_its_files_and_its_entity_lists(
    tmp_path: Path, name: str, attachments: tuple[str, ...], lists: tuple[str, ...]
) -> None:
    form = build_form(name, STANDARD, CONSTANTS, tmp_path)
    assert (form.form_id, form.attachments, form.lists) == (name, attachments, lists)
    named = set(re.findall(r'src="jr://file-csv/([^"]+)"', form.xml.read_text(encoding="utf-8")))
    assert named == {*attachments, *(f"{one}.csv" for one in lists)}
    assert form.version.startswith("20260901-")


def test_every_source_is_a_form_of_the_procedure() -> None:
    assert {path.stem for path in SOURCES.glob("*.md")} == set(FORM_NAMES)


def test_a_form_that_is_not_known_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="there is no form `houshold`; the forms are household, application"):
        build_form("houshold", STANDARD, CONSTANTS, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_the_phone_proposes_is_shown_by_a_setting_off_by_default(built: BuiltForm, tmp_path: Path) -> None:
    shown = build_form("household", STANDARD, CONSTANTS, tmp_path, show_proposal=True)
    assert shown.version != built.version
    said = {form: form.xml.read_text(encoding="utf-8") for form in (built, shown)}
    for form, value in ((built, "false()"), (shown, "true()")):
        assert re.search(rf'nodeset="/data/proposal_poor"[^>]*relevant="{re.escape(value)} and', said[form])


def test_a_form_that_does_not_become_one_leaves_what_stood(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = build_form("facility", STANDARD, CONSTANTS, out)
    held = {path.name: path.read_bytes() for path in out.iterdir()}
    text = (SOURCES / "facility.md").read_text(encoding="utf-8")
    # pyxform's own refusal, after the workbook is written: what no rule of ours looks at.
    (tmp_path / "facility.md").write_text(text.replace("capture-accuracy=10", "capture-accuracy=ten"), encoding="utf-8")
    monkeypatch.setattr(forms.build, "SOURCES", tmp_path)
    with pytest.raises(FormError, match="capture-accuracy"):
        build_form("facility", STANDARD, CONSTANTS, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == held
    assert before.xml.is_file()


def test_a_form_goes_by_its_own_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = (SOURCES / "facility.md").read_text(encoding="utf-8")
    (tmp_path / "facility.md").write_text(text.replace("| facility | {{version}}", "| works | {{version}}"), "utf-8")
    monkeypatch.setattr(forms.build, "SOURCES", tmp_path)
    line = text[: text.index("| facility | {{version}}")].count("\n") + 1
    with pytest.raises(FormError, match=rf"facility\.md:{line}: .*`works`"):
        build_form("facility", STANDARD, CONSTANTS, tmp_path / "out")
