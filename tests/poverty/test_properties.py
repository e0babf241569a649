"""What holds for every household: more answers never take back what was decided; order means nothing."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poverty import classify, load_standard
from poverty.questions import QUESTIONS
from tests.poverty import strategies
from tests.poverty.households import Answers, frames_of
from tests.poverty.interpreter import age_of, is_unknown

STANDARD = load_standard("nd07-2021")
RULES = [rule.id for rule in STANDARD.rules]
RELAXED = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
SOME_HOUSEHOLDS = st.lists(strategies.households, min_size=1, max_size=4)


def _filled(draw: st.DrawFn, home: Answers, names: set[str] | None) -> Answers:
    """The household with some of its unknown answers filled in: all those outside `names`, or any when it is None."""

    def fill(name: str) -> bool:
        return draw(st.booleans()) if names is None else name not in names

    def row(scope: str, answers: Answers) -> Answers:
        questions = [q for q in QUESTIONS.values() if q.scope == scope and is_unknown(q.name, answers)]
        return {**answers, **{q.name: draw(_completing(q.name, answers)) for q in questions if fill(q.name)}}

    filled = row("household", home)
    if home["review_date"] is None and fill("review_date"):
        filled["review_date"] = draw(st.sampled_from(strategies.REVIEWS))
    filled["members"] = [row("member", member) for member in home["members"]]
    for member in filled["members"]:
        # A birth after the review date is unknown as well: whichever of the two answers stands may be mended.
        name = "birth_year" if member.get("birth_year") and not member.get("birth_date") else "birth_date"
        if home["review_date"] is not None and age_of(member, home["review_date"]) is None and fill(name):
            days = draw(st.integers(0, 40 * 365))
            member["birth_date"] = home["review_date"] - pd.Timedelta(days=days)
    return filled


def _completing(name: str, answers: Answers) -> st.SearchStrategy[Any]:
    """Answers that complete the one given: the devices named beside `dk` stay named."""
    question = QUESTIONS[name]
    if question.kind != "multiple":
        return strategies.answers_to(question, unknown=False)
    kept = [code for code in str(answers.get(name) or "").split() if code in question.known]
    more = st.lists(st.sampled_from(question.known), min_size=1, max_size=2)
    return more.map(lambda codes: " ".join(dict.fromkeys([*kept, *codes])))


@st.composite
def _before_and_after(draw: st.DrawFn) -> tuple[Answers, Answers]:
    home = draw(strategies.households)
    return home, _filled(draw, home, None)


@RELAXED
@given(st.lists(_before_and_after(), min_size=1, max_size=4))
def test_filling_in_an_answer_never_flips_what_was_decided(pairs: list[tuple[Answers, Answers]]) -> None:
    before = classify(*frames_of(*(one for one, _ in pairs)), STANDARD)
    after = classify(*frames_of(*(one for _, one in pairs)), STANDARD)
    for column in [*RULES, "below_line"]:
        decided = before[column].notna()
        assert before[column][decided].equals(after[column][decided]), column
    decided = before["proposed_class"] != "undetermined"
    assert before["proposed_class"][decided].equals(after["proposed_class"][decided])
    assert (before["deprivations_min"] <= after["deprivations_min"]).all()
    assert (before["deprivations_max"] >= after["deprivations_max"]).all()


@RELAXED
@given(st.data(), strategies.households)
def test_answers_not_named_as_missing_cannot_settle_the_class(data: st.DataObject, home: Answers) -> None:
    row = classify(*frames_of(home), STANDARD).iloc[0]
    missing = set(row["missing"].split())
    assert (row["proposed_class"] == "undetermined") == bool(missing)
    if missing:
        other = data.draw(st.composite(lambda draw: _filled(draw, home, missing))())
        assert classify(*frames_of(other), STANDARD)["proposed_class"].iloc[0] == "undetermined"


@RELAXED
@given(SOME_HOUSEHOLDS, st.randoms(use_true_random=False))
def test_the_order_of_members_and_households_means_nothing(homes: list[Answers], random: Any) -> None:
    expected = classify(*frames_of(*homes), STANDARD)
    for home in homes:
        random.shuffle(home["members"])
    households, members = frames_of(*homes)
    order = list(range(len(homes)))
    random.shuffle(order)
    shuffled = classify(households.iloc[order], members, STANDARD)
    # The names of missing answers come in the order of the rules, whatever the order of the rows.
    pd.testing.assert_frame_equal(shuffled.reindex(expected.index), expected, check_like=False)


@RELAXED
@given(SOME_HOUSEHOLDS)
def test_the_class_follows_from_the_line_and_the_count(homes: list[Answers]) -> None:
    for row in classify(*frames_of(*homes), STANDARD).itertuples():
        if row.proposed_class == "not_poor":
            assert not row.below_line
        elif row.proposed_class == "poor":
            assert row.below_line
            assert row.deprivations_min >= 3
        elif row.proposed_class == "near_poor":
            assert row.below_line
            assert row.deprivations_max < 3
        assert 0 <= row.deprivations_min <= row.deprivations_max <= 12
        assert pd.isna(row.income_high) or row.income_low <= row.income_high
