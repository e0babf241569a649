"""The answers: codes, thresholds met exactly, what is asked at which age, GPS."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from poverty.frames import HOUSEHOLD_CHOICES, HOUSEHOLD_MULTIPLE, HOUSEHOLDS, INCOME_SOURCES, MEMBER_CHOICES, MEMBERS
from sandbox.population import Province
from tests.sandbox.population_squares import province

REVIEW_DATE = pd.Timestamp("2026-09-01")


@pytest.fixture(scope="module")
def made() -> Province:
    return province()


def ages(members: pd.DataFrame) -> pd.Series:
    """Full years on the review date, worked out by hand: birthday reached, or year minus year."""
    date = members["birth_date"]
    early = (date.dt.month * 100 + date.dt.day) > 901
    from_date = (2026 - date.dt.year - early).astype("Float64")
    return from_date.fillna((2026 - members["birth_year"]).astype("Float64"))


def test_frames_have_the_columns_of_the_contract(made: Province) -> None:
    HOUSEHOLDS.validate(made.households)
    MEMBERS.validate(made.members)
    assert set(made.households.columns) == {*HOUSEHOLDS.columns, "enumerator", "visited_at"}
    assert set(made.members.columns) == set(MEMBERS.columns)
    assert (made.households["review_date"] == REVIEW_DATE).all()


def test_every_code_is_on_its_list_and_every_code_of_the_lists_occurs() -> None:
    made = province(20_000)
    for choices, frame in ((HOUSEHOLD_CHOICES, made.households), (MEMBER_CHOICES, made.members)):
        for question, codes in choices.items():
            given = set(frame[question].dropna())
            # A few `dk` are never needed: what is unknown may simply be missing.
            assert given <= set(codes), question
            assert set(codes) - given <= {"dk"}, question
    for question, codes in HOUSEHOLD_MULTIPLE.items():
        given = made.households[question].dropna()
        assert set(" ".join(given).split()) <= set(codes)
        alone = given[given.str.contains(r"\b(?:none|dk)\b")]
        assert not alone.str.contains(" ").any()


def test_incomes_are_whole_and_fit_the_form(made: Province) -> None:
    for source in INCOME_SOURCES:
        amounts = made.households[source].dropna()
        assert (amounts % 1 == 0).all()
        assert amounts.between(0, 999_999_999).all()


def test_some_stand_exactly_at_the_line_or_just_above(made: Province) -> None:
    line = made.households["area_class"].map({"rural": 1_500_000, "urban": 2_000_000})
    sources = [source for source in INCOME_SOURCES if source != "income_allowance"]
    beyond = made.households[sources].sum(axis=1, skipna=False) - line * 12 * made.truth["member_count"]
    below = made.truth["below_line"]
    assert below[(beyond == 0).fillna(False)].all()
    assert (beyond == 0).sum() > 20
    assert not below[(beyond == 1_000).fillna(False)].any()
    assert (beyond == 1_000).sum() > 5


def test_some_have_exactly_eight_square_metres_a_person(made: Province) -> None:
    exactly = made.households["floor_area"] == 8 * made.truth["member_count"]
    assert exactly.sum() > 50
    assert not made.truth.loc[exactly.fillna(False), "d08"].any()


def test_in_some_exactly_half_are_dependents(made: Province) -> None:
    members = made.members
    dependent = (ages(members) < 16).fillna(False) | members["allowance"].isin(["elderly", "disability"])
    met = made.truth[made.truth["outcome"] == "met"]
    half = 2 * dependent.groupby(level=0).sum() == met["member_count"]
    known = met["d02"].notna()
    assert (half & known).sum() > 50
    assert not met.loc[half & known, "d02"].any()


@pytest.mark.parametrize("age", [3, 6, 12, 15, 16, 18, 30, 31])
def test_some_complete_an_edge_age_on_the_day_and_some_the_day_after(age: int) -> None:
    dates = province(20_000).members["birth_date"]
    assert (dates == pd.Timestamp(2026 - age, 9, 1)).sum() > 5
    assert (dates == pd.Timestamp(2026 - age, 9, 2)).sum() > 5


def test_births_are_full_or_year_only_or_not_known(made: Province) -> None:
    members = made.members
    full, year = members["birth_precision"] == "full", members["birth_precision"] == "year"
    assert (members["birth_date"].notna() == full.fillna(False)).all()
    assert (members["birth_year"].notna() == year.fillna(False)).all()
    assert 0 < members["birth_precision"].isna().sum() < 0.01 * len(members)
    assert (members["birth_date"].dropna() <= REVIEW_DATE).all()
    by_year = year.fillna(False)[ages(members) >= 70].mean()
    assert by_year > 0.3 > 0.1 > year.fillna(False)[ages(members) < 40].mean()


def test_questions_are_asked_where_they_matter(made: Province) -> None:
    members = made.members
    age = ages(members)
    for question, low, high in (
        ("attending", 3, 31),
        ("job_training", 16, 31),
        ("work", 15, 200),
        ("insured", 6, 200),
        ("malnourished", 0, 16),
    ):
        outside = ((age < low) | (age >= high)).fillna(False)
        assert members.loc[outside, question].isna().all(), question
        assert members.loc[~outside, question].notna().mean() > 0.97, question
    assert members.loc[members["work"] != "wage", "contract"].isna().all()


def test_gps_is_missing_for_about_one_in_twenty(made: Province) -> None:
    position = made.households[["latitude", "longitude", "gps_accuracy"]]
    missing = position.isna()
    assert missing.any(axis=1).equals(missing.all(axis=1))
    met = made.households["outcome"] == "met"
    assert missing.loc[met, "latitude"].mean() == pytest.approx(0.05, abs=0.01)
    assert missing.loc[~met].all(axis=None)
    accuracy = position["gps_accuracy"].dropna()
    assert accuracy.between(3, 90).all()
    assert accuracy.between(3, 15).mean() == pytest.approx(0.99, abs=0.005)
    there = ~missing["latitude"]
    assert (position.loc[there, "latitude"] == made.truth.loc[there, "latitude"]).all()


def test_a_place_is_given_where_it_was_agreed_to_and_found_else_there_is_a_reason(made: Province) -> None:
    of_met = made.households[made.households["outcome"] == "met"]
    agreed, point = of_met["consent_gps"] == "yes", of_met["latitude"].notna()
    assert not (point & ~agreed).any()
    wanted = agreed & (~point | (of_met["gps_accuracy"] > 50).fillna(False))
    assert (of_met["gps_reason"].notna() == wanted).all()
    assert 0.005 < (~agreed).mean() < 0.03
    assert 0.04 < (of_met["consent_photo"] == "no").mean() < 0.08


def test_a_few_households_are_not_met_and_nothing_is_known_of_them() -> None:
    made = province(20_000)
    away = made.households["outcome"] != "met"
    assert 0.004 < away.mean() < 0.012
    assert (made.truth["outcome"] == made.households["outcome"]).all()
    assert (made.truth.loc[away, "proposed_class"] == "undetermined").all()
    said = made.households.loc[away].drop(columns=["enumerator", "visited_at"]).notna().any()
    of_all = {"round_id", "review_date", "commune_code", "area_class", "village_id", "on_list", "household_code"}
    assert set(said[said].index) == of_all | {"outcome", "remarks"}
    assert not made.members.index.isin(made.households.index[away], level=0).any()


def test_the_mothers_word_is_never_what_a_decided_nutrition_rests_on(made: Province) -> None:
    members = made.members
    answered = members["malnourished"].isin(["yes", "no"])
    assert (members["nutrition_source"].notna() == answered).all()
    told = members[members["nutrition_source"] == "mother"]
    assert len(told) > 10
    d03 = made.truth["d03"].reindex(told.index.get_level_values(0))
    others = members["malnourished"].eq("yes") & members["nutrition_source"].isin(["station", "measured"])
    carried = others.groupby(level=0).any().reindex(d03.index)
    assert (d03.isna() | (d03 & carried)).all()


def test_phones_are_mobile_numbers_of_their_own(made: Province) -> None:
    pattern = re.compile(r"0(3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-46-9])\d{7}")
    phones = made.households["phone"]
    assert phones.dropna().map(lambda number: bool(pattern.fullmatch(number))).all()
    assert phones.dropna().is_unique
    assert 0.05 < phones.isna().mean() < 0.2


def test_enumerators_do_eight_to_twelve_by_daylight_in_their_village() -> None:
    made = province(6_000, "full")
    visits = made.households
    assert str(visits["visited_at"].dt.tz) == "Asia/Ho_Chi_Minh"
    assert visits["visited_at"].between("2026-09-01 00:00+07:00", "2026-10-30 23:59+07:00").all()
    assert visits["visited_at"].dt.hour.between(7, 18).all()
    days = visits.groupby(["enumerator", visits["visited_at"].dt.date]).size()
    assert days.max() <= 12
    # Only a last day may be shorter.
    last = days.groupby(level=0).tail(1).index
    assert days.drop(last).min() >= 8
    villages = made.enumerators.set_index("enumerator_id")["village_ids"]
    assert (visits["enumerator"].map(villages) == visits["village_id"]).all()
    assert made.enumerators["enumerator_id"].is_unique
