"""A province's stricter standard: it changes what it says, keeps the rest, and cannot be laxer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poverty import StandardError, classify, load_standard, own_standards, standard_for, use_folder
from poverty.standard import SHIPPED
from tests.poverty import strategies
from tests.poverty.households import Answers, frames_of, household, person

EXAMPLE = SHIPPED / "examples" / "province-stricter.yaml"
SOURCE = EXAMPLE.read_text(encoding="utf-8")
NATIONAL, PROVINCE = load_standard("nd07-2021"), load_standard(EXAMPLE)


def test_it_changes_what_it_says_and_keeps_the_rest() -> None:
    assert PROVINCE.based_on == "nd07-2021"
    assert (PROVINCE.first_year, PROVINCE.last_year) == (NATIONAL.first_year, NATIONAL.last_year)
    assert dict(PROVINCE.income.lines.values) == {"rural": 1_800_000, "urban": 2_400_000}
    assert PROVINCE.income.value == NATIONAL.income.value
    assert PROVINCE.score is None  # its B1 cut-offs stood for the national line
    changed = [rule.id for rule, own in zip(NATIONAL.rules, PROVINCE.rules, strict=True) if rule != own]
    assert changed == ["d08"]
    assert PROVINCE.rule("d08").name == NATIONAL.rule("d08").name


@pytest.mark.parametrize("area, deprived", [(15.9, True), (16.0, True), (19.9, True), (20.0, False)])
def test_its_rule_at_the_threshold(area: float, deprived: bool) -> None:
    frames = frames_of(household(person(), person(), floor_area=area))
    assert classify(*frames, PROVINCE)["d08"].iloc[0] == deprived


def test_ten_lines_are_enough() -> None:
    assert len([line for line in SOURCE.splitlines() if line and not line.startswith("#")]) <= 11


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.lists(strategies.households, min_size=1, max_size=4))
def test_no_household_loses_by_it(homes: list[Answers]) -> None:
    frames = frames_of(*homes)
    national, own = classify(*frames, NATIONAL), classify(*frames, PROVINCE)
    ladder = {"not_poor": 0, "near_poor": 1, "poor": 2}
    for before, after in zip(national["proposed_class"], own["proposed_class"], strict=True):
        if before in ladder and after in ladder:
            assert ladder[before] <= ladder[after]
    assert (national["deprivations_min"] <= own["deprivations_min"]).all()


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("rural: 1800000", "rural: 1400000", "income.lines.rural: 1400000 is under the national line of 1500000"),
        ("urban: 2400000", "town: 2400000", "income.lines.lookup.area_class"),
        (
            "rules:",
            "deprivations: {cut: 4, status: illustrative, source: x}\nrules:",
            "deprivations.cut: 4 is above the 3",
        ),
        ("rules:", "review_years: {first: 2025, last: 2027}\nrules:", "review_years: 2025-2027 does not lie within"),
        ("rules:", "review_years: {first: 2026, last: 2025}\nrules:", "review_years: 2026-2025 does not lie within"),
        ("based_on: nd07-2021", "based_on: nd99", "based_on: no standard `nd99`; there are: nd07-2021"),
        ("- id: d08", "- id: d13", "rules[0].id: nd07-2021 has no rule `d13`"),
        ("also_when:", "when:", "rules[0].also_when: Field required"),
        ("floor_area}", "rooms}", "rules[0].also_when.compare[0].per_member: no question `rooms`"),
        ("    status: illustrative\n", "", "rules[0].status: Field required"),
        ("    source: Ví dụ minh họa\n", "", "rules[0].source: Field required"),
        (", lines_status: illustrative", "", "income.lines_status: Field required"),
    ],
)
def test_a_laxer_or_broken_one_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SOURCE
    file = tmp_path / "own.yaml"
    file.write_text(SOURCE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StandardError) as refusal:
        load_standard(file)
    assert str(refusal.value).startswith("own.yaml: ")
    assert said in str(refusal.value)


def test_a_rule_stands_once(tmp_path: Path) -> None:
    rule = SOURCE[SOURCE.index("  - id: d08") :]
    (tmp_path / "own.yaml").write_text(SOURCE + rule, encoding="utf-8")
    with pytest.raises(StandardError, match=r"own\.yaml: rules\[1\]\.id: `d08` stands twice"):
        load_standard(tmp_path / "own.yaml")


def test_a_province_s_file_is_not_shipped_among_the_national_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "province-stricter.yaml").write_text(SOURCE, encoding="utf-8")
    monkeypatch.setattr("poverty.standard.SHIPPED", tmp_path)
    with pytest.raises(StandardError, match=r"province-stricter\.yaml: based_on: "):
        load_standard("province-stricter")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("poverty.standard._folders", [])
    use_folder(tmp_path)
    return tmp_path


def test_a_folder_s_standards_are_found_by_their_ids(folder: Path) -> None:
    with pytest.raises(StandardError, match="no standard `province-stricter`"):
        load_standard("province-stricter")
    (folder / "province-stricter.yaml").write_text(SOURCE, encoding="utf-8")
    assert load_standard("province-stricter") == PROVINCE
    assert [standard.id for standard in own_standards()] == ["province-stricter"]
    assert standard_for(2026) == NATIONAL  # a province's is chosen by name, never by the year


def test_a_file_that_was_changed_is_read_again(folder: Path) -> None:
    file = folder / "province-stricter.yaml"
    file.write_text(SOURCE, encoding="utf-8")
    load_standard("province-stricter")
    file.write_text(SOURCE.replace("1800000", "1900000"), encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert dict(load_standard("province-stricter").income.lines.values)["rural"] == 1_900_000


def test_a_folder_s_file_bears_its_id_and_no_shipped_one(folder: Path) -> None:
    (folder / "other.yaml").write_text(SOURCE, encoding="utf-8")
    with pytest.raises(StandardError, match=r"other\.yaml: id: expected `other`"):
        load_standard("other")
    (folder / "other.yaml").unlink()
    (folder / "nd07-2021.yaml").write_text(SOURCE.replace("id: province-stricter", "id: nd07-2021"), encoding="utf-8")
    assert load_standard("nd07-2021") == NATIONAL
    with pytest.raises(StandardError, match=r"nd07-2021\.yaml: id: `nd07-2021` is the id of a shipped standard"):
        own_standards()
