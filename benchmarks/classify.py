"""Classifying a province: the vectorised back-end against rules written by hand, household by household.

The households are random answers, some missing: every rule has true, false and unknown cases. The yardstick runs on a
sample of the same households and is scaled to the whole; both must agree on every class of the sample.
"""

from __future__ import annotations

import resource
import time
from typing import Any

import numpy as np
import pandas as pd

from poverty import classify, load_standard
from poverty.frames import DK, HOUSEHOLD_CHOICES, INCOME_SOURCES, MEMBER_CHOICES

#: Households of a province of the Red River delta after the mergers of 2025.
DEFAULT_SIZE = 1_100_000
_MEMBERS_PER_HOUSEHOLD = 3.2
_SAMPLE = 10_000
_REVIEW = pd.Timestamp("2026-09-01")


def run(size: int) -> dict[str, Any]:
    """Classify `size` random households of 3.2 members on average; AssertionError where the yardstick differs."""
    households, members = _random_frames(size)
    standard = load_standard("nd07-2021")
    start = time.perf_counter()
    result = classify(households, members, standard)
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    sample = households.iloc[:_SAMPLE]
    sample_members = members[members.index.get_level_values("interview_id").isin(sample.index)]
    start = time.perf_counter()
    by_hand = _by_hand(sample, sample_members)
    sample_seconds = time.perf_counter() - start
    differing = int((by_hand != result["proposed_class"].iloc[:_SAMPLE]).sum())
    assert differing == 0, f"{differing} classes differ from the yardstick's"

    by_hand_seconds = sample_seconds * size / len(sample)
    return {
        "name": "classify",
        "size": size,
        "seconds": round(seconds, 3),
        "peak_mb": round(peak_mb, 1),
        "figures": {
            "members": len(members),
            "households_per_second": round(size / seconds),
            "undetermined": int((result["proposed_class"] == "undetermined").sum()),
        },
        "yardstick": {
            "name": f"plain Python by hand, {len(sample):,} households scaled",
            "seconds": round(by_hand_seconds, 3),
        },
        "ratio": round(by_hand_seconds / seconds, 2),
    }


