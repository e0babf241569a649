"""What readings of a pair come to, what a pair counts as, how far readers agree."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.linkage.present import align, compare_numbers, distance_km
from server.linkage.settling import Found, Settled, agreement, drawn, outcome, settle
from server.linkage.tables import VERDICTS


@pytest.mark.parametrize(
    ("verdicts", "readers", "expected"),
    [
        ([], 0, (None, None)),
        ([], 1, (None, 1)),
        ([], 2, (None, 1)),
        (["same"], 1, ("same", None)),
        (["unsure"], 1, (None, 2)),
        (["unsure", "split"], 1, ("split", None)),
        (["unsure", "unsure"], 1, ("unsure", None)),
        (["same"], 2, (None, 2)),
        (["same", "same"], 2, ("same", None)),
        (["unsure", "same"], 2, (None, 3)),
        (["same", "different"], 2, (None, 3)),
        (["same", "different", "merge"], 2, ("merge", None)),
        (["different"], 0, ("different", None)),
    ],
)
def test_what_readings_come_to(verdicts: list[str], readers: int, expected: tuple[str | None, int | None]) -> None:
    assert outcome(verdicts, readers) == expected


def test_three_readings_end_every_pair() -> None:
    for readers in (1, 2):
        for verdicts in itertools.product(VERDICTS, repeat=3):
            assert outcome(verdicts, readers) == (verdicts[2], None)


FOUND = [
    Found(("i1", "h1"), "same", "linked", 0),
    Found(("i2", "h1"), "same", "doubtful", 1),
    Found(("i2", "h2"), "same", "linked", 0),
    Found(("i3", "h2"), "split", "linked", 0),
]


def test_what_is_confirmed_casts_doubt_on_automatic_links_of_either_side() -> None:
    now = settle(FOUND, {("i2", "h1"): ["same"]})
    assert now["i2", "h1"] == Settled("same", "decided", None)
    assert now["i1", "h1"] == Settled("same", "doubtful", 1)
    assert now["i2", "h2"] == Settled("same", "doubtful", 1)
    assert now["i3", "h2"] == Settled("split", "linked", None), "a part of h2 contradicts nothing"


def test_without_answers_everything_is_as_found() -> None:
    now = settle(FOUND, {})
    assert {pair: (of.kind, of.status) for pair, of in now.items()} == {
        one.pair: (one.kind, one.status) for one in FOUND
    }
    assert [of.next_reading for of in now.values()] == [None, 1, None, None]


@given(st.permutations(FOUND), st.dictionaries(st.sampled_from([one.pair for one in FOUND]), st.just(["different"])))
def test_the_order_of_pairs_does_not_matter(found: list[Found], verdicts: dict[tuple[str, str], list[str]]) -> None:
    assert settle(found, verdicts) == settle(FOUND, verdicts)


def test_a_sample_is_of_its_size_and_the_same_every_time() -> None:
    names = [("second", "2026", f"i{number}", "h") for number in range(4000)]
    taken = [name for name in names if drawn(0.1, *name)]
    assert 300 < len(taken) < 500
    assert taken == [name for name in names if drawn(0.1, *name)]
    assert not any(drawn(0.0, *name) for name in names)
    assert all(drawn(1.0, *name) for name in names)


def test_kappa_by_hand() -> None:
    # 20 both same, 15 both different, 5 and 10 apart: raw 0.7, expected 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
    both = [("same", "same")] * 20 + [("same", "different")] * 5
    both += [("different", "same")] * 10 + [("different", "different")] * 15
    found = agreement(both)
    assert (found.pairs, found.raw) == (50, 0.7)
    assert found.kappa == pytest.approx(0.4)


def test_kappa_has_no_value_where_chance_explains_all() -> None:
    assert agreement([]).raw is None
    assert agreement([("same", "same")] * 3).kappa is None


@given(st.lists(st.tuples(st.sampled_from(VERDICTS), st.sampled_from(VERDICTS)), min_size=1))
def test_kappa_is_at_most_one_and_does_not_care_who_was_first(both: list[tuple[str, str]]) -> None:
    found, turned = agreement(both), agreement([(second, first) for first, second in both])
    assert found.raw == turned.raw
    if found.kappa is None:
        assert turned.kappa is None
    else:
        assert turned.kappa is not None
        assert math.isclose(found.kappa, turned.kappa, abs_tol=1e-9)
        assert found.kappa <= 1 + 1e-9


@given(st.text("0123456789", min_size=6, max_size=12), st.text("0123456789", min_size=6, max_size=12))
def test_masked_numbers_show_where_they_differ_and_no_more(left: str, right: str) -> None:
    for shown, number in zip(compare_numbers(left, right), (left, right), strict=True):
        text = "".join(piece for piece, _ in shown)
        assert len(text) == len(number)
        assert text[3:-2] == "•" * (len(number) - 5)
    if len(left) == len(right):
        marked = sum(len(piece) for piece, differs in compare_numbers(left, right)[0] if differs)
        assert marked == sum(one != other for one, other in zip(left, right, strict=True))


def test_a_member_stands_in_one_row() -> None:
    def listed(name: str) -> dict[str, object]:
        return dict.fromkeys(("relation", "sex", "birth_date", "birth_year", "cccd")) | {"full_name": name}

    from server.cases.service import Person

    interviewed = {number: Person(f"P{number}", None, None, None, None, None, None, {}) for number in (1, 2)}
    evidence = [
        {"member_no": 1, "registry_member_no": 1, "weight": 3.0},
        {"member_no": 1, "registry_member_no": 2, "weight": 9.0},
    ]
    rows = align(evidence, {1: listed("A"), 2: listed("B")}, interviewed, {}, "vi")
    names = [tuple(side and side["name"] for side in (row["registry"], row["interview"])) for row in rows]
    assert names == [("B", "P1"), ("A", None), (None, "P2")]


def test_distances_are_unknown_without_two_points() -> None:
    assert distance_km((None, None), (20.0, 106.0)) is None
    assert distance_km((20.0, 106.0), (20.0, 106.0)) == 0
    assert distance_km((20.0, 106.0), (21.0, 106.0)) == pytest.approx(111.2, abs=0.1)
