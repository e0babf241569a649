"""Households made to stand where the rules turn: edge ages, shares of one half, incomes at the line and one đồng off.

Every household draws a size (1 and 15 among them), how much is left unsaid, and how far it is from a plain household
that is deprived of nothing; so all rules come out true, false and unknown, and the count of deprivations falls on both
sides of the cut.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forms.inputs import answers_by_rule
from poverty import frames
from poverty.questions import QUESTIONS, Question
from poverty.standard import Standard
from sandbox.parity.thresholds import ages_of, turns_of

#: Two communes of one village each, so that both lines are met.
COMMUNES = pd.DataFrame(
    {"name": ["Xã Nông Thôn", "Phường Thành Thị"], "area_class": ["rural", "urban"]}, index=["99001", "99002"]
)
VILLAGES = pd.DataFrame(
    {"village_id": ["99001-01", "99002-01"], "name": ["Thôn Một", "Tổ Một"], "commune_code": ["99001", "99002"]}
)

_EDGE_AGES = {0, 3, 5, 6, 12, 15, 16, 18, 30, 31}
_SIZES = (1, 2, 3, 4, 5, 6, 8, 15)
_SIZE_ODDS = (0.2, 0.2, 0.15, 0.15, 0.1, 0.08, 0.04, 0.08)
#: People of whom anything may be true, also in a household that is plain otherwise.
_ODD_ONES = 0.2
_LISTS = frames.HOUSEHOLD_CHOICES | frames.HOUSEHOLD_MULTIPLE | frames.MEMBER_CHOICES
_MAY_NOT_KNOW = {name for name, codes in _LISTS.items() if frames.DK in codes}
_LARGEST_AMOUNT = 999_999_999  # of one source, in the form

#: Answers of people and houses that lack nothing.
_PLAIN = {
    "wall": "durable",
    "column": "durable",
    "roof": "durable",
    "water_source": "tap",
    "toilet": "septic",
    "internet": "yes",
    "digital_services": "yes",
    "waste": "collected",
    "shared_devices": "tv",
    "personal_devices": "smartphone",
    "attending": "none",
    "qualification": "upper_secondary",
    "job_training": "no",
    "work": "wage",
    "contract": "yes",
    "insured": "yes",
    "allowance": "none",
    "malnourished": "no",
    "nutrition_source": "station",
}


def draw(standard: Standard, size: int, review_date: date, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`size` households and their members (`poverty.frames`), with what the standard reads and the form needs."""
    random = np.random.default_rng([seed, review_date.toordinal()])
    asked = sorted(frozenset().union(*answers_by_rule(standard).values()) & QUESTIONS.keys())
    turns, ages = turns_of(standard), sorted(_EDGE_AGES | ages_of(standard))
    of_house = [QUESTIONS[name] for name in asked if QUESTIONS[name].scope == "household"]
    of_member = [QUESTIONS[name] for name in asked if QUESTIONS[name].scope == "member"]
    households: list[dict[str, Any]] = []
    members: list[dict[str, Any]] = []
    for number in range(size):
        count = int(random.choice(_SIZES, p=_SIZE_ODDS))
        unsaid = float(random.choice([0.0, 0.03, 0.15, 0.5], p=[0.4, 0.3, 0.2, 0.1]))
        plain = float(random.choice([0.0, 0.5, 0.9, 0.98], p=[0.2, 0.3, 0.3, 0.2]))
        place = int(random.integers(len(COMMUNES)))
        row: dict[str, Any] = {
            "interview_id": f"uuid:parity-{review_date:%Y%m%d}-{number}",
            "review_date": pd.Timestamp(review_date),
            "commune_code": COMMUNES.index[place],
            "village_id": VILLAGES["village_id"][place],
            "area_class": COMMUNES["area_class"].iloc[place],
        }
        line = dict(standard.income.lines.values)[row["area_class"]]
        row |= _incomes(random, int(line), count, unsaid)
        for question in of_house:
            if question.name not in row:
                turn = turns.get(question.name, set())
                row[question.name] = _answer(random, question, unsaid, plain, turn, count)
        households.append(row)
        for member_no in range(1, count + 1):
            person: dict[str, Any] = {
                "interview_id": row["interview_id"],
                "member_no": member_no,
                "full_name": "Người Mẫu",
                "relation": "head" if member_no == 1 else str(random.choice(frames.MEMBER_CHOICES["relation"][1:])),
                "sex": str(random.choice(["male", "female"])),
            }
            like_others = 0.0 if random.random() < _ODD_ONES else plain
            person |= _birth(random, review_date, ages, unsaid, like_others)
            for question in of_member:
                if question.name not in person:
                    person[question.name] = _answer(random, question, unsaid, like_others, set(), count)
            members.append(person)
    return frames_of(households, members)


