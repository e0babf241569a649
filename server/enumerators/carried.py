"""What each phone shall carry: the rows of the lists `households` and `backchecks` of a round, made anew each time.

A household on last year's list goes to who it is assigned to, else to who its village is assigned to; without either it
goes nowhere. An applicant goes the same way by the village. An interview that was returned is offered again with its
reason, to who took it, until the next interview of the household has come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from forms.lists import ENTITY_LISTS, household_uuid
from server.accounts.access import system_work
from server.cases.sealed import open_heads
from server.cases.tables import Interview
from server.central.entities import Row
from server.enumerators.tables import HOUSEHOLD, VILLAGE, Assignment, BackCheck, Enumerator
from server.registry import service as registry
from server.registry.sealed import open_households as open_listed
from server.registry.sealed import open_people
from server.registry.tables import RegistryHousehold, RegistryMember
from server.review.tables import ReviewDecision
from server.rounds import service as rounds
from server.submissions import service as submissions
from server.submissions.tables import Submission
from server.units import service as units

APPLICATION = "application"
#: Code of an applicant that is on no list: of its own kind, so that it can be none of the list's.
_APPLICANT = "DN-"
_NO_REASON = "Trả lại trên ODK Central, không ghi lý do."
_AT_ONCE = 5000


@dataclass(frozen=True)
class Carried:
    """The rows of one list, and how many households go to nobody because neither they nor their village is assigned."""

    name: str
    rows: list[Row]
    unassigned: int = 0

    def by_phone(self) -> dict[str, list[Row]]:
        """The rows that each phone carries, by the code of its person."""
        result: dict[str, list[Row]] = {}
        for row in self.rows:
            result.setdefault(row.data["assignment_key"], []).append(row)
        return result


@system_work("phones")
def household_rows(session: Session, round_id: str) -> Carried:
    """The list `households` of a round."""
    of = rounds.get(session, round_id)
    taken = _latest_interviews(session, round_id)
    applied, applicants = _applications(session, round_id)
    by_village = _by_unit(session, round_id, VILLAGE)
    rows: list[Row] = []
    listed = _listed(session, round_id)
    year = registry.latest_year(session, of.province_code, of.review_date.year)
    heads: Sequence[str | None] = []
    born: dict[str, str] = {}
    if year is not None:
        heads = open_listed(
            session, of.province_code, year, "head_name", [(row.household_code, row.head_name) for row in listed]
        )
        born = _birth_years(session, of.province_code, year, [row.household_code for row in listed])
    places = _village_names(session, round_id)
    for row, head in zip(listed, heads, strict=True):
        code = row.household_code
        data = {
            "household_code": code,
            "commune_code": row.commune_code,
            "village_id": row.village_id or "",
            "head_name": head or "",
            "head_birth_year": born.get(code, ""),
            "member_count": str(row.member_count),
            "previous_class": row.status,
            "address": row.village_name or places.get(row.village_id or "", ""),
            "assignment_key": row.enumerator,
            "status": "applied" if code in applied else "listed",
        }
        rows.append(_row(round_id, code, code, data, taken.by_household.get(code)))
    for key, data in applicants.items():
        enumerator = by_village.get(data["village_id"]) or data["assignment_key"]
        code = data["household_code"]
        if enumerator:
            data = data | {"assignment_key": enumerator}
            rows.append(_row(round_id, key, code, data, taken.by_household.get(code)))
    known = {row.data["household_code"] for row in rows}
    for returned in taken.elsewhere(known):
        rows.append(_row(round_id, f"interview:{returned.interview_id}", "", _of_interview(returned, places), returned))
    return Carried("households", rows, _unassigned(session, of.province_code, year, len(listed)))


@system_work("phones")
def backcheck_rows(session: Session, round_id: str) -> Carried:
    """The list `backchecks` of a round: of a household its place and the head's name, and no answer."""
    found = session.execute(
        select(
            BackCheck.checker,
            Interview.interview_id,
            Interview.household_code,
            Interview.commune_code,
            Interview.village_id,
            Interview.head_name,
        )
        .join(Interview, Interview.interview_id == BackCheck.interview_id)
        .where(BackCheck.round_id == round_id)
        .order_by(BackCheck.interview_id)
    ).all()
    heads = open_heads(session, [(row.interview_id, row.head_name) for row in found])
    places = _village_names(session, round_id)
    rows = []
    for row, head in zip(found, heads, strict=True):
        data = {
            "household_code": row.household_code or "",
            "commune_code": row.commune_code or "",
            "village_id": row.village_id or "",
            "head_name": head or "",
            "address": places.get(row.village_id or "", ""),
            "assignment_key": row.checker,
            "round_id": round_id,
        }
        label = _label(data["head_name"], data["household_code"])
        rows.append(Row(household_uuid(round_id, f"backcheck:{row.interview_id}"), label, data))
    return Carried("backchecks", rows)


