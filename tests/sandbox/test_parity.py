"""Phone against server over generated households: no difference, and households worth comparing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from poverty import ages, classify, load_standard
from poverty.standard import SHIPPED
from sandbox.parity import check
from sandbox.parity.cases import draw
from sandbox.parity.check import fill, shares
from sandbox.parity.compare import compare
from sandbox.parity.phones import received
from sandbox.parity.thresholds import ages_of, turns_of
from server.cli import parity as command

EXAMPLE = SHIPPED / "examples" / "province-stricter.yaml"
EVERY_OPERATOR = Path(__file__).parents[1] / "poverty" / "every-operator.yaml"
STANDARDS = pytest.mark.parametrize("name", ["nd07-2021", "nd351-2025", EXAMPLE], ids=["nd07", "nd351", "province"])
REVIEW = date(2026, 9, 1)


@STANDARDS
def test_phone_and_server_agree(name: str | Path) -> None:
    progress: list[tuple[int, int]] = []
    result = check(load_standard(name), 16, seed=1, progress=lambda done, total: progress.append((done, total)))
    assert result.mismatches == ()
    assert result.values > 16 * 20
    assert progress == [(done, 16) for done in range(1, 17)]


@STANDARDS
def test_every_rule_comes_out_each_way_on_both_sides_of_the_cut(name: str | Path) -> None:
    standard = load_standard(name)
    households, members = draw(standard, 1_000, REVIEW, 2026)
    found = classify(households, members, standard)
    for rule in standard.rules:
        assert set(found[rule.id].map({True: 1, False: 0}).fillna(-1)) == {1, 0, -1}, rule.id
    assert set(found["proposed_class"]) == {"poor", "near_poor", "not_poor", "undetermined"}
    known = found[found["deprivations_min"] == found["deprivations_max"]]["deprivations_min"]
    assert {standard.cut - 1, standard.cut} <= set(known)


@STANDARDS
def test_incomes_stand_at_the_line_and_one_dong_off(name: str | Path) -> None:
    standard = load_standard(name)
    households, members = draw(standard, 1_000, REVIEW, 2026)
    sources = ["income_wage", "income_farm", "income_business", "income_other"]
    year = households[sources].sum(axis=1, skipna=False)
    people = members.groupby(level="interview_id").size()
    line = households["area_class"].map(dict(standard.income.lines.values)) * 12 * people
    for area in ("rural", "urban"):
        off = (year - line)[households["area_class"] == area]
        assert {-1, 0, 1} <= set(off.dropna())
        assert {-1, 0, 1} <= set((off / 12 / people).dropna())


def test_people_stand_on_every_edge_of_age_and_beside_it() -> None:
    standard = load_standard("nd07-2021")
    assert ages_of(standard) == {3, 6, 12, 15, 16, 18, 30}
    households, members = draw(standard, 1_000, REVIEW, 2026)
    born = members["birth_date"].dropna()
    for age in (3, 5, 6, 12, 16, 18, 30, 31):
        day = pd.Timestamp(REVIEW) - pd.DateOffset(years=age)
        assert {day - pd.Timedelta(days=1), day, day + pd.Timedelta(days=1)} <= set(born), age
    assert (born == pd.Timestamp(REVIEW)).any()  # on the very day
    assert (members["birth_year"] == REVIEW.year).any()
    assert ages(members, households["review_date"]).isna().any()
    assert {1, 15} <= set(members.groupby(level="interview_id").size())


def test_floor_areas_stand_at_the_threshold_per_person() -> None:
    assert turns_of(load_standard(EXAMPLE)) == {"floor_area": {(8.0, True), (10.0, True)}}
    households, members = draw(load_standard(EXAMPLE), 400, REVIEW, 2026)
    people = members.groupby(level="interview_id").size()
    off = (households["floor_area"] - 10 * people).dropna().round(2)
    assert {-0.01, 0.0, 0.01} <= set(off)


def test_the_same_seed_draws_the_same_households() -> None:
    standard = load_standard("nd07-2021")
    for first, again in zip(draw(standard, 20, REVIEW, 5), draw(standard, 20, REVIEW, 5), strict=True):
        pd.testing.assert_frame_equal(first, again)
    assert not draw(standard, 20, REVIEW, 5)[0].equals(draw(standard, 20, REVIEW, 6)[0])


def test_review_dates_are_of_the_standard_s_years_with_a_leap_day() -> None:
    assert shares(load_standard("nd07-2021"), 5) == [(date(2022, 9, 1), 3), (date(2024, 2, 29), 2)]
    assert shares(load_standard("nd351-2025"), 1) == [(date(2027, 9, 1), 1)]


def test_the_command_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    command.parity(households=2, standard="nd07-2021", seed=3, json=True)
    printed = json.loads(capsys.readouterr().out)
    assert (printed["households"], printed["mismatches"], printed["standard"]) == (2, 0, "nd07-2021")
    assert printed["values"] > 2 * 19


def test_the_command_ends_with_1_when_a_value_differs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from poverty import vectorised

    real = vectorised._compare
    monkeypatch.setattr(vectorised, "_compare", lambda left, op, right: real(right, op, left))
    with pytest.raises(SystemExit) as end:
        command.parity(households=2, standard="nd07-2021", seed=3, json=False)
    assert end.value.code == 1
    assert "máy chủ" in capsys.readouterr().out


def test_every_operator_of_the_language_means_the_same_on_a_phone() -> None:
    standard = load_standard(EVERY_OPERATOR)
    sent = fill(standard, 25, REVIEW, seed=5).sent
    values, found = compare(sent, *received(sent), standard)
    assert found == []
    assert values > 25 * 25
