"""The shipped standard says what the decree says; a broken file is refused with its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from poverty import StandardError, load_standard, standard_for
from poverty.standard import SHIPPED, check_validity

NAME = "nd07-2021.yaml"
SOURCE = (SHIPPED / NAME).read_text(encoding="utf-8")


def test_nd07_figures() -> None:
    standard = load_standard("nd07-2021")
    assert dict(standard.income.lines.values) == {"rural": 1_500_000, "urban": 2_000_000}
    assert standard.income.lines_status == "official"
    assert (standard.cut, standard.cut_status) == (3, "official")
    assert [rule.id for rule in standard.rules] == [f"d{i:02}" for i in range(1, 13)]
    assert standard.score.b1_cut == {"rural": 140, "urban": 175}
    assert (standard.score.b2_points, standard.score.b2_cut, standard.score.status) == (10, 30, "unofficial")
    per_dimension = [sum(rule.dimension == d.id for rule in standard.rules) for d in standard.dimensions]
    assert per_dimension == [2] * 6


def test_nothing_guessed_is_marked_official() -> None:
    standard = load_standard("nd07-2021")
    assert {rule.status for rule in standard.rules} == {"unofficial", "illustrative"}
    assert standard.income.status == "illustrative"
    assert standard.provisional


def test_nd351_figures() -> None:
    standard = load_standard("nd351-2025")
    assert dict(standard.income.lines.values) == {"rural": 2_200_000, "urban": 2_800_000}
    assert standard.cut == 3
    assert [rule.id for rule in standard.rules] == [f"d{i:02}" for i in range(1, 13)]
    per_dimension = [sum(rule.dimension == d.id for rule in standard.rules) for d in standard.dimensions]
    assert per_dimension == [2, 2, 2, 2, 1, 3]
    assert "Phương tiện phục vụ tiếp cận thông tin" not in {rule.name.vi for rule in standard.rules}


def test_what_nobody_has_read_of_nd351_is_not_said_to_be_known() -> None:
    standard = load_standard("nd351-2025")
    assert {rule.status for rule in standard.rules} == {"illustrative"}
    assert (standard.income.lines_status, standard.cut_status) == ("unofficial", "unofficial")
    assert standard.score is None


def test_a_standard_of_official_parts_is_not_provisional() -> None:
    standard = load_standard("nd07-2021")
    confirmed = replace(
        standard,
        rules=tuple(replace(rule, status="official") for rule in standard.rules),
        income=replace(standard.income, status="official"),
    )
    assert not confirmed.provisional


@pytest.mark.parametrize(
    "year, expected", [(2022, "nd07-2021"), (2026, "nd07-2021"), (2027, "nd351-2025"), (2030, "nd351-2025")]
)
def test_the_standard_of_a_review_year(year: int, expected: str) -> None:
    assert standard_for(year).id == expected


@pytest.mark.parametrize("year", [2021, 2031])
def test_a_year_without_a_standard_is_refused(year: int) -> None:
    with pytest.raises(StandardError, match=rf"no standard for the review of {year}.*nd07-2021 \(2022-2026\)"):
        standard_for(year)


def test_an_unknown_id_is_refused() -> None:
    with pytest.raises(StandardError, match=r"no standard `nd99`; there are: .*nd07-2021"):
        load_standard("nd99")


def test_two_standards_for_one_year_are_refused() -> None:
    first = load_standard("nd07-2021")
    with pytest.raises(StandardError, match=r"other\.yaml: review_years: 2026 is already under nd07-2021"):
        check_validity([replace(first, id="other", first_year=2026, last_year=2030), first])
    with pytest.raises(StandardError, match="two standards have the id"):
        check_validity([first, replace(first, first_year=2027, last_year=2030)])
    check_validity([replace(first, id="other", first_year=2027, last_year=2030), first])


def _load(tmp_path: Path, old: str, new: str, count: int = 1) -> None:
    assert old in SOURCE
    file = tmp_path / NAME
    file.write_text(SOURCE.replace(old, new, count), encoding="utf-8")
    load_standard(file)


def test_the_file_itself_loads_from_a_path(tmp_path: Path) -> None:
    file = tmp_path / NAME
    file.write_text(SOURCE, encoding="utf-8")
    assert load_standard(file) == load_standard("nd07-2021")


@pytest.mark.parametrize(
    "old, new, said",
    [
        (
            "- in: {insured: [no]}",
            "- in: {insured: [never]}",
            "rules[3].when.any.members.all[1].in.insured[0]: `never`",
        ),
        ("compare: [{per_member: floor_area}", "compare: [{per_head: floor_area}", "rules[7].when.compare[0].per_head"),
        ("    status: unofficial\n    when:", "    when:", "rules[0].status: Field required"),
        ("    status: unofficial\n    when:", "    status: certain\n    when:", "rules[0].status: Input should be"),
        (
            "    source: Nghị định 07/2021/NĐ-CP, Phụ lục; lời văn theo tài liệu không chính thức\n",
            "",
            "rules[0].source: Field required",
        ),
        (
            "    source: Nghị định 07/2021/NĐ-CP, Phụ lục; lời văn theo tài liệu không chính thức\n",
            "    source: ' '\n",
            "rules[0].source: String should match",
        ),
        (
            "- in: {insured: [no]}",
            "- equals: {insured: no}",
            "rules[3].when.any.members.all[1].equals: unknown operator",
        ),
        ('compare: [age, ">=", 6]', 'compare: [age, "=>", 6]', "rules[3].when.any.members.all[0].compare[1]: unknown"),
        ("- id: d02", "- id: d01", "rules[1].id: `d01` is already taken by [0]"),
        ("{vi: Dinh dưỡng, en: Nutrition}", "{vi: Việc làm, en: Nutrition}", "rules[2].name.vi: `Việc làm`"),
        ("    dimension: health", "    dimension: happiness", "rules[2].dimension: `happiness` is not one of"),
        ("  - id: d03\n", "  - id: d03\n    weight: 2\n", "rules[2].weight: Extra inputs"),
        ("  - id: d03\n", "  - id: d03\n    source: x\n", "rules[2].source: stands twice (line"),
        ("id: nd07-2021\n", "id: nd07-2021\nid: nd08-2021\n", "id: stands twice"),
        ("lines: {rural: 1500000, urban: 2000000}", "lines: {rural: 1500000}", "income.lines.lookup.area_class"),
        ("b1_cut: {rural: 140, urban: 175}", "b1_cut: {rural: 140, town: 175}", "score.b1_cut.lookup.area_class"),
        ("  cut: 3", "  cut: 13", "deprivations.cut: 13 of 12 rules"),
        ("  cut: 3", "  cut: three", "deprivations.cut: Input should be a valid integer"),
        ("first: 2022, last: 2026", "first: 2027, last: 2026", "review_years.last: lies before"),
        ("review_year_minus_birth_year}", "completed}", "ages.year_only: Input should be"),
        ("rules:\n", "rulez:\n", "rules: Field required"),
        ("title:", "title: [", "is not readable as YAML"),
        ("        - 12\n", "        - rooms\n", "income.monthly_per_person.value.divide[1]: no question `rooms`"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(StandardError) as refusal:
        _load(tmp_path, old, new)
    assert str(refusal.value).startswith(f"{NAME}: ")
    assert said in str(refusal.value)


def test_a_file_that_is_not_there_or_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(StandardError, match=r"gone\.yaml: cannot be read: No such file"):
        load_standard(tmp_path / "gone.yaml")
    for content in ("", "- a\n- b\n", "text"):
        (tmp_path / "odd.yaml").write_text(content, encoding="utf-8")
        with pytest.raises(StandardError, match=r"odd\.yaml: the file: "):
            load_standard(tmp_path / "odd.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(StandardError, match=r"bytes\.yaml: is not readable as YAML"):
        load_standard(tmp_path / "bytes.yaml")


def test_a_shipped_file_is_named_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nd08.yaml").write_text(SOURCE, encoding="utf-8")
    monkeypatch.setattr("poverty.standard.SHIPPED", tmp_path)
    with pytest.raises(StandardError, match=r"nd08\.yaml: id: expected `nd08`"):
        load_standard("nd08")


@pytest.mark.parametrize(
    "years", ["{first: 2026, last: 2030}", "{first: 2020, last: 2022}", "{first: 2023, last: 2024}"]
)
def test_shipped_standards_in_force_together_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: str
) -> None:
    (tmp_path / NAME).write_text(SOURCE, encoding="utf-8")
    other = SOURCE.replace("id: nd07-2021", "id: nd99-2099").replace("{first: 2022, last: 2026}", years)
    (tmp_path / "nd99-2099.yaml").write_text(other, encoding="utf-8")
    monkeypatch.setattr("poverty.standard.SHIPPED", tmp_path)
    with pytest.raises(StandardError, match=r"\.yaml: review_years: 20\d\d is already under nd"):
        load_standard("nd07-2021")


def test_a_file_outside_may_bear_any_name(tmp_path: Path) -> None:
    (tmp_path / "stricter.yaml").write_text(SOURCE, encoding="utf-8")
    assert load_standard(tmp_path / "stricter.yaml").id == "nd07-2021"
