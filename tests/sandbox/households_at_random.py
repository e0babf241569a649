"""Households whose answers are drawn without regard to sense: every code, every gap, every age, odd texts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from poverty import frames
from tests.forms.household_form import LISTED, VILLAGES

REVIEW_DATE = pd.Timestamp("2026-09-01")
SIZES = (1, 15, 2, 3, 4, 5)
_TEXTS = ("Ghi chú", "A & B <c> \"d\" 'e'", "gửi a@b.vn", "dòng 1\ndòng 2", "😀 tạm", "Phường Phố Hiến, Đại Đồng", "0")
_INCOMES = (0, 1, 100_000, 18_000_000, 24_000_000, 90_000_001, 360_000_000, 999_999_999)
_AREAS = (0.001, 7.9, 8.0, 15.9, 16, 23.7, 24.0, 40, 119.9, 120.0, 1999.99)


def draw(number: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """(households, members, visits) as `sandbox.submissions.write` takes them."""
    rng = np.random.default_rng(seed)
    usernames = [_maybe(rng, f"rsv-{row % 7}") for row in range(number)]
    households = frames.HOUSEHOLDS.validate(
        pd.DataFrame([_household(rng, n, user) for n, user in enumerate(usernames)]).set_index("interview_id")
    )
    rows = []
    for position, interview in enumerate(households.index):
        size = SIZES[position % len(SIZES)]
        rows += [_member(rng, interview, number) for number in range(1, size + 1)]
    members = frames.MEMBERS.validate(pd.DataFrame(rows).set_index(["interview_id", "member_no"]))
    started = pd.Timestamp("2026-09-02 00:30", tz="UTC") + pd.to_timedelta(rng.integers(0, 5_000_000, number), unit="s")
    visits = pd.DataFrame(
        {
            "instance_id": [f"uuid:{name}" for name in households.index],
            "started_at": started,
            "ended_at": started + pd.to_timedelta(rng.integers(60_000, 3_000_000, number), unit="ms"),
            "username": usernames,
        },
        index=households.index,
    )
    return households, members, visits


def _maybe(rng: np.random.Generator, value: object, missing: float = 0.15) -> object:
    return pd.NA if rng.random() < missing else value


def _one(rng: np.random.Generator, values: tuple[object, ...]) -> object:
    return values[int(rng.integers(len(values)))]


def _several(rng: np.random.Generator, codes: tuple[str, ...]) -> object:
    alone = [code for code in codes if code in ("none", "dk")]
    others = [code for code in codes if code not in alone]
    if alone and rng.random() < 0.5:
        return _maybe(rng, _one(rng, tuple(alone)))
    chosen = rng.permutation([code for code in others if rng.random() < 0.4])
    return _maybe(rng, " ".join(chosen)) if len(chosen) else pd.NA


def _household(rng: np.random.Generator, number: int, username: object) -> dict[str, object]:
    village = VILLAGES.iloc[int(rng.integers(len(VILLAGES)))]
    mine = LISTED["assignment_key"].eq("" if username is pd.NA else username)
    listed = LISTED.loc[mine & LISTED["village_id"].eq(village["village_id"]), "household_code"].item()
    gps = rng.random() < 0.8
    return {
        "interview_id": f"{number:08d}-0000-4000-8000-000000000000",
        "round_id": "2026",
        "review_date": REVIEW_DATE,
        "commune_code": village["commune_code"],
        "area_class": pd.NA,  # the form looks it up
        "village_id": village["village_id"],
        "household_code": _maybe(rng, listed, 0.4),
        "phone": _maybe(rng, f"09{int(rng.integers(10**8)):08d}"),
        "latitude": _one(rng, (20.0, 20.9312345, 20.6000001, 0.0)) if gps else pd.NA,
        "longitude": _one(rng, (106.0, 106.0223344, 0.0)) if gps else pd.NA,
        "gps_accuracy": _maybe(rng, _one(rng, (0.0, 4.7, 12.0, 50.0, 50.001, 99.999))) if gps else pd.NA,
        "floor_area": _maybe(rng, _one(rng, _AREAS)),
        **{name: _maybe(rng, _one(rng, codes)) for name, codes in frames.HOUSEHOLD_CHOICES.items()},
        "on_list": pd.NA,  # as the code says
        "outcome": _maybe(rng, _one(rng, frames.OUTCOMES)) if rng.random() < 0.2 else "met",
        "household_entity": pd.NA,  # as the phone's list says
        "replaces": pd.NA,
        "notice_read": pd.NA,
        "photo": pd.NA,
        "b1_points": _maybe(rng, _one(rng, (0, 85, 140, 175))),
        "b2_points": _maybe(rng, _one(rng, (0, 30, 120))),
        **{name: _maybe(rng, _one(rng, (0, 15, 240))) for name in frames.TRAVEL_MINUTES},
        **{name: _several(rng, codes) for name, codes in frames.HOUSEHOLD_MULTIPLE.items()},
        **{name: _maybe(rng, _one(rng, _INCOMES), 0.1) for name in frames.INCOME_SOURCES},
        "remarks": _maybe(rng, _one(rng, _TEXTS), 0.5),
    }


def _member(rng: np.random.Generator, interview: str, member_no: int) -> dict[str, object]:
    precision = _maybe(rng, _one(rng, ("full", "full", "year")), 0.1)
    # Half of the ages stand at an edge of a rule: a birthday on the review date, the day before, the day after.
    edge = REVIEW_DATE - pd.DateOffset(years=int(_one(rng, (0, 1, 3, 6, 12, 15, 16, 18, 30, 31))))  # type: ignore[call-overload]
    born = edge + pd.Timedelta(days=int(rng.integers(-1, 2)))
    if rng.random() < 0.5 or born > REVIEW_DATE:
        born = REVIEW_DATE - pd.Timedelta(days=int(rng.integers(0, 36_000)))
    sex = str(_one(rng, frames.MEMBER_CHOICES["sex"]))
    digit = 2 * (born.year // 100 - 19) + (sex == "female")
    return {
        "interview_id": interview,
        "member_no": member_no,
        "full_name": f"Nguyễn Mẫu {'ABCDEFGHIJKLMNO'[member_no - 1]}",
        # Both are in the frame; the form asks for what the precision says.
        "birth_date": _maybe(rng, born),
        "birth_year": _maybe(rng, born.year),
        "cccd": _maybe(rng, f"033{digit}{born.year % 100:02d}{int(rng.integers(10**6)):06d}", 0.4),
        "ethnicity": _maybe(rng, _one(rng, ("01", "08", "56"))),
        **{name: _maybe(rng, _one(rng, codes)) for name, codes in frames.MEMBER_CHOICES.items()},
        "relation": _one(rng, frames.MEMBER_CHOICES["relation"]),
        "sex": sex,
        "birth_precision": precision,
    }