def _row(round_id: str, key: str, code: str, data: dict[str, str], returned: Any) -> Row:
    if returned is not None and returned.returned:
        reason = returned.reason or _NO_REASON
        data = data | {"status": "returned", "returned_reason": reason, "replaces": returned.interview_id}
    filled = dict.fromkeys(ENTITY_LISTS["households"], "") | data | {"round_id": round_id}
    return Row(household_uuid(round_id, key), _label(filled["head_name"], code), filled)


def _label(head: str, code: str) -> str:
    return " · ".join(part for part in (head, code or "hộ mới") if part)


@system_work("phones")
def _listed(session: Session, round_id: str) -> Sequence[Any]:
    """Households on the list before the round that are assigned to somebody, by code."""
    of = rounds.get(session, round_id)
    year = registry.latest_year(session, of.province_code, of.review_date.year)
    own, village = aliased(Assignment), aliased(Assignment)
    enumerator = func.coalesce(own.enumerator, village.enumerator)
    statement = (
        select(
            RegistryHousehold.household_code,
            RegistryHousehold.commune_code,
            RegistryHousehold.village_id,
            RegistryHousehold.village_name,
            RegistryHousehold.status,
            RegistryHousehold.head_name,
            RegistryHousehold.member_count,
            enumerator.label("enumerator"),
        )
        .outerjoin(own, _is_unit(own, round_id, HOUSEHOLD, RegistryHousehold.household_code))
        .outerjoin(village, _is_unit(village, round_id, VILLAGE, RegistryHousehold.village_id))
        .where(
            RegistryHousehold.province_code == of.province_code,
            RegistryHousehold.year == year,
            enumerator.is_not(None),
        )
        .order_by(RegistryHousehold.household_code)
    )
    return session.execute(statement).all()


def _is_unit(table: Any, round_id: str, kind: str, code: Any) -> Any:
    return and_(table.round_id == round_id, table.kind == kind, table.unit_code == code)


@system_work("phones")
def _unassigned(session: Session, province_code: str, year: int | None, assigned: int) -> int:
    statement = select(func.count()).where(
        RegistryHousehold.province_code == province_code, RegistryHousehold.year == year
    )
    return (session.scalar(statement) or 0) - assigned


@system_work("phones")
def _birth_years(session: Session, province_code: str, year: int, codes: Sequence[str]) -> dict[str, str]:
    """Years of birth of heads, by household."""
    born: dict[str, str] = {}
    for batch in _batches(codes):
        people = session.execute(
            select(RegistryMember.household_code, RegistryMember.person).where(
                RegistryMember.province_code == province_code,
                RegistryMember.year == year,
                RegistryMember.household_code.in_(batch),
            )
        ).all()
        opened = open_people(session, province_code, year, [(row.household_code, row.person) for row in people])
        for row, person in zip(people, opened, strict=True):
            if person is not None and person["relation"] == "head":
                born[row.household_code] = str(person["birth_year"] or (person["birth_date"] or "")[:4] or "")
    return born


@dataclass(frozen=True)
class _Taken:
    """The last interview of a household, and whether it was returned."""

    interview_id: str
    household_code: str | None
    commune_code: str | None
    village_id: str | None
    enumerator: str | None
    member_count: int
    head_name: str
    returned: bool
    reason: str | None


@dataclass(frozen=True)
class _Interviews:
    by_household: dict[str, _Taken]
    without_code: list[_Taken]

    def elsewhere(self, known: set[str]) -> Iterator[_Taken]:
        """Returned interviews of households that are on no list: they are offered to who took them."""
        for one in (*self.by_household.values(), *self.without_code):
            if one.returned and one.enumerator and (one.household_code or "") not in known - {""}:
                yield one


