"""Last year's list against this year's truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from reconciliation import movements
from reconciliation.movements import HOUSEHOLD_COLUMNS
from reconciliation.names import fold
from sandbox.population import Province
from tests.sandbox.population_squares import province


@pytest.fixture(scope="module")
def made() -> Province:
    return province()


def test_list_and_truth_point_to_each_other(made: Province) -> None:
    listed = made.registry_households.set_index("household_code")
    assert listed.index.is_unique
    assert listed["status"].isin(["poor", "near_poor"]).all()
    assert (listed["year"] == 2025).all()
    link = made.truth["registry_code"].dropna()
    assert link.is_unique
    assert link.isin(listed.index).all()
    assert (made.truth.loc[link.index, "previous"] == listed.loc[link, "status"].to_numpy()).all()
    assert (made.truth.loc[link.index, "registry_village_id"] == listed.loc[link, "village_id"].to_numpy()).all()
    assert (made.truth["registry_code"].isna() == (made.truth["previous"] == "none")).all()
    villages = made.villages.set_index("village_id")
    assert (listed["village_id"].map(villages["name"]) == listed["village_name"]).all()
    assert (listed["village_id"].map(villages["commune_code"]) == listed["commune_code"]).all()


def test_every_entry_has_one_head_first_and_names_them(made: Province) -> None:
    members = made.registry_members
    assert not members.duplicated(["household_code", "member_no"]).any()
    heads = members[members["relation"] == "head"].set_index("household_code")
    assert heads.index.is_unique
    assert set(heads.index) == set(made.registry_households["household_code"])
    assert (heads["member_no"] == 1).all()
    named = made.registry_households.set_index("household_code")["head_name"]
    assert (heads["full_name"] == named.loc[heads.index]).all()


def test_the_same_people_stand_on_both_sides(made: Province) -> None:
    now = made.members.reset_index().dropna(subset="cccd").set_index("cccd")
    then = made.registry_members.dropna(subset="cccd").set_index("cccd")
    both = now.index.intersection(then.index)
    assert len(both) > 0.35 * len(then)
    now, then = now.loc[both], then.loc[both]
    assert (now["sex"] == then["sex"]).all()
    assert (now["full_name"].map(fold) == then["full_name"].map(fold)).all()
    with_date = now["birth_date"].notna() & then["birth_date"].notna()
    assert (now["birth_date"] == then["birth_date"])[with_date].all()
    # They stand on the entry of their own household, or of the one they split from.
    truth = made.truth.loc[now["interview_id"]]
    own = truth["registry_code"].fillna(truth["split_from"]).to_numpy()
    assert (then["household_code"].to_numpy() == own).all()


def test_the_list_is_as_noisy_as_intended(made: Province) -> None:
    members = made.registry_members
    assert members["cccd"].isna().mean() == pytest.approx(0.4, abs=0.02)
    assert members["full_name"].map(str.isascii).mean() == pytest.approx(0.03, abs=0.015)
    assert (members["birth_date"].isna() == members["birth_year"].notna()).all()
    assert 0.25 < members["birth_date"].isna().mean() < 0.6
    born_since = members["birth_date"] > pd.Timestamp("2025-09-01")
    assert not born_since.any()
    moved = made.truth["village_id"] != made.truth["registry_village_id"]
    assert 0.005 < moved[made.truth["registry_code"].notna()].mean() < 0.03


@pytest.mark.parametrize("change", ["head_swapped", "head_died", "head_aged", "split_off", "new", "same"])
def test_every_change_occurs(made: Province, change: str) -> None:
    assert (made.truth["change"] == change).sum() >= 10


def test_changed_heads_were_somebody_else(made: Province) -> None:
    listed = made.registry_households.set_index("household_code")["head_name"].map(fold)
    heads = made.members.xs(1, level="member_no")["full_name"].map(fold)
    linked = made.truth.loc[made.truth["outcome"] == "met", "registry_code"].dropna()
    same = pd.Series(heads.loc[linked.index].to_numpy() == listed.loc[linked].to_numpy(), index=linked.index)
    change = made.truth.loc[linked.index, "change"]
    assert same[change == "same"].all()
    assert not same[change.isin(["head_swapped", "head_died", "head_aged"])].any()


def test_who_split_off_was_a_child_on_the_parents_entry(made: Province) -> None:
    split = made.truth[made.truth["change"] == "split_off"]
    assert split["registry_code"].isna().all()
    codes = made.registry_households.set_index("household_code")
    assert split["split_from"].isin(codes.index).all()
    heads = made.members.xs(1, level="member_no").loc[split.index]
    entry = made.registry_members.assign(folded=made.registry_members["full_name"].map(fold))
    children = entry[entry["relation"] == "child"].set_index(["household_code", "folded"]).index
    assert pd.MultiIndex.from_arrays([split["split_from"], heads["full_name"].map(fold)]).isin(children).all()
    parents = made.truth.reset_index().set_index("registry_code").loc[split["split_from"]]
    assert (parents["village_id"].to_numpy() == split["village_id"].to_numpy()).all()


def test_listed_households_that_still_exist_are_visited_and_most_are_found_on_the_list(made: Province) -> None:
    absent = made.movements.query("current == 'absent'")["households"].sum()
    assert made.truth["registry_code"].notna().sum() == len(made.registry_households) - absent
    assert absent / len(made.registry_households) == pytest.approx(0.05, abs=0.005)
    code, true = made.households["household_code"], made.truth["registry_code"]
    given = code.notna()
    assert (code[given] == true[given]).all()
    assert given.sum() / true.notna().sum() == pytest.approx(0.88, abs=0.03)


def test_movements_are_the_transitions_of_the_truth(made: Province) -> None:
    true = made.movements.set_index(["previous", "current"])["households"]
    status = made.registry_households.set_index("household_code")["status"]
    # A household is its code on the list, else its own number; who is not met any more is found gone.
    now = made.truth.set_index(made.truth["registry_code"].fillna(made.truth.index.to_series()))["proposed_class"]
    gone = pd.Series("gone", index=status.index.difference(now.index))
    parts = (("2025-12-31", "list", status), ("2026-11-20", "decision", now), ("2026-09-15", "end", gone))
    rows = pd.concat(
        pd.DataFrame({"household_id": of.index, "date": pd.Timestamp(day), "status": of.to_numpy(), "source": source})
        for day, source, of in parts
    ).assign(number="", commune_code="C", persons=pd.Series(dtype="Int64"))
    nobody = pd.DataFrame(columns=HOUSEHOLD_COLUMNS).astype({"waiting": "str"})
    counted = movements(rows, nobody.astype(dict.fromkeys(HOUSEHOLD_COLUMNS[:3], "datetime64[ns]")), 2026)
    counted = counted.replace({"current": {"gone": "absent"}})
    on_no_list = [("none", "not_poor")]
    assert counted.groupby(["previous", "current"]).size().to_dict() == true.drop(on_no_list).to_dict()
    # The poor of last year less who left them, plus who joined them, are the poor of this year.
    closing = true.xs("poor", level="current").sum()
    assert closing == (made.truth["proposed_class"] == "poor").sum()
    persons = made.movements.query("current != 'absent'")["persons"].sum()
    assert persons == made.truth["member_count"].sum()
    assert made.truth.loc[made.truth["outcome"] == "met", "member_count"].sum() == len(made.members)


def test_kept_poor_and_escaped_are_near_the_row_they_follow(made: Province) -> None:
    poor = made.movements.query("previous == 'poor'").set_index("current")["households"]
    assert (poor / poor.sum())["poor"] == pytest.approx(0.63, abs=0.02)
    assert np.isclose((poor / poor.sum())["near_poor"], 0.2, atol=0.02)
