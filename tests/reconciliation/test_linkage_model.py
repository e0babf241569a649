"""The model: learnt, kept, read again; explained; and cut by what people decided."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reconciliation.linkage import (
    Cuts,
    Model,
    ModelError,
    Side,
    cuts_from_sample,
    default_model,
    explain,
    explain_households,
    fingerprint,
    implied,
    level_wording,
    link,
    train,
)
from reconciliation.linkage.comparisons import HOUSEHOLDS, PEOPLE
from tests.reconciliation.sides import Case, case, pairs, person, side


@pytest.fixture(scope="module")
def made() -> Case:
    return case(3_000, seed=6_600)


@pytest.fixture(scope="module")
def trained(made: Case) -> Model:
    return train(made.listed, made.asked, seed=4)


def test_a_campaign_learns_from_its_own_data(made: Case, trained: Model) -> None:
    linkage = link(made.listed, made.asked, trained)
    found, true = pairs(linkage.households, "same"), pairs(made.links, "same")
    assert 2 * len(found & true) / (len(found) + len(true)) > 0.992
    # What cannot be an accident speaks for, what a clerk does not get wrong against.
    assert trained.weight("cccd", 2) > 12
    assert trained.weight("birth", 7) > 10
    assert trained.weight("sex", 0) < -4
    assert trained.absence.listed < 0
    assert trained.fingerprint == fingerprint(made.listed, made.asked)
    assert trained.rows["registry_households"] == 3_000


def test_the_same_data_and_seed_give_the_same_model(made: Case, trained: Model) -> None:
    turned = Side(made.listed.households.iloc[::-1], made.listed.members.iloc[::-1])
    assert train(turned, made.asked, seed=4).to_json() == trained.to_json()


def test_what_people_decided_is_learnt_from(made: Case, trained: Model) -> None:
    """Households that changed their telephone, of which nothing else would say so, found the same by a person."""
    true = made.links[made.links["kind"].eq("same")]
    both = true.join(made.listed.households["phone"], on="household_code").join(
        made.asked.households["phone"].rename("phone_asked"), on="interview_id"
    )
    changed = both[both["phone"].notna() & both["phone_asked"].notna() & both["phone"].ne(both["phone_asked"])]
    decisions = changed[["interview_id", "household_code"]].assign(verdict="same")
    assert len(decisions) > 20
    taught = train(made.listed, made.asked, seed=4, decisions=decisions)
    assert taught.weight("phone", 0) > trained.weight("phone", 0)
    assert taught.shares["name"] == trained.shares["name"]
    denied = train(made.listed, made.asked, seed=4, decisions=decisions.assign(verdict="different"))
    assert denied.weight("phone", 0) < trained.weight("phone", 0)


def test_a_model_is_read_as_it_was_written(trained: Model, tmp_path: Path) -> None:
    trained.save(tmp_path / "model.json")
    assert Model.load(tmp_path / "model.json") == trained
    assert default_model().to_json() == Model.from_json(default_model().to_json()).to_json()


def test_a_model_names_only_names_that_many_have(trained: Model, made: Case) -> None:
    assert trained.names
    total = trained.rows["registry_members"] + trained.rows["interview_members"]
    assert min(trained.names.values()) * total > 19
    assert not any(character.isdigit() for name in trained.names for character in name)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', "not json"])
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(ModelError):
        Model.from_json(text)


def test_a_model_of_other_comparisons_is_refused() -> None:
    content = json.loads(default_model().to_json())
    del content["shares"]["phone"]
    with pytest.raises(ModelError, match="other comparisons"):
        Model.from_json(json.dumps(content))


def test_too_little_teaches_nothing() -> None:
    few = side({"H": [person("Nguyễn Văn An", 1960, "head")]})
    for other in (few, side({}), side({"i": []})):
        with pytest.raises(ModelError, match="too little"):
            train(few, other, seed=1)


def test_the_fingerprint_is_of_the_rows_and_not_of_their_order(made: Case) -> None:
    turned = Side(made.listed.households.iloc[::-1], made.listed.members.iloc[::-1])
    assert fingerprint(turned, made.asked) == fingerprint(made.listed, made.asked)
    changed = made.asked.members.assign(sex="male")
    assert fingerprint(made.listed, Side(made.asked.households, changed)) != fingerprint(made.listed, made.asked)


def test_explanations_sum_to_the_weights(made: Case) -> None:
    linkage, model = link(made.listed, made.asked, default_model()), default_model()
    for rows, explained, comparisons in (
        (linkage.people.head(500), explain(linkage.people.head(500), model), PEOPLE),
        (linkage.households, explain_households(linkage.households, model), HOUSEHOLDS),
    ):
        keys = list(explained.columns[: explained.columns.get_loc("comparison")])
        total = explained.groupby(keys)["weight"].sum()
        expected = rows.set_index(keys)["weight"]
        assert (total - expected.reindex(total.index)).abs().max() < 0.01
        assert {one.name for one in comparisons} <= set(explained["comparison"])
        known = explained[explained["level"].notna()]
        for comparison, level, vi, en in (
            known[["comparison", "level", "level_vi", "level_en"]].drop_duplicates().values
        ):
            assert level_wording(comparison, int(level)) == (vi, en)
        assert known[known["level"].eq(-1)]["weight"].eq(0).all()


def test_every_level_has_words_of_its_own() -> None:
    for comparison in (*PEOPLE, *HOUSEHOLDS):
        for language in ("vi", "en"):
            words = [getattr(level, language) for level in comparison.levels]
            assert all(words)
            assert len(set(words)) == len(words)


def sample(size: int = 4_000, seed: int = 1) -> pd.DataFrame:
    """Reviewed pairs whose weights are true log odds."""
    rng = np.random.default_rng(seed)
    weight = rng.uniform(-15, 25, size)
    return pd.DataFrame({"weight": weight, "is_match": rng.random(size) < 1 / (1 + 2.0**-weight)})


def test_cuts_keep_the_errors_within_what_is_allowed() -> None:
    reviewed = sample()
    found = cuts_from_sample(reviewed, false_links=0.002, missed=0.03)
    assert found.false_links.value <= 0.002
    assert found.missed.value <= 0.03
    assert found.false_links.low <= found.false_links.value <= found.false_links.high
    assert 0 < found.cuts.link < 9
    assert -9 < found.cuts.doubt < 3
    assert 0 < found.queue < 0.4
    stricter = cuts_from_sample(reviewed, false_links=0.0, missed=0.0)
    assert stricter.cuts.link > found.cuts.link
    assert stricter.cuts.doubt < found.cuts.doubt
    assert stricter.queue > found.queue
    # What is said of a cut is what is counted under it.
    above = reviewed[reviewed["weight"] >= found.cuts.link]
    assert found.false_links.pairs == len(above)
    assert found.false_links.value == pytest.approx(1 - above["is_match"].mean())


def test_no_errors_in_few_pairs_are_not_no_errors() -> None:
    few = implied(sample(60), Cuts(link=20, doubt=-20))
    assert few.false_links.value == 0
    assert few.false_links.high > 0.1
    assert few.missed == type(few.missed)(0.0, 0.0, 1.0, 0)


@pytest.mark.parametrize("reviewed", [sample(20), sample().assign(is_match=True), sample().assign(is_match=False)])
def test_cuts_from_too_little_are_refused(reviewed: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="decided pairs"):
        cuts_from_sample(reviewed)