@system_work("phones")
def _latest_interviews(session: Session, round_id: str) -> _Interviews:
    found = session.execute(
        select(
            Interview.interview_id,
            Interview.household_code,
            Interview.commune_code,
            Interview.village_id,
            Interview.enumerator,
            Interview.member_count,
            Interview.head_name,
            Interview.review_state,
            Interview.replaces,
        )
        .where(Interview.round_id == round_id)
        .order_by(Interview.submitted_at, Interview.interview_id)
    ).all()
    returned = [row for row in found if row.review_state == "hasIssues"]
    reasons = _reasons(session, [row.interview_id for row in returned])
    names = dict(
        zip(
            (row.interview_id for row in returned),
            open_heads(session, [(row.interview_id, row.head_name) for row in returned]),
            strict=True,
        )
    )
    replaced = {row.replaces for row in found}
    by_household: dict[str, _Taken] = {}
    without_code: list[_Taken] = []
    for row in found:
        one = _Taken(
            *(row.interview_id, row.household_code, row.commune_code, row.village_id, row.enumerator),
            row.member_count,
            names.get(row.interview_id) or "",
            row.review_state == "hasIssues" and row.interview_id not in replaced,
            reasons.get(row.interview_id),
        )
        if row.household_code:
            by_household[row.household_code] = one
        else:
            without_code.append(one)
    return _Interviews(by_household, without_code)


def _reasons(session: Session, interview_ids: Sequence[str]) -> dict[str, str]:
    """Why interviews were returned, as it was last said here."""
    reasons: dict[str, str] = {}
    for batch in _batches(interview_ids):
        statement = (
            select(ReviewDecision.interview_id, ReviewDecision.reason)
            .where(
                ReviewDecision.interview_id.in_(batch),
                ReviewDecision.action == "return",
                ReviewDecision.undone_at.is_(None),
            )
            .order_by(ReviewDecision.decision_id)
        )
        reasons |= {row.interview_id: row.reason for row in session.execute(statement) if row.reason}
    return reasons


def _of_interview(one: _Taken, places: dict[str, str]) -> dict[str, str]:
    return {
        "household_code": one.household_code or "",
        "commune_code": one.commune_code or "",
        "village_id": one.village_id or "",
        "head_name": one.head_name,
        "member_count": str(one.member_count),
        "previous_class": "none",
        "address": places.get(one.village_id or "", ""),
        "assignment_key": one.enumerator or "",
    }


@system_work("phones")
def _applications(session: Session, round_id: str) -> tuple[set[str], dict[str, dict[str, str]]]:
    """(codes of listed households that applied, properties of applicants on no list by key of their row)."""
    form = rounds.form_of(session, round_id, APPLICATION)
    if form is None:
        return set(), {}
    statement = select(Submission).where(
        Submission.form_id == form.form_id,
        Submission.round_id == round_id,
        Submission.is_current,
        Submission.deleted_at.is_(None),
        Submission.review_state != "rejected",
    )
    received = list(session.scalars(statement.order_by(Submission.central_id)))
    codes = {row.code for row in _people(session, round_id)}
    listed: set[str] = set()
    applicants: dict[str, dict[str, str]] = {}
    for submission, payload in zip(received, submissions.payloads(session, received), strict=True):
        given = {} if payload is None else _leaves(orjson.loads(payload))
        if given.get("goes_to_review") != "yes":
            continue
        if given.get("on_list") == "listed":
            listed.add(given.get("household_code", ""))
            continue
        names = ("commune_code", "village_id", "head_name", "head_birth_year", "member_count", "address")
        enumerator = given.get("enumerator", "")
        applicants[f"application:{submission.central_id}"] = {name: given.get(name, "") for name in names} | {
            "household_code": _APPLICANT + submission.central_id.removeprefix("uuid:").replace("-", "")[:12],
            "previous_class": "none",
            "assignment_key": enumerator if enumerator in codes else "",
            "status": "applied",
        }
    return listed - {""}, applicants


def _leaves(row: dict[str, Any]) -> dict[str, str]:
    """Answers of an OData row by the name of their question, whatever group they are in; repeats are left out."""
    found: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            found |= _leaves(value)
        elif value is not None and not isinstance(value, list):
            found[name] = str(value)
    return found


@system_work("phones")
def _people(session: Session, round_id: str) -> Sequence[Any]:
    return session.execute(select(Enumerator.code).where(Enumerator.round_id == round_id)).all()


def _by_unit(session: Session, round_id: str, kind: str) -> dict[str, str]:
    found = session.execute(
        select(Assignment.unit_code, Assignment.enumerator).where(
            Assignment.round_id == round_id, Assignment.kind == kind
        )
    )
    return {row.unit_code: row.enumerator for row in found}


def _village_names(session: Session, round_id: str) -> dict[str, str]:
    of = rounds.get(session, round_id)
    frame = units.villages_frame(session, of.unit_vintage, of.province_code)
    return dict(zip(frame["village_id"], frame["label"], strict=True))


def _batches(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
