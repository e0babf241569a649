"""Which questions the household form asks of whom, written down a second time beside the form itself.

A test holds it to the phone: `sandbox.submissions` writes what this module says was asked, and must equal what the
phone sends.
"""

from __future__ import annotations

import pandas as pd

from poverty import frames
from poverty.ages import ages

#: Full years, from and to, at which a question about a member is asked.
_ASKED_AT = {
    "attending": (3, 30),
    "qualification": (15, 999),
    "work": (15, 999),
    "job_training": (16, 30),
    "insured": (6, 999),
    "malnourished": (0, 15),
    "able_to_work": (15, 999),
}
#: A point worse than this, in metres, wants a reason.
_GOOD_POINT = 50
#: What is asked of every household, met or not.
_OF_ALL = {
    *("round_id", "review_date", "commune_code", "village_id", "area_class"),
    *("on_list", "household_code", "household_entity", "replaces", "outcome", "remarks"),
}
#: What a frame may leave unsaid of the visit itself, and what is then the case.
UNSAID = {
    "outcome": frames.MET,
    "notice_read": "OK",
    "consent_gps": "yes",
    "consent_photo": "yes",
    "gps_reason": "other",
}


def asked_of_households(households: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """(the households without answers that were not asked, who is asked each question that not all are asked).

    households: as `poverty.frames`. Where it says nothing of the visit, the household was met, heard the notice and
    agreed; it is on the list when it has a code.
    """
    households = households.copy()
    for question in frames.HOUSEHOLDS.columns:
        if question not in households:
            households[question] = pd.NA
    for question, usual in UNSAID.items():
        households[question] = households[question].astype("string").fillna(usual)
    code = households["household_code"].astype("string")
    by_code = code.notna().map({True: "listed", False: "new"})
    households["on_list"] = households["on_list"].astype("string").fillna(by_code)
    listed = households["on_list"].eq("listed")
    households["household_code"] = code.where(listed)

    met = frames.met(households)
    hidden = [name for name in frames.HOUSEHOLDS.columns if name not in _OF_ALL]
    shown = dict.fromkeys((*hidden, "location", "household_size"), met)
    agreed = met & households["consent_gps"].eq("yes")
    households[["latitude", "longitude"]] = households[["latitude", "longitude"]].where(agreed)
    shown["location"] = agreed
    pointless = households["latitude"].isna() | households["longitude"].isna()
    pointless |= (
        households["latitude"].eq(0) & households["longitude"].eq(0) & households["gps_accuracy"].fillna(0).eq(0)
    )
    shown["gps_reason"] = agreed & (pointless | households["gps_accuracy"].gt(_GOOD_POINT)).fillna(False).astype(bool)
    shown["photo"] = met & households["consent_photo"].eq("yes")
    shown["tap_water_wish"] = met & households["water_source"].ne("tap").fillna(True)
    shown["household_entity"] = shown["list_shown"] = listed
    for question in hidden:
        households[question] = households[question].where(shown[question])
    return households, {question: mask.astype(bool) for question, mask in shown.items()}


def asked_of_members(members: pd.DataFrame, review_date: pd.Timestamp) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """(the members without the answers that the form does not ask of them, who is asked each conditional question).

    All is asked of who has no known age.
    """
    members = members.copy()
    if "nutrition_source" not in members:
        members["nutrition_source"] = pd.NA
    precision = members["birth_precision"]
    shown = {"birth_date": precision.eq("full"), "birth_year": precision.eq("year")}
    shown = {question: mask.fillna(False).astype(bool) for question, mask in shown.items()}
    for question, mask in shown.items():
        members[question] = members[question].where(mask)
    age = ages(members, review_date)
    for question, (low, high) in _ASKED_AT.items():
        shown[question] = (age.between(low, high) | age.isna()).astype(bool)
        members[question] = members[question].where(shown[question])
    shown["contract"] = members["work"].eq("wage").fillna(False).astype(bool)
    shown["nutrition_source"] = members["malnourished"].isin(["yes", "no"]).astype(bool)
    for question in ("contract", "nutrition_source"):
        members[question] = members[question].where(shown[question])
    return members, shown