def _random_frames(size: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(2026)

    def answers(codes: tuple[str, ...], rows: int) -> pd.Series:
        known = [code for code in codes if code != DK]
        weights = np.array([*([0.97 / len(known)] * len(known)), 0.01, 0.02])
        drawn = random.choice(len(weights), rows, p=weights)
        return pd.Series(np.array([*known, DK, None], dtype=object)[drawn], dtype="str")

    interviews = pd.Index(np.char.add("uuid:", np.arange(size).astype(str)).astype(object), name="interview_id")
    households = pd.DataFrame({name: answers(codes, size) for name, codes in HOUSEHOLD_CHOICES.items()})
    households["shared_devices"] = answers(("tv", "tv radio", "none"), size)
    households["personal_devices"] = answers(("smartphone", "laptop smartphone", "none"), size)
    households["area_class"] = answers(("rural", "urban"), size)
    households["floor_area"] = pd.array(random.integers(8, 120, size).astype(float), dtype="Float64")
    for source in INCOME_SOURCES:
        amounts = random.integers(0, 40, size) * 1_000_000.0
        households[source] = pd.array(np.where(random.random(size) < 0.03, np.nan, amounts), dtype="Float64")
    households["review_date"] = _REVIEW
    households.index = interviews

    counts = 1 + random.poisson(_MEMBERS_PER_HOUSEHOLD - 1, size)
    rows = int(counts.sum())
    household = np.repeat(np.arange(size), counts)
    member_no = np.arange(rows) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    members = pd.DataFrame({name: answers(codes, rows) for name, codes in MEMBER_CHOICES.items()})
    born = pd.Series(_REVIEW - pd.to_timedelta(random.integers(0, 90 * 365, rows), unit="D")).astype("datetime64[ns]")
    by_year = random.random(rows) < 0.2
    members["birth_date"] = born.mask(by_year)
    members["birth_year"] = born.dt.year.astype("Int64")
    members["birth_year"] = members["birth_year"].where(by_year)
    members.index = pd.MultiIndex.from_arrays([interviews[household], member_no], names=["interview_id", "member_no"])
    return households, members


def _by_hand(households: pd.DataFrame, members: pd.DataFrame) -> pd.Series:
    """The classes, as one writes the rules first: one household at a time, None for unknown."""
    people: dict[str, list[_Person]] = {interview: [] for interview in households.index}
    review = dict(zip(households.index, households["review_date"], strict=True))
    for answers in members.reset_index().to_dict("records"):
        interview = answers["interview_id"]
        people[interview].append(_Person(answers, review[interview]))
    rows = households.to_dict("index")
    classes = [_class_of(rows[interview], people[interview]) for interview in households.index]
    return pd.Series(classes, index=households.index)


def _class_of(row: dict[Any, Any], people: list[_Person]) -> str:
    below = _below_line(row, len(people))
    if below is False:
        return "not_poor"
    deprived = [
        _any(_all(_at_least(p.age, 15), _any(p.is_in("work", "unemployed"), p.unprotected())) for p in people),
        _dependents(people),
        _any(_all(_under(p.age, 16), p.malnourished()) for p in people),
        _any(_all(_at_least(p.age, 6), p.is_in("insured", "no")) for p in people),
        _any(p.undereducated() for p in people),
        _any(p.out_of_school() for p in people),
        _weak_structures(row),
        None if pd.isna(row["floor_area"]) else row["floor_area"] / len(people) < 8,
        _not(_answer_in(row["water_source"], "tap borehole protected_well protected_spring rain bottled")),
        _not(_answer_in(row["toilet"], "septic pour_flush vip two_vault")),
        _answer_in(row["internet"], "no"),
        _not(_any([_devices(row["shared_devices"]), _devices(row["personal_devices"])])),
    ]
    if below is None:
        return "undetermined"
    if sum(value is True for value in deprived) >= 3:
        return "poor"
    return "near_poor" if sum(value is not False for value in deprived) < 3 else "undetermined"


class _Person:
    def __init__(self, answers: dict[Any, Any], review: pd.Timestamp) -> None:
        self.answers = answers
        self.age: int | None = None
        if pd.notna(answers["birth_date"]):
            born = answers["birth_date"]
            self.age = review.year - born.year - ((review.month, review.day) < (born.month, born.day))
        elif pd.notna(answers["birth_year"]):
            self.age = review.year - int(answers["birth_year"])

    def is_in(self, question: str, codes: str) -> bool | None:
        return _answer_in(self.answers[question], codes)

    def unprotected(self) -> bool | None:
        return _all(self.is_in("work", "wage"), self.is_in("contract", "no"))

    def malnourished(self) -> bool | None:
        sure = self.is_in("nutrition_source", "station measured")
        return self.is_in("malnourished", "yes") if sure else None

    def undereducated(self) -> bool | None:
        finished = "upper_secondary elementary intermediate college university"
        young = _any(
            [
                self.is_in("attending", "lower_secondary upper_secondary vocational higher"),
                self.is_in("qualification", f"lower_secondary {finished}"),
            ]
        )
        adult = _any(
            [
                self.is_in("attending", "upper_secondary vocational higher"),
                self.is_in("qualification", finished),
            ]
        )
        trained = _all(self.is_in("job_training", "yes"), self.is_in("work", "wage self_employed family"))
        suited = _any(
            [_all(_under(self.age, 18), young), _all(_at_least(self.age, 18), adult), trained],
        )
        aged = _all(_at_least(self.age, 16), _under(self.age, 31))
        return _all(aged, _not(self.is_in("attending", "training_course")), _not(suited))

    def out_of_school(self) -> bool | None:
        levels = {
            (3, 6): "preschool primary",
            (6, 12): "primary lower_secondary",
            (12, 16): "lower_secondary upper_secondary vocational",
        }
        return _any(
            _all(_at_least(self.age, first), _under(self.age, end), _not(self.is_in("attending", codes)))
            for (first, end), codes in levels.items()
        )


def _answer_in(answer: Any, codes: str) -> bool | None:
    return None if pd.isna(answer) or answer == DK else answer in codes.split()


def _devices(answer: Any) -> bool | None:
    return None if pd.isna(answer) or answer == DK else answer != "none"


def _at_least(age: int | None, years: int) -> bool | None:
    return None if age is None else age >= years


def _under(age: int | None, years: int) -> bool | None:
    return None if age is None else age < years


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _any(*values: Any) -> bool | None:
    found = list(values[0]) if len(values) == 1 else list(values)
    return True if True in found else None if None in found else False


def _all(*values: bool | None) -> bool | None:
    return False if False in values else None if None in values else True


def _dependents(people: list[_Person]) -> bool | None:
    values = [_any(_under(p.age, 16), p.is_in("allowance", "elderly disability")) for p in people]
    half = len(values) / 2
    if sum(value is True for value in values) > half:
        return True
    return False if sum(value is not False for value in values) <= half else None


def _weak_structures(row: dict[Any, Any]) -> bool | None:
    values = [_answer_in(row[part], "not_durable") for part in ("wall", "column", "roof")]
    if sum(value is True for value in values) >= 2:
        return True
    return False if sum(value is not False for value in values) < 2 else None


def _below_line(row: dict[Any, Any], persons: int) -> bool | None:
    amounts = [row[source] for source in INCOME_SOURCES if source != "income_allowance"]
    known = sum(amount for amount in amounts if pd.notna(amount)) / persons / 12
    lines = {"rural": [1_500_000], "urban": [2_000_000]}.get(row["area_class"], [1_500_000, 2_000_000])
    if known > max(lines):
        return False
    if any(pd.isna(amount) for amount in amounts):
        return None
    return True if known <= min(lines) else None
