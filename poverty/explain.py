"""Why each deprivation holds, does not, or is not known: for the supervisor, and to the household's face."""

from __future__ import annotations

import numpy as np
import pandas as pd

from poverty.attribution import Contribution, contributions
from poverty.questions import Language, answer_name
from poverty.standard import Rule, Standard
from poverty.vectorised import Evaluator, Mask

DEPRIVED, NOT_DEPRIVED, UNKNOWN = "deprived", "not_deprived", "unknown"

_COLUMNS = ["interview_id", "rule", "value", "member_no", "fields"]

_VALUES: dict[Language, dict[str, str]] = {
    "vi": {DEPRIVED: "thiếu hụt", NOT_DEPRIVED: "không thiếu hụt", UNKNOWN: "chưa biết"},
    "en": {DEPRIVED: "deprived", NOT_DEPRIVED: "not deprived", UNKNOWN: "unknown"},
}
_WORDS: dict[Language, dict[str, str]] = {
    "vi": {"because": "theo", "missing": "thiếu câu trả lời:", "member": "thành viên số"},
    "en": {"because": "from", "missing": "answers missing:", "member": "member"},
}


def explain(households: pd.DataFrame, members: pd.DataFrame, standard: Standard) -> pd.DataFrame:
    """One row or more per household and rule, in the order of the households and of the standard.

    Columns: `interview_id`; `rule`; `value` (deprived, not_deprived, unknown); `member_no` (Int64: the member
    concerned, one row for each; NA where it is the household as a whole); `fields` (the answers that decided it, or,
    where unknown, those that are missing, joined by a space). A rule that no member fulfils is one row of the
    household.
    Raises ValueError when a frame lacks a column that the standard reads.
    """
    evaluator = Evaluator(households, members)
    parts = [_explain_rule(evaluator, households.index, rule, order) for order, rule in enumerate(standard.rules)]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.sort_values(["_household", "_order", "member_no"], na_position="first", kind="stable")
    return rows[_COLUMNS].reset_index(drop=True)


def _explain_rule(evaluator: Evaluator, interviews: pd.Index, rule: Rule, order: int) -> pd.DataFrame:
    value = evaluator.condition(rule.when)
    words = np.select([value.true, value.false], [DEPRIVED, NOT_DEPRIVED], UNKNOWN).astype(object)
    found = list(contributions(evaluator, rule.when, np.ones(len(interviews), bool)))
    of = evaluator.household_of

    of_member = [part for part in found if part.scope == "member"]
    of_household = [part for part in found if part.scope == "household"]
    # A rule that does not hold concerns every member: it is told once, as the household's.
    of_household += [
        Contribution("household", part.question, value.false & _households_of(part.rows, of, len(interviews)))
        for part in of_member
    ]
    member_fields = _fields(of_member, len(of))
    member_fields[value.false[of]] = ""
    household_fields = _fields(of_household, len(interviews))

    concerned = np.flatnonzero(member_fields != "")
    alone = ~_households_of(member_fields != "", of, len(interviews))
    whole = np.flatnonzero((household_fields != "") | alone)
    numbers = evaluator.member_keys.get_level_values("member_no").to_numpy()[concerned]
    household = np.concatenate([whole, of[concerned]])
    return pd.DataFrame(
        {
            "_household": household,
            "_order": order,
            "interview_id": interviews.to_numpy()[household],
            "rule": rule.id,
            "value": words[household],
            "member_no": pd.array([*([pd.NA] * len(whole)), *numbers], "Int64"),
            "fields": np.concatenate([household_fields[whole], member_fields[concerned]]),
        }
    )


def _households_of(member_rows: Mask, household_of: np.ndarray, size: int) -> Mask:
    return np.bincount(household_of[member_rows], minlength=size) > 0


def _fields(parts: list[Contribution], size: int) -> np.ndarray:
    """Names of the answers per row, each once, in the order in which the rule reads them."""
    masks: dict[str, Mask] = {}
    for part in parts:
        masks[part.question] = masks.get(part.question, np.zeros(size, bool)) | part.rows
    fields = np.full(size, "", dtype=object)
    for question, rows in masks.items():
        fields[rows & (fields != "")] += " "
        fields[rows] += question
    return fields


def render(explanation: pd.DataFrame, standard: Standard, language: Language = "vi") -> list[str]:
    """One line per rule, in the standard's order, from the rows of one household that `explain` gave.

    Raises ValueError when the rows belong to several households.
    """
    if explanation["interview_id"].nunique() > 1:
        raise ValueError("render tells one household at a time: select its rows first")
    lines = []
    for rule in standard.rules:
        rows = explanation[explanation["rule"] == rule.id]
        if not rows.empty:
            lines.append(_line(rows, rule, language))
    return lines


def _line(rows: pd.DataFrame, rule: Rule, language: Language) -> str:
    value = str(rows["value"].iloc[0])
    words = _WORDS[language]
    reasons = []
    for member_no, fields in zip(rows["member_no"], rows["fields"], strict=True):
        names = ", ".join(answer_name(field, language) for field in fields.split())
        who = f"{words['member']} {member_no}" if pd.notna(member_no) else ""
        reasons.append(": ".join(part for part in (who, names) if part))
    lead = words["missing" if value == UNKNOWN else "because"]
    told = "; ".join(reason for reason in reasons if reason)
    return f"{rule.name.in_language(language)}: {_VALUES[language][value]}" + (f" ({lead} {told})" if told else "")
