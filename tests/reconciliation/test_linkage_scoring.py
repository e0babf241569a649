"""Weights are those of Splink with the same levels and shares, and candidates those of a plain look-up of each key."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import reconciliation.linkage.pairs
from reconciliation.linkage import candidates, default_model, link
from reconciliation.linkage.candidates import find_candidates
from reconciliation.linkage.comparisons import HOUSEHOLDS, PEOPLE, Comparison, splink_settings
from reconciliation.linkage.scoring import engine, score
from reconciliation.linkage.tables import Tables, tabulate
from sandbox.years import Errors
from tests.reconciliation.sides import case, person, side

MODEL = default_model()
#: More slips than any clerk makes, so that every level is met.
WILD = Errors(
    **{**vars(Errors()), "no_gps": 0.3, "misspelt": 0.2, "swapped_words": 0.1, "middle_dropped": 0.2, "no_tones": 0.2},
)


@pytest.fixture(scope="module")
def tables() -> Tables:
    made = case(600, seed=9_901, errors=WILD)
    return tabulate(made.listed, made.asked, MODEL.name_share)


@pytest.mark.parametrize("comparisons", [PEOPLE, HOUSEHOLDS])
def test_weights_are_those_of_splink(tables: Tables, comparisons: tuple[Comparison, ...]) -> None:
    pairs = find_candidates(tables)
    if comparisons is PEOPLE:
        members = [np.flatnonzero(tables.household == home) for home in range(tables.total_households)]
        both = [pair for left, right in zip(*pairs, strict=True) for pair in product(members[left], members[right])]
        pairs = tuple(np.array(both, dtype=np.int32).T.copy())
    with engine() as connection:
        ours = score(connection, tables, comparisons, MODEL, pairs)
    theirs = _by_splink(tables, comparisons, pairs)
    assert len(ours.left) == len(theirs) == len(pairs[0])
    assert dict(zip(zip(ours.left, ours.right, strict=True), ours.weight, strict=True)) == theirs


def _by_splink(tables: Tables, comparisons: tuple[Comparison, ...], pairs: Any) -> dict[tuple[int, int], np.float32]:
    """The weight of each pair by Splink's own scoring."""
    from splink import DuckDBAPI, Linker

    settings = splink_settings(comparisons, "dedupe_only") | {"probability_two_random_records_match": 0.5}
    for comparison, one in zip(comparisons, settings["comparisons"], strict=True):
        for level, learnt in zip(comparison.levels, one["comparison_levels"], strict=True):
            if level.number >= 0:
                learnt["m_probability"], learnt["u_probability"] = MODEL.shares[comparison.name][level.number]
            if level.frequency:
                learnt |= {"tf_adjustment_column": level.frequency, "disable_tf_exact_match_detection": True}
    rows = tables.households
    if comparisons is PEOPLE:
        names = tables.names.take(tables.people["name"])
        rows = pa.table({name: part[name] for part in (tables.people, names) for name in part.column_names})
    with engine() as connection:
        connection.register("arrived", rows.append_column("unique_id", pa.array(np.arange(rows.num_rows))))
        connection.execute("CREATE TABLE compared AS SELECT * FROM arrived")
        connection.register("blocked", pa.table({"join_key_l": pairs[0], "join_key_r": pairs[1]}))
        connection.execute("CREATE TABLE pairs_compared AS SELECT *, '0' AS match_key FROM blocked")
        api = DuckDBAPI(connection)
        linker = Linker(api.register("compared"), settings, log_level=None, validate_settings=False)
        # Frequencies come with the rows; Splink asks for a table of them all the same.
        for column in {level.frequency for one in comparisons for level in one.levels if level.frequency}:
            connection.execute(f"CREATE TABLE none_{column} ({column} INTEGER, tf_{column} FLOAT)")
            linker.table_management.register_term_frequency_lookup(api.register(f"none_{column}"), column)
        linker.table_management.register_blocked_pairs_for_predict(api.register("pairs_compared"))
        scored = linker.inference.predict(threshold_match_weight=-1e6, warning_mode="never").physical_name
        found = connection.execute(
            f"SELECT unique_id_l, unique_id_r, match_weight::FLOAT AS weight FROM {scored}"
        ).fetchnumpy()
    return dict(zip(zip(found["unique_id_l"], found["unique_id_r"], strict=True), found["weight"], strict=True))


