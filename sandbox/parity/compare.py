"""The server's side, and every value of the phone's beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from poverty import ages, classify
from poverty.standard import Standard
from poverty.vectorised import Evaluator
from poverty.xpath import member_conditions
from sandbox.parity.phones import Sent

_TRUTH = {"1": True, "0": False, "": None}


@dataclass(frozen=True)
class Mismatch:
    """A value on which phone and server differ; `member_no` is 0 where it is the household's."""

    interview_id: str
    member_no: int
    name: str
    phone: str
    server: str


def compare(
    sent: Sent, households: pd.DataFrame, members: pd.DataFrame, standard: Standard
) -> tuple[int, list[Mismatch]]:
    """How many values were compared, and those that differ, between the phones' and the server's for these frames.

    Household: `member_count`, the rules, `deprivations_min`, `deprivations_max`, `income_low`, `income_high`,
    `below_line`, `proposed_class`. Member: `age` and each `m_<rule>`.
    """
    server = classify(households, members, standard)
    rules = [rule.id for rule in standard.rules]
    counts = ["member_count", "deprivations_min", "deprivations_max"]
    found: list[Mismatch] = []
    compared = 0
    for name in [*counts, *rules, "income_low", "income_high", "below_line", "proposed_class"]:
        read = _truth if name in rules or name == "below_line" else _number if name != "proposed_class" else str
        compared += len(server)
        found += _differing(name, [read(text) for text in sent.households[name]], server[name])
    evaluator = Evaluator(households, members)
    of_members = {"age": ages(members, households["review_date"])}
    for name, condition in member_conditions(standard).items():
        value = evaluator.condition(condition, "member")
        of_members[name] = pd.Series(pd.arrays.BooleanArray(value.true, value.unknown), evaluator.member_keys)
    for name, column in of_members.items():
        compared += len(column)
        read = _number if name == "age" else _truth
        found += _differing(name, [read(text) for text in sent.members[name]], column.reindex(sent.members.index))
    return compared, found


def _truth(text: str) -> bool | None:
    return _TRUTH[text]


def _number(text: str) -> float | None:
    return None if text == "" else float(text)


def _differing(name: str, phone: list[Any], server: pd.Series) -> list[Mismatch]:
    values = [None if pd.isna(value) else value for value in server]
    # Exactly: both sides compute with the same doubles in the same order.
    at = np.flatnonzero([one != other for one, other in zip(phone, values, strict=True)])
    keys = [key if isinstance(key, tuple) else (key, 0) for key in server.index[at]]
    return [
        Mismatch(str(interview), int(member_no), name, str(phone[row]), str(values[row]))
        for (interview, member_no), row in zip(keys, at, strict=True)
    ]
