"""The truth: rates, deprivations, and that the answers imply it, which `poverty` must find by itself."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poverty import classify, load_standard
from poverty.frames import HOUSEHOLDS, MEMBERS
from sandbox.population import Province, generate
from sandbox.population.deprivations import POOR_SHARES, class_of
from sandbox.population.quotas import Scope
from sandbox.population.vocabulary import CLASSES, DEPRIVATIONS
from tests.sandbox.population_squares import province, squares

SCOPES: tuple[Scope, ...] = ("annual", "full")


def assert_found(made: Province) -> None:
    """`poverty` finds every class and every deprivation, unknown ones included."""
    households, members = HOUSEHOLDS.validate(made.households), MEMBERS.validate(made.members)
    found = classify(households, members, load_standard("nd07-2021")).loc[made.truth.index]
    for column in ("proposed_class", "below_line", *DEPRIVATIONS):
        expected, seen = made.truth[column], found[column]
        differs = (expected.isna() != seen.isna()) | (expected != seen).fillna(False)
        assert not differs.any(), f"{column}: {list(differs[differs].index[:5])}"
    met = made.truth["outcome"] == "met"
    assert (found["member_count"] == made.truth["member_count"].where(met, 0)).all()


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("seed", [1, 7, 2026])
def test_the_answers_imply_the_truth(scope: Scope, seed: int) -> None:
    assert_found(province(6_000, scope, seed))


@settings(max_examples=20, deadline=None)
@given(households=st.integers(1, 60), scope=st.sampled_from(SCOPES), seed=st.integers(0, 2**32))
def test_the_smallest_provinces_hold_together(households: int, scope: Scope, seed: int) -> None:
    made = generate(households, squares(), scope, seed)
    assert len(made.households) == len(made.truth) == households
    assert_found(made)


def test_the_same_seed_gives_the_same_province_and_another_seed_another() -> None:
    first, again, other = (generate(500, squares(), "annual", seed) for seed in (5, 5, 6))
    for name in Province.__dataclass_fields__:
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))
        assert pd.util.hash_pandas_object(getattr(first, name)).equals(pd.util.hash_pandas_object(getattr(again, name)))
    assert (
        not first.members["full_name"].reset_index(drop=True).equals(other.members["full_name"].reset_index(drop=True))
    )


@pytest.mark.parametrize("scope", SCOPES)
def test_rates_over_residents_are_the_published_ones(scope: Scope) -> None:
    made = province(6_000, scope)
    residents = made.residents["households"].sum()
    rates = made.truth["proposed_class"].value_counts() / residents
    assert rates["poor"] == pytest.approx(0.0193, abs=0.0003)
    assert rates["near_poor"] == pytest.approx(0.0201, abs=0.0003)
    assert made.residents["persons"].sum() / residents == pytest.approx(3.3, abs=0.2)


def test_full_scope_meets_every_resident_household_and_annual_a_few_per_cent() -> None:
    full = province(6_000, "full")
    met = full.households.groupby("commune_code").size()
    assert met.to_dict() == full.residents.set_index("commune_code")["households"].to_dict()
    persons = full.truth.groupby("commune_code")["member_count"].sum()
    assert persons.to_dict() == full.residents.set_index("commune_code")["persons"].to_dict()
    annual = province()
    assert 0.04 < len(annual.households) / annual.residents["households"].sum() < 0.08
    counted = annual.residents.set_index("commune_code")["households"]
    assert (annual.households.groupby("commune_code").size() <= counted).all()


def test_every_class_occurs_and_the_poor_lack_what_the_published_row_says() -> None:
    truth = province(20_000).truth
    assert set(truth["proposed_class"]) == set(CLASSES)
    poor = truth[truth["proposed_class"] == "poor"]
    shares = (poor[list(DEPRIVATIONS)] == True).mean()  # noqa: E712 (NA is not true)
    assert shares.to_numpy() == pytest.approx(POOR_SHARES, abs=0.025)
    others = (truth.loc[truth["proposed_class"] == "not_poor", list(DEPRIVATIONS)] == True).mean()  # noqa: E712
    assert (others < shares).all()


def test_the_drawn_class_is_the_class_that_follows() -> None:
    truth = province().truth
    holds = truth[list(DEPRIVATIONS)].astype("Int8").fillna(-1).to_numpy(dtype="int8")
    below = truth["below_line"].astype("Int8").fillna(-1).to_numpy(dtype="int8")
    assert [CLASSES[code] for code in class_of(holds, below)] == truth["proposed_class"].tolist()


def test_unknowns_matter_for_some_and_not_for_others() -> None:
    truth = province().truth
    unknown = truth[list(DEPRIVATIONS)].isna()
    assert unknown.any().all()
    for decided in ("poor", "near_poor", "not_poor"):
        assert unknown[truth["proposed_class"] == decided].any(axis=None)
    unsure = truth[truth["proposed_class"] == "undetermined"]
    assert unsure["below_line"].isna().any()
    assert (unsure["below_line"] == True).any()  # noqa: E712


@pytest.mark.parametrize(
    ("households", "scope", "message"),
    [(0, "annual", "households"), (10, "monthly", "scope")],
)
def test_what_does_not_fit_is_refused(households: int, scope: Scope, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        generate(households, squares(), scope)


def test_communes_that_do_not_fit_are_refused() -> None:
    for communes, message in (
        (squares().drop(columns="population"), "population"),
        (squares().to_crs(3857), "EPSG:4326"),
        (squares().assign(area_class="town"), "area_class"),
        (squares().assign(population=0), "population"),
        (squares().iloc[:0], "at least one"),
    ):
        with pytest.raises(ValueError, match=message):
            generate(10, communes)