def test_links_do_not_depend_on_how_many_are_compared_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = case(600, seed=9_901, errors=WILD)
    at_once = link(made.listed, made.asked, MODEL)
    monkeypatch.setattr(candidates, "_AT_A_TIME", 50)
    monkeypatch.setattr(reconciliation.linkage.pairs, "_AT_A_TIME", 70)
    in_pieces = link(made.listed, made.asked, MODEL)
    pd.testing.assert_frame_equal(in_pieces.households, at_once.households)
    pd.testing.assert_frame_equal(in_pieces.people, at_once.people)


def test_candidates_are_those_of_looking_up_every_key(tables: Tables) -> None:
    bits = _shared_bits(tables)
    best = Counter[int]()
    for (_, asked), shared in bits.items():
        best[asked] = max(best[asked], shared)
    of_asked, of_listed = defaultdict(list), defaultdict(list)
    for (listed, asked), shared in bits.items():
        if shared >= 0.15 * best[asked]:
            of_asked[asked].append((-shared, listed))
        if shared > 10:
            of_listed[listed].append((-shared, asked))
    expected = {(listed, asked) for asked, near in of_asked.items() for _, listed in sorted(near)[:4]}
    expected |= {(listed, asked) for listed, near in of_listed.items() for _, asked in sorted(near)[:2]}
    found = find_candidates(tables)
    assert set(zip(*found, strict=True)) == expected
    assert len(found[0]) == len(expected)
    assert (np.diff(found[1]) >= 0).all()


def _shared_bits(tables: Tables) -> Counter[tuple[int, int]]:
    """By pair of households the bits of all keys that they share, a dictionary for every rule."""
    home_columns = {name: tables.households[name].to_pylist() for name in ("village", "commune", "phone", "code")}
    columns: dict[str, list[Any]] = {
        name: [value if value >= 0 else None for value in tables.person(name).tolist()]
        for name in ("fold_id", "core_id", "birth_year", "birth_day", "cccd")
    }
    household = tables.household.tolist()
    for name in ("village", "commune"):
        columns[name] = [home_columns[name][home] for home in household]
    keys: list[tuple[int, list[tuple[Any, int]]]] = []
    for rule in candidates.RULES:
        rows = zip(*(columns[name] for name in rule.columns), strict=True)
        keys.append((rule.bits, [(row, home) for row, home in zip(rows, household, strict=True) if None not in row]))
    members = defaultdict(list)
    for name, year, home in zip(columns["fold_id"], columns["birth_year"], household, strict=True):
        if name is not None and year is not None:
            members[home].append((name, year))
    two = [(tuple(sorted(both)), home) for home, people in members.items() for both in combinations(people, 2)]
    keys.append((candidates.PAIR_BITS, two))
    for name, bits in (("phone", candidates.PHONE_BITS), ("code", candidates.CODE_BITS)):
        keys.append((bits, [(value, home) for home, value in enumerate(home_columns[name]) if value is not None]))
    shared = Counter[tuple[int, int]]()
    for bits, known in keys:
        homes = defaultdict(list)
        for key, home in known:
            homes[key].append(home)
        for near in homes.values():
            for left, right in product(near, near):
                if left < tables.listed_households <= right:
                    shared[left, right] += bits
    return shared


@pytest.mark.parametrize("sharing, others", [(candidates.MOST_SHARING, True), (candidates.MOST_SHARING + 1, False)])
def test_a_date_that_too_many_have_finds_nobody(sharing: int, others: bool) -> None:
    """Whoever knows the year alone writes the first of January; name and date together still find the household."""
    people = {f"H{number:03d}": [person(f"Họ{number} Tên{number}", "1980-01-01", "head")] for number in range(sharing)}
    listed = side(people)
    asked = side({f"P{key}": members for key, members in people.items()})
    found = list(zip(*find_candidates(tabulate(listed, asked, MODEL.name_share)), strict=True))
    assert {(number, sharing + number) for number in range(sharing)} <= set(found)
    assert (len(found) > sharing) == others
