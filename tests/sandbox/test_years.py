"""Households over the years: the truth keeps its promises, and sources err as often as they are told to."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.population.vocabulary import HEAD, SPOUSE
from sandbox.years import Errors, Observed, Rates, State, begin, changes, evolve, observe, person_changes, true_links

FAITHFUL = Errors(**dict.fromkeys(vars(Errors()), 0.0))


def history(households: int, years: int, seed: int) -> list[State]:
    states = [begin(households, 2024, seed)]
    for step in range(1, years):
        states.append(evolve(states[-1], seed * 100 + step))
    return states


@pytest.fixture(scope="module")
def states() -> list[State]:
    return history(4_000, 3, 7)


def assert_whole(state: State) -> None:
    """Everybody lives in one household that is there; one head each; nobody shares a number."""
    people, households = state.people, state.households
    assert people.index.is_unique
    assert households.index.is_unique
    assert people["cccd"].is_unique
    assert set(people["household"]) == set(households.index)
    assert people["relation"].eq(HEAD).groupby(people["household"]).sum().eq(1).all()
    assert people["relation"].eq(SPOUSE).groupby(people["household"]).sum().le(1).all()
    assert households.index.max() < state.next_household
    assert people.index.max() < state.next_person
    assert not households.index.isin(state.closed.index).any()
    assert not people.index.isin(state.departed.index).any()


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 60), st.integers(0, 10**6))
def test_every_year_is_whole_however_small(households: int, seed: int) -> None:
    states = history(households, 4, seed)
    for before, after in pairwise(states):
        assert_whole(after)
        truth = changes(before, after)
        assert set(before.households.index) | set(after.households.index) == set(truth.index)


def test_numbers_are_never_used_again(states: list[State]) -> None:
    assert_whole(states[2])
    gone = states[1].closed.index
    assert not states[2].households.index.isin(gone).any()
    fresh = states[2].households.index.difference(states[1].households.index)
    assert fresh.min() >= states[1].next_household
    born = states[2].people.index.difference(states[1].people.index)
    assert born.min() >= states[1].next_person


def test_what_happens_happens_as_often_as_the_rates_say(states: list[State]) -> None:
    before, after = states[:2]
    truth, size, rates = changes(before, after), len(before.households), Rates()
    count = truth["kind"].value_counts()
    assert count["new"] == rates.new * size
    assert count["split_off"] == rates.split * size
    assert count["merged"] == rates.merged * size
    assert count["gone"] >= rates.gone * size
    assert truth["head_changed"].sum() == pytest.approx(rates.head_changed * size, rel=0.1)
    assert truth["moved"].sum() == pytest.approx(rates.moved * size, rel=0.2)


def test_a_split_leaves_the_head_where_he_was(states: list[State]) -> None:
    before, after = states[:2]
    truth = changes(before, after)
    split = truth[truth["kind"].eq("split_off")]
    heads = before.people[before.people["relation"].eq(HEAD)]
    head_of = pd.Series(heads.index, index=heads["household"])
    assert after.people["household"].reindex(head_of[split["other"]].array).tolist() == split["other"].tolist()
    # Who lives in the new household came from the old one, or was born or came since.
    there = after.people[after.people["household"].isin(split.index)]
    origin = before.people["household"].reindex(there.index)
    expected = split["other"].reindex(there["household"]).array
    assert (origin.isna() | (origin.array == expected)).all()
    assert origin.notna().groupby(there["household"]).any().all()


def test_the_merged_live_in_the_household_that_took_them_in(states: list[State]) -> None:
    before, after = states[:2]
    truth = changes(before, after)
    merged = truth[truth["kind"].eq("merged")]
    people = before.people[before.people["household"].isin(merged.index)]
    now = after.people["household"].reindex(people.index)
    there = now.notna()
    assert there.any()
    assert now[there].tolist() == merged["other"].reindex(people["household"][there.array]).tolist()


def test_truth_follows_over_two_years(states: list[State]) -> None:
    first, second, third = states
    whole, early, late = changes(first, third), changes(first, second), changes(second, third)
    assert set(whole.index[whole["kind"].eq("same")]) == set(early.index[early["kind"].eq("same")]) & set(
        late.index[late["kind"].eq("same")]
    )
    split = whole[whole["kind"].eq("split_off")]
    assert split["other"].isin(first.households.index).all()
    one_step = split.index.intersection(early.index[early["kind"].eq("split_off")])
    assert split["other"][one_step].eq(early["other"][one_step]).all()
    assert len(split) > len(one_step) > 0


def test_people_are_accounted_for(states: list[State]) -> None:
    before, after = states[:2]
    people = person_changes(before, after)
    count = people["what"].value_counts()
    assert len(before.people) == count[["stayed", "changed", "died", "left"]].sum()
    assert len(after.people) == count[["stayed", "changed", "born", "arrived"]].sum()
    assert (count > 0).all()


def test_the_same_seed_gives_the_same_years_and_rows(states: list[State]) -> None:
    again = history(4_000, 3, 7)
    for one, other in zip(states, again, strict=True):
        pd.testing.assert_frame_equal(one.people, other.people)
        pd.testing.assert_frame_equal(one.households, other.households)
    sides = [observe(state, "census", 5).side for state in (states[2], again[2])]
    pd.testing.assert_frame_equal(sides[0].members, sides[1].members)
    pd.testing.assert_frame_equal(sides[0].households, sides[1].households)
    other = observe(states[2], "census", 6).side
    assert not sides[0].members["full_name"].equals(other.members["full_name"])


def test_errors_come_as_often_as_they_should(states: list[State]) -> None:
    seen = observe(states[0], "list", 3)
    plain = observe(states[0], "list", 3, FAITHFUL)
    households, members = seen.side.households, seen.side.members
    assert households["phone"].isna().mean() == pytest.approx(0.45, abs=0.03)
    assert households["latitude"].isna().mean() == pytest.approx(0.85, abs=0.03)
    assert members["cccd"].isna().mean() == pytest.approx(0.40, abs=0.02)
    assert members["birth_date"].isna().mean() == pytest.approx(0.45, abs=0.03)
    assert members["birth_date"].isna().equals(members["birth_year"].notna())
    assert members["cccd"].dropna().str.len().isin([9, 12]).all()
    by_person = [frame.set_axis(which.people.array) for frame, which in _members(seen, plain)]
    wrong, right = by_person[0], by_person[1].reindex(by_person[0].index)
    differing = (wrong["full_name"] != right["full_name"]).mean()
    assert 0.06 < differing < 0.18
    both = wrong["birth_date"].notna()
    assert (wrong["birth_date"][both] != right["birth_date"][both]).mean() == pytest.approx(0.019, abs=0.007)


def _members(*seen: Observed) -> list[tuple[pd.DataFrame, Observed]]:
    return [(one.side.members, one) for one in seen]


def test_a_faithful_source_writes_what_is_true(states: list[State]) -> None:
    state = states[1]
    seen = observe(state, "census", 3, FAITHFUL)
    members = seen.side.members.set_axis(seen.people.array).reindex(state.people.index)
    assert members["birth_date"].dt.date.tolist() == state.people["birth"].dt.date.tolist()
    assert members["cccd"].astype("int64").tolist() == state.people["cccd"].tolist()
    assert members["sex"].eq("male").tolist() == state.people["male"].tolist()
    homes = seen.side.households.set_axis(seen.households.array).reindex(state.households.index)
    assert homes["latitude"].to_numpy(float) == pytest.approx(state.households["latitude"].to_numpy(), abs=1e-6)
    assert homes["phone"].str.fullmatch(r"0\d{9}").all()


def test_keys_are_unique_and_members_numbered(states: list[State]) -> None:
    for source in ("list", "census"):
        side = observe(states[0], source, 3).side
        assert side.households.index.is_unique
        assert side.members.index.is_unique
        numbers = side.members.index.get_level_values(1).to_series(index=side.members.index.get_level_values(0))
        assert (numbers.groupby(level=0).max() == numbers.groupby(level=0).size()).all()
        assert side.members["relation"].xs(1, level=1).eq("head").all()


def test_codes_answered_are_those_on_the_phones_list(states: list[State]) -> None:
    listed = observe(states[0], "list", 3)
    errors = Errors(code_answered=0.85, code_of_neighbour=0.0)
    asked = observe(states[1], "census", 4, errors, listed)
    code = asked.side.households["household_code"].dropna()
    assert listed.households[code].tolist() == asked.households[code.index].tolist()
    listed_villages = listed.side.households["village_id"][code]
    assert listed_villages.tolist() == asked.side.households["village_id"][code.index].tolist()
    truth = changes(states[0], states[1])
    assert 0.7 < len(code) / truth["kind"].eq("same").sum() < 0.9


def test_true_links_name_each_household_once(states: list[State]) -> None:
    listed, asked = observe(states[0], "list", 3), observe(states[1], "census", 4)
    truth = changes(states[0], states[1])
    links = true_links(listed, asked, truth)
    assert links["kind"].value_counts().to_dict() == {
        "same": truth["kind"].eq("same").sum(),
        "split": truth["kind"].eq("split_off").sum(),
        "merge": truth["kind"].eq("merged").sum(),
    }
    same = links[links["kind"].eq("same")]
    assert (listed.households[same["household_code"]].array == asked.households[same["interview_id"]].array).all()
    assert not links["interview_id"][links["kind"].eq("split")].isin(same["interview_id"]).any()


def test_neighbours_share_family_names(states: list[State]) -> None:
    state = states[0]
    heads = state.people[state.people["relation"].eq(HEAD) & state.people["male"]]
    village = state.households["village"].reindex(heads["household"]).to_numpy()
    share = heads["family"].groupby(village).agg(lambda names: names.value_counts(normalize=True).iloc[:3].sum())
    assert np.median(share) > 0.6


def test_no_household_is_no_beginning() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        begin(0)