def frames_of(households: list[dict[str, Any]], members: list[dict[str, Any]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two frames of the contract from rows; what a row does not say is missing."""
    house = pd.DataFrame(households).set_index("interview_id").reindex(columns=list(frames.HOUSEHOLDS.columns))
    people = pd.DataFrame(members).set_index(["interview_id", "member_no"])
    return (
        frames.HOUSEHOLDS.validate(house),
        frames.MEMBERS.validate(people.reindex(columns=list(frames.MEMBERS.columns))),
    )


def _answer(
    random: np.random.Generator,
    question: Question,
    unsaid: float,
    plain: float,
    turns: set[tuple[float, bool]],
    count: int,
) -> Any:
    if random.random() < unsaid:
        return frames.DK if question.name in _MAY_NOT_KNOW and random.random() < 0.5 else None
    if question.kind == "number":
        return _number(random, turns, count)
    if question.name in _PLAIN and random.random() < plain:
        return _PLAIN[question.name]
    if question.kind == "multiple":
        real = [code for code in question.known if code != "none"]
        if "none" in question.known and random.random() < 0.5:
            return "none"
        chosen = random.choice(real, int(random.integers(1, len(real) + 1)), replace=False)
        return " ".join(code for code in real if code in chosen)  # as the phone gives them: in the order shown
    return str(random.choice(question.known))


def _number(random: np.random.Generator, turns: set[tuple[float, bool]], count: int) -> float:
    """At a turn of a rule, a hundredth beside it, or anywhere."""
    if not turns or random.random() < 0.3:
        return round(float(random.uniform(1, 20)) * count, 1)
    value, per_member = sorted(turns)[int(random.integers(len(turns)))]
    at = value * (count if per_member else 1)
    return max(0.01, round(at + float(random.choice([-0.01, 0.0, 0.01])), 2))


def _incomes(random: np.random.Generator, line: int, count: int, unsaid: float) -> dict[str, Any]:
    """Income of the year: at the line of the household's size, one đồng off (in the year, or per month), or far off."""
    year = line * 12 * count
    step = int(random.choice([0, 1, -1, 12 * count, -12 * count, -year // 2, year // 2, -year]))
    total = year + step
    cuts = np.sort(random.integers(0, total + 1, 3)) if random.random() < 0.5 else np.array([total] * 3)
    parts = np.diff([0, *cuts, total]).tolist()
    random.shuffle(parts)
    names = frames.INCOME_SOURCES
    row: dict[str, Any] = {name: float(amount) for name, amount in zip(names, [*parts, 0.0], strict=True)}
    row["income_allowance"] = float(random.integers(0, 50_000_000))
    assert max(row.values()) <= _LARGEST_AMOUNT
    return {name: None if random.random() < unsaid else amount for name, amount in row.items()}


def _birth(random: np.random.Generator, review: date, ages: list[int], unsaid: float, plain: float) -> dict[str, Any]:
    """A day on an edge or a day beside it, a year alone, nothing, or a grown person's."""
    none = {"birth_precision": None, "birth_date": None, "birth_year": None}
    if random.random() < unsaid / 2:
        return none
    age = 40 if random.random() < plain / 2 else int(random.choice(ages))
    if random.random() < 0.25:
        return none | {"birth_precision": "year", "birth_year": review.year - age}
    day = pd.Timestamp(review) - pd.DateOffset(years=age) + pd.Timedelta(days=int(random.integers(-1, 2)))
    born = min(day, pd.Timestamp(review))  # the form knows nobody who is born later
    return none | {"birth_precision": "full", "birth_date": born}
