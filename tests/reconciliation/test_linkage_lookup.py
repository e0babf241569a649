"""One record at a time finds what the linkage of all finds, by the same levels and weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation.linkage import Side, default_model, link, lookup
from reconciliation.linkage import levels as plain
from reconciliation.linkage.candidates import find_candidates
from reconciliation.linkage.comparisons import HOUSEHOLDS, PEOPLE
from reconciliation.linkage.levels import Home, Person, one_slip
from reconciliation.linkage.scoring import engine, score
from reconciliation.linkage.tables import NameParts, tabulate
from sandbox.years import Errors
from tests.reconciliation.sides import Case, case, pairs, person, side

MODEL = default_model()
#: More slips than any clerk makes, so that every level is met.
WILD = Errors(
    **{**vars(Errors()), "no_gps": 0.3, "misspelt": 0.2, "swapped_words": 0.1, "middle_dropped": 0.2, "no_tones": 0.2},
)


@pytest.fixture(scope="module")
def wild() -> Case:
    return case(600, seed=9_900, errors=WILD)


@pytest.fixture(scope="module")
def rows(wild: Case) -> dict[str, list[Any]]:
    """People and homes of both sides in the order of the tables."""
    people, homes = [], []
    for one in (wild.listed, wild.asked):
        homes += one.households.sort_index().to_dict("records")
        people += one.members.sort_index().to_dict("records")
    return {"people": people, "households": homes}


@pytest.mark.parametrize("what", ["people", "households"])
def test_levels_and_weights_are_those_of_the_engine(wild: Case, rows: dict[str, list[Any]], what: str) -> None:
    tables = tabulate(wild.listed, wild.asked, MODEL.name_share)
    comparisons = PEOPLE if what == "people" else HOUSEHOLDS
    listed = tables.listed_people if what == "people" else tables.listed_households
    rng = np.random.default_rng(3)
    found = find_candidates(tables)
    if what == "people":
        near = [
            (left, right)
            for home, other in zip(*found, strict=True)
            for left in np.flatnonzero(tables.household == home)
            for right in np.flatnonzero(tables.household == other)
        ]
    else:
        near = list(zip(*found, strict=True))
    strange = zip(rng.integers(0, listed, 500), rng.integers(listed, len(rows[what]), 500), strict=True)
    both = np.array(sorted({*near, *strange}), dtype=np.int32)
    with engine() as connection:
        scored = score(connection, tables, comparisons, MODEL, (both[:, 0].copy(), both[:, 1].copy()))
    both = np.column_stack([scored.left, scored.right])
    of = Person.of if what == "people" else Home.of
    records = [of(row) for row in rows[what]]
    for comparison in comparisons:
        if comparison.name == "code":
            continue  # a listed household's own code is its key, which `score` is given apart
        level_of = getattr(plain, f"{comparison.name}_level")
        expected = [level_of(records[left], records[right]) for left, right in both]
        assert scored.levels[comparison.name].tolist() == expected, comparison.name
        if comparison.name in ("name", "birth", "cccd"):
            assert set(expected) >= {level.number for level in comparison.levels} - {-1, 1, 3, 5}
    if what == "people":
        ours = [lookup.person_weight(records[left], records[right], MODEL) for left, right in both]
        # The frequency of a name is the model's here, and the model's and the data's there.
        apart = np.array(ours) - scored.weight
        assert np.abs(apart).max() < 8
        assert np.median(np.abs(apart)) < 0.5


def scored_rows(
    asked: Side, interview: str, listed: Side, codes: list[str], listed_households: int
) -> list[tuple[str, float, int]]:
    def of(one: Side, key: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        return one.households.loc[key].to_dict(), one.members.loc[[key]].to_dict("records")

    candidates = [(code, *of(listed, code)) for code in codes]
    return lookup.score_rows(*of(asked, interview), candidates, MODEL, listed_households=listed_households)


def test_the_likeliest_candidate_is_the_true_household() -> None:
    made = case(1_500, seed=8_800)
    index: dict[tuple[str, str], list[str]] = {}
    members = dict(list(made.listed.members.groupby(level=0)))
    for code, home in made.listed.households.to_dict("index").items():
        for key in lookup.keys(members[code].to_dict("records"), home):
            index.setdefault(key, []).append(str(code))
    true = dict(pairs(made.links, "same"))
    asked = dict(list(made.asked.members.groupby(level=0)))
    found = first = 0
    chosen = sorted(true)[::5]
    for interview in chosen:
        home = made.asked.households.loc[interview].to_dict()
        keys = lookup.keys(asked[interview].to_dict("records"), home)
        hits = [(kind, code) for kind, text in keys for code in index.get((kind, text), [])]
        near = lookup.promising(hits)
        found += true[interview] in near
        if near:
            scored = scored_rows(made.asked, interview, made.listed, near, listed_households=1_500)
            weights = [weight for _, weight, _ in scored]
            assert weights == sorted(weights, reverse=True)
            first += scored[0][0] == true[interview]
    assert found / len(chosen) > 0.985
    assert first / len(chosen) > 0.98


def test_keys_are_the_same_however_the_name_is_written() -> None:
    home = {"village_id": "V1", "commune_code": "11953", "phone": "0912345678", "household_code": "H1"}
    written = [person("Nguyễn Văn Hùng", "1968-04-12"), person("Trần Thị Lụa", 1970)]
    typed = [person("NGUYEN VAN  HUNG", "1968-04-12"), person("Tran Thi Lua", 1970)]
    as_dates = [{**row, "birth_date": pd.to_datetime(row["birth_date"])} for row in written]
    also = [{**row, "birth_date": pd.to_datetime(row["birth_date"])} for row in typed]
    keys = lookup.keys(as_dates, home)
    assert keys == lookup.keys(also, home)
    assert len(keys) == len(set(keys))
    assert {kind for kind, _ in keys} == set(lookup.KINDS) - {"cccd"}


def test_who_nothing_is_known_of_has_no_keys() -> None:
    assert lookup.keys([person(""), person("   ")], {}) == []
    assert lookup.score_rows({}, [person("")], [], MODEL) == []


def test_single_records_agree_with_the_linkage_on_weights(wild: Case) -> None:
    """One interview against its household alone weighs the same, to the frequencies, as `link` says."""
    true = sorted(pairs(wild.links, "same"))[:40]
    interviews, codes = (list(part) for part in zip(*true, strict=True))
    listed = Side(wild.listed.households.loc[codes], wild.listed.members.loc[codes])
    asked = Side(wild.asked.households.loc[interviews], wild.asked.members.loc[interviews])
    linked = link(listed, asked, MODEL).households.set_index(["interview_id", "household_code"])
    for interview, code in true[:10]:
        ((_, _, agree),) = scored_rows(asked, interview, listed, [code], listed_households=40)
        if (interview, code) in linked.index:
            assert agree == linked.loc[(interview, code), "members_agree"]


letters = st.text(alphabet="abc", max_size=6)


@settings(max_examples=200)
@given(letters, letters)
def test_one_slip_is_the_distance_of_the_engine(a: str, b: str) -> None:
    import duckdb

    distance = duckdb.execute("SELECT damerau_levenshtein(?, ?)", [a, b]).fetchall()[0][0]
    assert one_slip(a, b) == (distance <= 1)


names = st.text(alphabet=st.sampled_from("aăâđêNgTỳ \u0300\u0323"), max_size=12)


@settings(max_examples=50)
@given(st.lists(st.one_of(names, st.none()), max_size=8))
def test_names_fall_together_where_their_parts_do(written: list[str | None]) -> None:
    households = {f"H{number}": [person(name or "")] for number, name in enumerate(written)}
    tables = tabulate(side(households), side({"i": []}), lambda _: 1e-5)
    people = tables.names.take(tables.people["name"])
    expected = [NameParts.of(name or "") for name in written]
    for column, part in (
        ("name_id", "written"),
        ("fold_id", "fold"),
        ("words_id", "words"),
        ("core_id", "core"),
        ("given_id", "given"),
    ):
        numbers = people[column].to_pylist()
        texts = [getattr(one, part) or None for one in expected]
        assert [number is None for number in numbers] == [text is None for text in texts]
        for number, text in zip(numbers, texts, strict=True):
            assert [other == number for other in numbers] == [other == text for other in texts]
    assert people["fold"].to_pylist() == [one.fold or None for one in expected]
