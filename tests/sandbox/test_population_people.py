"""The people: names, kinship, numbers of identity."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
import pytest

from sandbox.population import Province
from sandbox.population.kinship import KIND_SHARES, KINDS, compose, draw_kinds
from sandbox.population.vocabulary import CHILD, HEAD, NOT_POOR, PARENT, SPOUSE, apportion
from tests.sandbox.population_squares import province


@pytest.fixture(scope="module")
def made() -> Province:
    return province(20_000, "full")


def surnames(names: pd.Series) -> pd.Series:
    return names.str.split(" ").str[0]


def test_names_are_vietnamese_at_their_frequencies(made: Province) -> None:
    names = made.members["full_name"]
    assert all(unicodedata.is_normalized("NFC", name) for name in names)
    assert (names.str.split(" ").str.len().between(2, 4)).all()
    assert not names.str.contains(r"\d|  ").any()
    share = surnames(names).value_counts(normalize=True)
    assert share["Nguyễn"] == pytest.approx(0.384, abs=0.05)
    assert share.index[0] == "Nguyễn"
    assert set(share.index[1:4]) == {"Trần", "Lê", "Phạm"}
    old = made.members["birth_year"] < 1960
    women, men = made.members["sex"] == "female", made.members["sex"] == "male"
    assert names[old & women].str.contains(" Thị ").mean() > 0.8
    assert names[old & men].str.contains(" Văn ").mean() > 0.5
    assert names[made.members["birth_date"] > "2012"].str.contains(" Thị | Văn ").mean() < 0.3


def test_neighbours_share_family_names(made: Province) -> None:
    heads = made.members.xs(1, level="member_no")
    heads = heads[heads["sex"] == "male"]
    village = made.households.loc[heads.index, "village_id"]
    share = pd.crosstab(village, surnames(heads["full_name"]), normalize="index")
    whole = surnames(heads["full_name"]).value_counts(normalize=True)
    # Chance that two neighbours bear the same name, against two people of the province.
    assert (share**2).sum(axis=1).mean() > 1.2 * (whole**2).sum()


def test_children_bear_the_fathers_name_and_nobody_is_called_like_another_at_home(made: Province) -> None:
    members = made.members.assign(surname=surnames(made.members["full_name"]))
    heads = members[members["relation"] == "head"].droplevel("member_no")
    children = members[members["relation"] == "child"].reset_index("member_no")
    father = heads.loc[heads["sex"] == "male", "surname"]
    here = children[children.index.isin(father.index)]
    assert (here["surname"] == father.loc[here.index]).all()
    assert not members.reset_index().duplicated(["interview_id", "full_name"]).any()


def test_everyone_fits_the_kinship() -> None:
    rng = np.random.default_rng(3)
    kinds = draw_kinds(np.full(20_000, NOT_POOR, dtype=np.int8), rng)
    people = compose(kinds, rng)
    assert (np.diff(people.household) >= 0).all()
    heads = people.where(people.relation == HEAD)
    assert (heads.household == np.arange(20_000)).all()
    first = np.r_[True, np.diff(people.household) > 0]
    assert (people.relation[first] == HEAD).all()
    assert people.age.min() == 0
    assert people.age.max() < 110

    spouses = people.relation == SPOUSE
    assert (people.male[spouses] != heads.male[people.household[spouses]]).all()
    assert (np.bincount(people.household[spouses], minlength=20_000) <= 1).all()
    mother = heads.age.astype(float)
    mother[heads.male] = np.nan
    wives = spouses & ~people.male
    mother[people.household[wives]] = people.age[wives]
    children = people.relation == CHILD
    apart = mother[people.household[children]] - people.age[children]
    assert np.nanmin(apart) >= 18
    parents = people.relation == PARENT
    assert (people.age[parents] >= heads.age[people.household[parents]] + 19).all()


def test_households_are_of_every_size_and_three_or_so_on_average(made: Province) -> None:
    sizes = made.truth["member_count"]
    assert set(range(1, 10)) <= set(sizes)
    assert sizes.mean() == pytest.approx(3.3, abs=0.15)
    assert made.members["sex"].eq("female").mean() == pytest.approx(0.5, abs=0.03)


def test_kind_shares_are_complete() -> None:
    for shares in KIND_SHARES.values():
        assert len(shares) == len(KINDS)
        assert sum(shares) == pytest.approx(1)


def test_numbers_of_identity_are_well_formed_and_unique(made: Province) -> None:
    members = made.members[made.members["cccd"].notna()]
    number = members["cccd"]
    assert number.str.fullmatch(r"\d{12}").all()
    assert number.is_unique
    year = members["birth_date"].dt.year.astype("Int64").fillna(members["birth_year"]).dropna()
    known = number.loc[year.index]
    assert (known.str[4:6].astype(int) == year % 100).all()
    century = 2 * (year // 100 - 19) + (members["sex"].loc[year.index] == "female").astype(int)
    assert (known.str[3].astype(int) == century).all()
    assert number.str[:3].isin(["033", "034"]).mean() == pytest.approx(0.88, abs=0.02)
    assert 0.05 < made.members["cccd"].isna().mean() < 0.3


def test_nearly_all_are_kinh(made: Province) -> None:
    share = made.members["ethnicity"].value_counts(normalize=True)
    assert 0.99 < share["01"] < 1
    assert made.members["ethnicity"].str.fullmatch(r"\d\d").all()


def test_apportioning_keeps_the_sum() -> None:
    assert apportion(10, np.array([1.0, 1.0, 1.0])).sum() == 10
    assert apportion(7, np.array([0.0, 3.0, 1.0])).tolist() == [0, 5, 2]
