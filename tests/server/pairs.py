"""Pairs for the desk: interviews of the invented province beside listed households that resemble them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import insert, select

from reconciliation import Registry, head_names
from reconciliation.linkage import Cuts, default_model
from server.cases import service as cases
from server.cases.tables import Interview
from server.database import Database
from server.linkage import models
from server.linkage.settling import Pair
from server.linkage.tables import Link
from server.registry.lists import store_list
from tests.browser.province import PROVINCE, ROUND

YEAR = 2025
CUT = 10.0
MODEL = "m" * 64
#: Of the listed household and not of the interview: he stands without a partner.
GONE = "Trần Văn Vắng"
PHONE = "0912345679"


#: Evidence of a pair as the linkage gives it.
HOUSEHOLD = {
    "prior": -25.0, "people_weight": 41.5, "home_weight": 6.5, "absence_weight": -10.0, "competition_weight": -4.0,
    "listed_missing": 1, "asked_missing": 1, "place": 2, "phone": 0, "distance": -1, "code": -1,
}  # fmt: skip
PEOPLE = {
    "member_no": 1, "registry_member_no": 1, "weight": 41.5,
    "name": 7, "birth": 7, "cccd": 1, "sex": 1, "relation": 2,
}  # fmt: skip


def household_code(interview_id: str) -> str:
    """The listed household that resembles an interview."""
    return f"HN-{interview_id[5:13]}"


def add_pairs(
    database: Database,
    count: int,
    *,
    status: str = "doubtful",
    readers: int = 1,
    weights: Sequence[float] = (),
    elsewhere: dict[int, str] | None = None,
) -> list[Pair]:
    """List a household for each of the first interviews, and link the two; the pairs.

    Each listed household has the interview's head, whose personal number ends otherwise, and somebody who is gone.
    weights: of the pairs in order; by default each is one bit farther from the cut. elsewhere: commune of the listed
    household where it is not the interview's, by the pair's number.
    """
    with database.session() as session:
        interviews = session.scalars(select(Interview).order_by(Interview.interview_id).limit(count)).all()
        _, members = cases.linkage_frames(session, ROUND)
        households, people = [], []
        for number, one in enumerate(interviews):
            code = household_code(one.interview_id)
            head = members.loc[(one.interview_id, 1)]
            households.append(
                {
                    "household_code": code,
                    "year": YEAR,
                    "commune_code": (elsewhere or {}).get(number, one.commune_code),
                    "village_id": one.village_id,
                    "village_name": "Thôn 1",
                    "status": "poor" if number % 2 else "near_poor",
                    "phone": PHONE,
                }
            )
            of_head = str(head["cccd"])
            other_end = str((int(of_head[-1]) + 1) % 10)
            known = _member(code, 1, head["full_name"], "head", of_head[:-1] + other_end)
            people.append(known | {"birth_date": head["birth_date"], "birth_year": pd.NA})
            people.append(_member(code, 2, GONE, "spouse", None))
        frame = pd.DataFrame(people).set_index(["household_code", "member_no"]).astype({"birth_year": "Int64"})
        listed = pd.DataFrame(households).set_index("household_code").astype({"year": "Int64"})
        listed["head_name"] = head_names(frame)
        problems = pd.DataFrame(columns=["sheet", "row", "column", "problem", "rejected"])
        store_list(session, Registry(listed, frame, problems), province_code=PROVINCE, source="thử")
        models.keep(session, PROVINCE, ROUND, models.Used(MODEL, default_model(), Cuts(link=CUT, doubt=0.0)))
        rows = [
            link_row(
                one.interview_id,
                household_code(one.interview_id),
                status=status,
                readers=readers,
                weight=weights[number] if weights else CUT - 1 - number,
            )
            for number, one in enumerate(interviews)
        ]
        session.execute(insert(Link), rows)
        return [(one.interview_id, household_code(one.interview_id)) for one in interviews]


def link_row(interview_id: str, code: str, **changes: Any) -> dict[str, Any]:
    """A row of `links` of a pair that one person is to read."""
    status, readers = changes.get("status", "doubtful"), changes.get("readers", 1)
    return {
        "province_code": PROVINCE,
        "round_id": ROUND,
        "registry_year": YEAR,
        "interview_id": interview_id,
        "household_code": code,
        "kind": "same",
        "status": status,
        "found_kind": "same",
        "found_status": status,
        "weight": CUT - 1,
        "members_agree": 1,
        "evidence": {"household": HOUSEHOLD, "people": [PEOPLE]},
        "model": MODEL,
        "readers": readers,
        "next_reading": 1 if readers else None,
    } | changes


def _member(code: str, number: int, name: str, relation: str, cccd: str | None) -> dict[str, Any]:
    return {
        "household_code": code,
        "member_no": number,
        "full_name": name,
        "relation": relation,
        "sex": "female",
        "birth_date": pd.NaT,
        "birth_year": 1957,
        "cccd": cccd,
        "ethnicity": "01",
    }
