"""Submissions to frames: OData rows to the households and members of `poverty.frames`.

A leaf's name is its column, whatever group it stands in. What the phone computed becomes `phone_<name>`. A value that
cannot be read, a choice outside its list, a field that no contract knows: kept, and named in what is returned.

Interviews of one round may come on several versions of the form: an answer given under a former name or code is read
under today's (`forms.versions`), and a question that a version did not ask is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
import pandas as pd

from forms.versions import Renames, shipped_renames
from poverty import frames

REPEAT = "member"
GEOPOINT = "location"

#: What the phone computes of a household, and the prefix for what it computes of a member besides `age`.
PHONE_HOUSEHOLD = (
    "member_count",
    *(f"d{number:02d}" for number in range(1, 13)),
    "deprivations_min",
    "deprivations_max",
    "income_low",
    "income_high",
    "below_line",
    "proposed_class",
)
PHONE_MEMBER_PREFIX = "m_"

#: Leaves beside the contract that the form has, and the service uses or knows to be of no use.
_KNOWN_HOUSEHOLD = {
    "started_at",
    "ended_at",
    "enumerator",
    "device_id",
    "province_code",
    "household_size",
    "audit",
    "review_day",
    # What the phone's lists said when the household was chosen.
    "visits_done",
    "done_count",
    "assigned_count",
    "list_shown",
    "visit_key",
}
_KNOWN_MEMBER = {"year_of_birth", "birth_day"}
_SKIPPED = {"__id", "__system", "meta"}


@dataclass(frozen=True)
class Flat:
    """Frames of some submissions.

    households, members: as `poverty.frames` says, with `phone_*`, the form's metadata and unknown fields (text) beside.
    problems: one row per answer that does not fit: interview_id, member_no (0 = household), field, problem
        (`unknown_choice` or `unreadable`; the answer itself is in the frame or in `raw`).
    raw: (interview_id, member_no, field) -> an unreadable answer as given.
    unknown_fields: names of fields that no contract knows, sorted; members' begin with `member/`.
    """

    households: pd.DataFrame
    members: pd.DataFrame
    problems: pd.DataFrame
    raw: dict[tuple[str, int, str], str]
    unknown_fields: list[str]


def flatten(payloads: Iterable[tuple[str, str | bytes]], renames: Renames | None = None) -> Flat:
    """Flatten OData rows, given as (interview_id, JSON); ids must be unique.

    renames: of the form's earlier versions; by default those that the shipped household form writes down.
    """
    today = shipped_renames("household") if renames is None else renames
    households: list[dict[str, Any]] = []
    members: list[dict[str, Any]] = []
    for interview_id, payload in payloads:
        row = orjson.loads(payload)
        household: dict[str, Any] = {"interview_id": interview_id}
        people: list[dict[str, Any]] = []
        _walk(row, household, people, today)
        households.append(household)
        for number, person in enumerate(people, start=1):
            members.append({"interview_id": interview_id, "member_no": number} | person)
    problems = _Problems()
    household_frame = _households(households, problems)
    member_frame = _members(members, problems)
    unknown = sorted(set(household_frame.columns) - set(frames.HOUSEHOLDS.columns) - _KNOWN_HOUSEHOLD)
    unknown = [name for name in unknown if not name.startswith("phone_")]
    of_members = sorted(set(member_frame.columns) - set(frames.MEMBERS.columns) - _KNOWN_MEMBER)
    unknown += [f"{REPEAT}/{name}" for name in of_members if not name.startswith("phone_")]
    return Flat(household_frame, member_frame, problems.frame(), problems.raw, unknown)


def _walk(node: dict[str, Any], leaves: dict[str, Any], people: list[dict[str, Any]], renames: Renames) -> None:
    """Gather the leaves of a row under today's names; groups vanish, the members' repeat becomes `people`."""
    for given, value in node.items():
        if given in _SKIPPED or given.endswith("@odata.navigationLink"):
            continue
        name = renames.name(given)
        if isinstance(value, dict) and value.get("type") != "Point":
            _walk(value, leaves, people, renames)
        elif isinstance(value, list):
            if name == REPEAT:
                for item in value:
                    person: dict[str, Any] = {}
                    if isinstance(item, dict):
                        _walk(item, person, [], renames)
                    # Where the household turned out smaller the phone sends the repeats beyond it, empty.
                    if person:
                        people.append(person)
            else:  # a repeat that we do not know: kept as text
                leaves[name] = orjson.dumps(value).decode()
        elif value is not None and name == GEOPOINT and isinstance(value, dict):
            leaves.update(_point(value))
        elif value is not None:
            if isinstance(value, str):
                value = renames.answer(name, value)
            # A name given twice breaks the form's own rule; the first answer stands.
            leaves.setdefault(name, orjson.dumps(value).decode() if isinstance(value, dict) else value)


def _point(point: dict[str, Any]) -> dict[str, Any]:
    """A GeoJSON point of Central: [lon, lat, alt] in degrees, `properties.accuracy` in metres."""
    coordinates = point.get("coordinates")
    if not isinstance(coordinates, list) or len(coordinates) < 2:
        return {GEOPOINT: orjson.dumps(point).decode()}
    properties = point.get("properties")
    return {
        "longitude": coordinates[0],
        "latitude": coordinates[1],
        "gps_accuracy": properties.get("accuracy") if isinstance(properties, dict) else None,
    }


def _households(rows: list[dict[str, Any]], problems: _Problems) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=None if rows else ["interview_id"], dtype=object)
    renamed = {name: f"phone_{name}" for name in PHONE_HOUSEHOLD if name in frame}
    frame = frame.rename(columns=renamed)
    frame["interview_id"] = frame["interview_id"].astype("string")
    frame = frame.set_index("interview_id")
    # What the contract knows comes first, then the rest in the order met.
    given = _typed(frame, frames.HOUSEHOLDS, problems)
    choices = frames.HOUSEHOLD_CHOICES | {"area_class": frames.AREA_CLASSES}
    _check_choices(given, choices, frames.HOUSEHOLD_MULTIPLE, problems)
    return given


def _members(rows: list[dict[str, Any]], problems: _Problems) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=None if rows else ["interview_id", "member_no"], dtype=object)
    renamed = {name: f"phone_{name}" for name in frame.columns if name == "age" or name.startswith(PHONE_MEMBER_PREFIX)}
    frame = frame.rename(columns=renamed)
    frame["interview_id"] = frame["interview_id"].astype("string")
    frame["member_no"] = frame["member_no"].astype("int64")
    frame = frame.set_index(["interview_id", "member_no"])
    given = _typed(frame, frames.MEMBERS, problems)
    _check_choices(given, frames.MEMBER_CHOICES, {}, problems)
    return given


def _typed(frame: pd.DataFrame, schema: Any, problems: _Problems) -> pd.DataFrame:
    columns: dict[str, pd.Series[Any]] = {}
    for name, column in schema.columns.items():
        if name not in frame:
            columns[name] = pd.Series(pd.NA, index=frame.index, dtype=str(column.dtype))
            continue
        answers = frame[name].astype(object)
        kind = str(column.dtype)
        if kind.startswith("datetime64"):
            # OData dates are ISO days; a time after it would be another field.
            typed: pd.Series[Any] = pd.to_datetime(answers.astype("string"), format="%Y-%m-%d", errors="coerce")
            typed = typed.astype("datetime64[ns]")
        elif kind in ("Float64", "Int64"):
            numbers = pd.to_numeric(answers, errors="coerce").astype("Float64")
            numbers = numbers.mask(~numbers.between(-1e15, 1e15).fillna(False))
            typed = numbers if kind == "Float64" else numbers.where((numbers % 1 == 0).fillna(False)).astype("Int64")
        else:  # any answer can be read as text
            columns[name] = _text(answers)
            continue
        problems.unreadable(name, answers, answers.notna() & typed.isna())
        columns[name] = typed
    for name in frame.columns:
        # A note, or a question nobody was asked, is an empty column: no information.
        if name not in columns and frame[name].notna().any():
            columns[name] = _text(frame[name].astype(object))
    return pd.DataFrame(columns, index=frame.index)


def _text(answers: pd.Series[Any]) -> pd.Series[Any]:
    """Text as answered, an empty one as missing; numbers as JSON writes them (1, not 1.0)."""
    texts = [
        (value or None) if isinstance(value, str) else None if _missing(value) else orjson.dumps(value).decode()
        for value in answers.tolist()
    ]
    return pd.Series(pd.array(texts, dtype="string"), index=answers.index)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value != value  # pandas fills gaps with NaN


def _check_choices(
    frame: pd.DataFrame,
    choices: dict[str, tuple[str, ...]],
    multiple: dict[str, tuple[str, ...]],
    problems: _Problems,
) -> None:
    for name, codes in choices.items():
        problems.unknown_choice(name, frame[name], frame[name].notna() & ~frame[name].isin(codes))
    for name, codes in multiple.items():
        given = frame[name].dropna()
        known = {text: set(text.split()) <= set(codes) for text in given.unique()}
        wrong = given.map(known).eq(False).reindex(frame.index, fill_value=False)
        problems.unknown_choice(name, frame[name], wrong)


class _Problems:
    """Answers that do not fit, gathered column by column."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, int, str, str]] = []
        self.raw: dict[tuple[str, int, str], str] = {}

    def unreadable(self, name: str, answers: pd.Series[Any], where: pd.Series[bool]) -> None:
        for interview_id, member_no in self._add(name, where, "unreadable"):
            key = (interview_id, member_no) if answers.index.nlevels == 2 else interview_id
            value = answers.loc[key]
            self.raw[interview_id, member_no, name] = value if isinstance(value, str) else str(value)

    def unknown_choice(self, name: str, _answers: pd.Series[Any], where: pd.Series[bool]) -> None:
        self._add(name, where, "unknown_choice")

    def _add(self, name: str, where: pd.Series[bool], problem: str) -> list[tuple[str, int]]:
        keys = [key if isinstance(key, tuple) else (key, 0) for key in where.index[where.to_numpy(dtype=bool)]]
        self._rows += [(interview_id, member_no, name, problem) for interview_id, member_no in keys]
        return keys

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self._rows, columns=["interview_id", "member_no", "field", "problem"])
