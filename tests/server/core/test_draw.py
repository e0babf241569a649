"""Drawing interviews for a second visit."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from server.enumerators.draw import Taken, draw

CODES = ["RSV-1", "RSV-2", "KT-1", "KT-2"]
interviews = st.lists(st.sampled_from(CODES), max_size=60).map(
    lambda codes: [Taken(f"uuid:{number}", code) for number, code in enumerate(codes)]
)
checkers = st.sets(st.sampled_from(["KT-1", "KT-2", "KT-3"]), min_size=1).map(sorted)
shares = st.floats(0.01, 1)


@given(interviews, checkers, shares, st.integers(0, 5))
def test_the_share_of_each_and_never_an_own_one(taken: list[Taken], who: list[str], share: float, seed: int) -> None:
    drawn = draw(taken, who, {}, share=share, seed=seed)
    by_id = {one.interview_id: one.enumerator for one in taken}
    assert all(by_id[interview] != checker for interview, checker in drawn.items())
    assert set(drawn.values()) <= set(who)
    for code, number in Counter(by_id.values()).items():
        of_code = sum(by_id[interview] == code for interview in drawn)
        assert of_code == (math.ceil(share * number) if set(who) - {code} else 0)


@given(interviews, checkers, shares, st.integers(0, 5), st.data())
def test_more_interviews_only_add_to_a_draw(
    taken: list[Taken], who: list[str], share: float, seed: int, data: st.DataObject
) -> None:
    first = draw(taken[: data.draw(st.integers(0, len(taken)))], who, {}, share=share, seed=seed)
    more = draw(taken, who, first, share=share, seed=seed)
    assert not set(first) & set(more)
    assert draw(taken, who, first | more, share=share, seed=seed) == {}


@given(interviews, checkers, shares, st.randoms(use_true_random=False))
def test_the_order_of_interviews_is_nothing_to_it(
    taken: list[Taken], who: list[str], share: float, chance: object
) -> None:
    shuffled = list(taken)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert draw(shuffled, who, {}, share=share, seed=3) == draw(taken, who, {}, share=share, seed=3)


def test_checkers_get_equal_shares_and_seeds_differ() -> None:
    taken = [Taken(f"uuid:{number}", "RSV-1") for number in range(100)]
    drawn = draw(taken, ["KT-1", "KT-2"], {}, share=0.2, seed=1)
    assert Counter(drawn.values()) == {"KT-1": 10, "KT-2": 10}
    assert set(drawn) != set(draw(taken, ["KT-1", "KT-2"], {}, share=0.2, seed=2))
