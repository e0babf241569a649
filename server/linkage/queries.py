"""What the desk reads: pairs both of whose sides lie within the reader's scope, and listed households not found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from server.accounts.access import Scope
from server.cases.tables import Interview
from server.linkage.settling import Agreement, Pair, agreement
from server.linkage.tables import AbsenceDecision, Link, LinkDecision
from server.registry.tables import RegistryHousehold

PAGE_SIZE = 50

S = TypeVar("S", bound="Select[*tuple[Any, ...]]")


@dataclass(frozen=True)
class Sides:
    """A pair with its two sides."""

    link: Link
    interview: Interview
    household: RegistryHousehold

    @property
    def pair(self) -> Pair:
        return self.link.interview_id, self.link.household_code


def waiting(
    session: Session, round_id: str, scope: Scope, reader: str | None, cut: float, commune: str | None = None
) -> list[Pair]:
    """Pairs that wait for this reader, in the order of the desk; for whoever only looks on (None), all that wait.

    Those listed poor or near-poor first, for a missed link invents a newly poor household; then those nearest to the
    cut. cut: match weight, bits.
    """
    statement = _pairs(select(Link.interview_id, Link.household_code), round_id, scope).where(
        Link.next_reading.is_not(None), Interview.review_state != "rejected", Interview.superseded_by.is_(None)
    )
    if commune:
        statement = statement.where(Interview.commune_code == commune)
    if reader is not None:
        statement = statement.where(*_may_read(reader))
    statement = statement.order_by(
        case((RegistryHousehold.status.in_(("poor", "near_poor")), 0), else_=1),
        func.abs(Link.weight - cut),
        Link.interview_id,
        Link.household_code,
    )
    return [(interview_id, code) for interview_id, code in session.execute(statement)]


def one(session: Session, round_id: str, pair: Pair, scope: Scope) -> Sides | None:
    """A pair that may be read, or None."""
    statement = _pairs(select(Link, Interview, RegistryHousehold), round_id, scope).where(
        Link.interview_id == pair[0], Link.household_code == pair[1]
    )
    found = session.execute(statement).first()
    return None if found is None else Sides(*found)


def related(session: Session, of: Link, scope: Scope) -> list[Sides]:
    """Other pairs of the same interview or household, those that hold first."""
    statement = (
        _pairs(select(Link, Interview, RegistryHousehold), of.round_id, scope)
        .where(
            or_(Link.interview_id == of.interview_id, Link.household_code == of.household_code),
            ~and_(Link.interview_id == of.interview_id, Link.household_code == of.household_code),
            Link.status != "apart",
        )
        .order_by(Link.status == "doubtful", Link.weight.desc(), Link.interview_id, Link.household_code)
    )
    return [Sides(*row) for row in session.execute(statement)]


def communes(session: Session, round_id: str, scope: Scope) -> list[str]:
    """Codes of the communes whose interviews have a pair that waits."""
    statement = _pairs(select(Interview.commune_code), round_id, scope)
    statement = statement.where(Link.next_reading.is_not(None), Interview.commune_code.is_not(None)).distinct()
    return sorted(code for code in session.scalars(statement) if code is not None)


def count_unsure(session: Session, round_id: str, scope: Scope) -> int:
    """Pairs of which everybody who read them was unsure: only a visit can tell."""
    statement = _pairs(select(func.count()), round_id, scope)
    return session.scalar(statement.where(Link.status == "doubtful", Link.next_reading.is_(None))) or 0


def count_with_others(session: Session, round_id: str, scope: Scope, reader: str) -> int:
    """Pairs that this person has read and that wait for another."""
    statement = _pairs(select(func.count()), round_id, scope)
    return session.scalar(statement.where(Link.next_reading.is_not(None), _spoken(reader, standing=True))) or 0


def last_decision(session: Session, round_id: str, reader: str) -> LinkDecision | None:
    """What this person said last and did not take back."""
    statement = (
        select(LinkDecision)
        .where(LinkDecision.round_id == round_id, LinkDecision.reader == reader, LinkDecision.undone_at.is_(None))
        .order_by(LinkDecision.decision_id.desc())
        .limit(1)
    )
    return session.scalars(statement).first()


def not_found(
    session: Session, round_id: str, province_code: str, year: int, scope: Scope, number: int = 1
) -> tuple[list[tuple[RegistryHousehold, AbsenceDecision | None]], int]:
    """A page of the listed households that no interview is, those of which nobody said why first; and how many wait."""
    statement = (
        _missing(select(RegistryHousehold, AbsenceDecision), round_id, province_code, year, scope)
        .order_by(
            AbsenceDecision.decision_id.is_not(None),
            RegistryHousehold.commune_code,
            RegistryHousehold.village_id,
            RegistryHousehold.household_code,
        )
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    rows: list[tuple[RegistryHousehold, AbsenceDecision | None]] = [
        (household, decision) for household, decision in session.execute(statement)
    ]
    return rows, count_not_found(session, round_id, province_code, year, scope)


def count_not_found(session: Session, round_id: str, province_code: str, year: int, scope: Scope) -> int:
    """Listed households that no interview is and of which nobody said why."""
    statement = _missing(select(func.count()), round_id, province_code, year, scope)
    return session.scalar(statement.where(AbsenceDecision.decision_id.is_(None))) or 0


def count_explained(session: Session, round_id: str, province_code: str, year: int, scope: Scope) -> int:
    """Listed households that no interview is and of which a person said why."""
    statement = _missing(select(func.count()), round_id, province_code, year, scope)
    return session.scalar(statement.where(AbsenceDecision.decision_id.is_not(None))) or 0


def missing_one(
    session: Session, round_id: str, province_code: str, year: int, household_code: str, scope: Scope
) -> RegistryHousehold | None:
    """A listed household that no interview is, or None."""
    statement = _missing(select(RegistryHousehold), round_id, province_code, year, scope)
    return session.scalars(statement.where(RegistryHousehold.household_code == household_code)).first()


def visits_to(session: Session, round_id: str, codes: Sequence[str], scope: Scope) -> dict[str, Interview]:
    """The newest interview of a round that named a listed household, by its code: who was not met says why."""
    statement = (
        select(Interview)
        .where(Interview.round_id == round_id, Interview.household_code.in_(codes), scope.where(Interview))
        .order_by(Interview.submitted_at)
    )
    return {str(one.household_code): one for one in session.scalars(statement)}


def agreement_of(session: Session, round_id: str) -> Agreement:
    """How far the two blind readers of pairs drawn for two agree."""
    first, second = aliased(LinkDecision), aliased(LinkDecision)
    statement = (
        select(first.verdict, second.verdict)
        .join(
            second,
            and_(
                second.round_id == first.round_id,
                second.interview_id == first.interview_id,
                second.household_code == first.household_code,
            ),
        )
        .where(first.round_id == round_id, first.readers == 2, second.readers == 2)
        .where(first.reading == 1, second.reading == 2, first.undone_at.is_(None), second.undone_at.is_(None))
    )
    return agreement((one, other) for one, other in session.execute(statement))


def _pairs(statement: S, round_id: str, scope: Scope) -> S:
    """Pairs of a round both of whose sides lie within the scope."""
    return (
        statement.select_from(Link)
        .join(Interview, Interview.interview_id == Link.interview_id)
        .join(Link.listed)
        .where(Link.round_id == round_id, scope.where(Interview), scope.where(RegistryHousehold))
    )


def _missing(statement: S, round_id: str, province_code: str, year: int, scope: Scope) -> S:
    """Listed households that no interview is, or may be; beside what a person said of each."""
    in_question = (
        select(Link.household_code)
        .where(
            Link.round_id == round_id,
            Link.registry_year == year,
            Link.household_code == RegistryHousehold.household_code,
            Link.status != "apart",
        )
        .exists()
    )
    return (
        statement.select_from(RegistryHousehold)
        .join(
            AbsenceDecision,
            and_(
                AbsenceDecision.round_id == round_id,
                AbsenceDecision.registry_year == RegistryHousehold.year,
                AbsenceDecision.household_code == RegistryHousehold.household_code,
                AbsenceDecision.undone_at.is_(None),
            ),
            isouter=True,
        )
        .where(
            RegistryHousehold.province_code == province_code,
            RegistryHousehold.year == year,
            ~in_question,
            scope.where(RegistryHousehold),
        )
    )


def _may_read(reader: str) -> list[ColumnElement[bool]]:
    """`server.linkage.deciding.may_read`, as conditions on `Link`."""
    others = aliased(LinkDecision)
    read_by_others = (
        select(others.decision_id)
        .where(*_of_link(others), others.reader != reader, others.undone_at.is_(None))
        .exists()
    )
    return [~_spoken(reader, standing=True), ~and_(_spoken(reader, standing=False), read_by_others)]


def _spoken(reader: str, *, standing: bool) -> ColumnElement[bool]:
    """That this person said something of the pair that stands, or took it back."""
    own = aliased(LinkDecision)
    undone = own.undone_at.is_(None) if standing else own.undone_at.is_not(None)
    return select(own.decision_id).where(*_of_link(own), own.reader == reader, undone).exists()


def _of_link(decision: type[LinkDecision]) -> list[ColumnElement[bool]]:
    return [
        decision.round_id == Link.round_id,
        decision.interview_id == Link.interview_id,
        decision.household_code == Link.household_code,
    ]
