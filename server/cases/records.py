"""Frames to rows of the interview tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd

from poverty.frames import MET
from reconciliation import nfc
from server.cases.sealed import Person
from server.submissions.flatten import Flat
from server.submissions.tables import Submission

if TYPE_CHECKING:
    from server.cases.derive import Ground

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
_DEPRIVATIONS = [f"d{number:02d}" for number in range(1, 13)]


def interview_records(
    flat: Flat,
    classes: pd.DataFrame,
    place: pd.DataFrame,
    of: Sequence[Submission],
    states: Mapping[str, str],
    ground: Ground,
) -> list[dict[str, Any]]:
    """Rows of `interviews`, to be sealed; what needs the whole round (severity, last year's class) is set later."""
    households = flat.households
    answers = _answers(households, flat, members=False)
    classed = _plain(classes)
    placed = _plain(place)
    given = _plain(households)
    heads = head_names(flat.members)
    vintages = ground.units["valid_from"].to_dict()
    records = []
    for submission in of:
        key = submission.central_id
        row, result, where = given[key], classed[key], placed[key]
        unit = where["resolved"]
        started, ended = _moment(row.get("started_at")), _moment(row.get("ended_at"))
        head = heads.get(key)
        records.append(
            {
                "interview_id": key,
                "version_id": submission.version_id,
                "province_code": ground.province_code,
                "round_id": ground.round_id,
                "commune_code": unit,
                "unit_valid_from": None if unit is None else vintages[unit],
                "commune_answered": row["commune_code"],
                "commune_gps": where["commune_gps"],
                "location_status": where["location_status"],
                "distance_m": where["distance_m"],
                "village_id": row["village_id"],
                "position": _position(row),
                "household_code": row["household_code"],
                "outcome": row["outcome"] or MET,
                "replaces": row["replaces"],
                "superseded_by": None,
                "head_name": None if head is None else nfc(head),
                "head_order": None,
                "member_count": result["member_count"] or 0,
                "proposed_class": result["proposed_class"],
                "method": result["method"],
                "provisional": bool(result["provisional"]),
                "deprivations_min": result["deprivations_min"],
                "deprivations_max": result["deprivations_max"],
                **{name: result[name] for name in _DEPRIVATIONS},
                "income_low": result["income_low"],
                "income_high": result["income_high"],
                "below_line": result["below_line"],
                # Of a household that was not met nothing was asked, so no answer is missing.
                "missing": result["missing"] if row["outcome"] in (None, MET) else "",
                "phone_class": row.get("phone_proposed_class"),
                "previous_class": None,
                "visited_at": ended or started,
                "minutes": minutes_between(started, ended),
                "submitted_at": submission.submitted_at,
                "enumerator": row.get("enumerator"),
                "form_version": submission.form_version,
                "edits": submission.edits,
                "review_state": states[key],
                "attachments_expected": submission.attachments_expected,
                "attachments_present": submission.attachments_present,
                "severity": None,
                "severity_rank": 0,
                "answers": answers[key],
            }
        )
    return records


def people(flat: Flat, years: pd.Series[Any]) -> list[tuple[str, int, Person]]:
    """Members with their interview and number; years: ages by the same index."""
    answers = _answers(flat.members, flat, members=True)
    given = _plain(flat.members)
    age = years.astype(object).where(years.notna(), None).to_dict()
    columns = ("full_name", "relation", "sex", "birth_year", "cccd")
    return [
        (
            key[0],
            key[1],
            Person(
                **{name: row[name] for name in columns},
                birth_date=None if row["birth_date"] is None else row["birth_date"].date(),
                age=age[key],
                answers=answers[key],
            ),
        )
        for key, row in given.items()
    ]


def _position(row: Mapping[str, Any]) -> dict[str, float | None] | None:
    position = {name: row[name] for name in ("latitude", "longitude", "gps_accuracy")}
    return None if all(value is None for value in position.values()) else position


def head_names(members: pd.DataFrame) -> dict[str, str]:
    """Name of the head by interview; of the first member where none is called head; absent where no name is given."""
    named = members[members["full_name"].notna()]
    ordered = named.assign(_rank=named["relation"].ne("head").fillna(True)).sort_values("_rank", kind="stable")
    first = ordered.groupby(level="interview_id")["full_name"].first()
    return {str(key): str(name) for key, name in first.items()}


def minutes_between(started: datetime | None, ended: datetime | None) -> float | None:
    """Minutes from start to end, by the phone's clock; None when either is unknown."""
    return None if started is None or ended is None else round((ended - started).total_seconds() / 60, 1)


def moments(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Times as the phone wrote them, as UTC; NaT where they cannot be read."""
    times = [_moment(text) if isinstance(text, str) else None for text in texts]
    return pd.Series(times, index=texts.index, dtype="datetime64[us, UTC]")


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
        # A phone writes its offset; where an odd one does not, it stood in Viet Nam.
        return (time if time.tzinfo else time.replace(tzinfo=LOCAL)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _plain(frame: pd.DataFrame) -> dict[Any, dict[str, Any]]:
    """Rows by index key as plain Python values; NA as None."""
    names = [str(name) for name in frame.columns]
    cells = frame.astype(object).to_numpy(copy=True)
    cells[frame.isna().to_numpy()] = None
    rows = cells.tolist()
    return {key: dict(zip(names, row, strict=True)) for key, row in zip(frame.index.tolist(), rows, strict=True)}


def _answers(frame: pd.DataFrame, flat: Flat, *, members: bool) -> dict[Any, dict[str, Any]]:
    """What was answered, without what was not: an unreadable answer stands as it was given."""
    result: dict[Any, dict[str, Any]] = {}
    for key, row in _plain(frame).items():
        result[key] = {
            name: value.date().isoformat() if isinstance(value, pd.Timestamp) else value
            for name, value in row.items()
            if value is not None
        }
    for (interview_id, member_no, field), value in flat.raw.items():
        if members == (member_no > 0):
            result[(interview_id, member_no) if members else interview_id][field] = value
    return result
