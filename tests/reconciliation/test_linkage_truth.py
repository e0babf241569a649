"""The linkage against the truth of the generator, on seeds of no benchmark and no model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from reconciliation.linkage import Linkage, Side, default_model, link
from reconciliation.linkage.comparisons import HOUSEHOLDS, PEOPLE
from tests.reconciliation.sides import Case, case, pairs


@pytest.fixture(scope="module")
def made() -> Case:
    return case(4_000, seed=5_150)


@pytest.fixture(scope="module")
def linkage(made: Case) -> Linkage:
    return link(made.listed, made.asked, default_model())


def f1(found: set[tuple[str, str]], true: set[tuple[str, str]]) -> float:
    return 2 * len(found & true) / (len(found) + len(true))


def test_households_are_found_again(made: Case, linkage: Linkage) -> None:
    assert f1(pairs(linkage.households, "same"), pairs(made.links, "same")) > 0.994


def test_parts_and_mergers_are_told_from_households(made: Case, linkage: Linkage) -> None:
    assert f1(pairs(linkage.households, "split"), pairs(made.links, "split")) > 0.92
    assert f1(pairs(linkage.households, "merge"), pairs(made.links, "merge")) > 0.88
    taken_for_the_household = pairs(linkage.households, "same") & pairs(made.links, "split")
    assert len(taken_for_the_household) <= 2


def test_what_is_linked_is_right_and_little_is_left_to_people(made: Case, linkage: Linkage) -> None:
    linked = linkage.households[linkage.households["status"].eq("linked")]
    true = pairs(made.links, "same")
    found = pairs(linked, "same")
    assert len(found & true) / len(found) > 0.998
    assert len(found & true) / len(true) > 0.975
    doubtful = linkage.households[linkage.households["status"].eq("doubtful")]
    assert doubtful["interview_id"].nunique() / len(made.asked.households) < 0.025


def test_the_same_is_one_to_one_and_everybody_is_accounted_for(made: Case, linkage: Linkage) -> None:
    same = linkage.households[linkage.households["kind"].eq("same")]
    assert same["interview_id"].is_unique
    assert same["household_code"].is_unique
    assert not linkage.households.duplicated(["interview_id", "household_code"]).any()
    assert set(linkage.households["interview_id"]) | set(linkage.new) == set(made.asked.households.index)
    assert not set(linkage.households["interview_id"]) & set(linkage.new)
    assert set(linkage.households["household_code"]) | set(linkage.gone) == set(made.listed.households.index)
    assert not set(linkage.households["household_code"]) & set(linkage.gone)
    # A split leaves another interview with the id, a merger another listed household with the interview.
    split = linkage.households[linkage.households["kind"].eq("split")]
    assert split["household_code"].isin(same["household_code"]).all()
    merge = linkage.households[linkage.households["kind"].eq("merge")]
    assert merge["interview_id"].isin(same["interview_id"]).all()


def test_people_are_one_to_one_within_their_pair(linkage: Linkage) -> None:
    pair = ["interview_id", "household_code"]
    assert not linkage.people.duplicated([*pair, "member_no"]).any()
    assert not linkage.people.duplicated([*pair, "registry_member_no"]).any()
    count = linkage.people.groupby(pair).size()
    agree = linkage.households.set_index(pair)["members_agree"]
    assert count.reindex(agree.index).fillna(0).astype(int).equals(agree)


def test_evidence_holds_no_personal_data(linkage: Linkage) -> None:
    for frame, comparisons in ((linkage.people, PEOPLE), (linkage.households, HOUSEHOLDS)):
        for comparison in comparisons:
            numbers = {level.number for level in comparison.levels}
            assert set(frame[comparison.name].unique()) <= numbers
    texts = {"interview_id", "household_code", "kind", "status"}
    for frame in (linkage.people, linkage.households):
        assert {name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])} <= texts


def test_the_order_of_the_rows_changes_nothing(made: Case, linkage: Linkage) -> None:
    rng = np.random.default_rng(1)

    def shuffled(side: Side) -> Side:
        return Side(
            side.households.iloc[rng.permutation(len(side.households))],
            side.members.iloc[rng.permutation(len(side.members))],
        )

    again = link(shuffled(made.listed), shuffled(made.asked), default_model())
    pd.testing.assert_frame_equal(again.households, linkage.households)
    pd.testing.assert_frame_equal(again.people, linkage.people)
    assert (again.new, again.gone) == (linkage.new, linkage.gone)


def test_two_lists_of_two_years_are_linked_alike(made: Case) -> None:
    """The other way round: what was a split is a merger now."""
    back = link(made.asked, made.listed, default_model())
    turned = {(code, interview) for interview, code in pairs(back.households, "same")}
    assert f1(turned, pairs(made.links, "same")) > 0.99
