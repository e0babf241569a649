"""Where households were seen, read within a scope: lines of the lists of poor and near-poor, interviews of rounds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from server.accounts.access import Scope
from server.cases.tables import Interview
from server.registry.tables import RegistryHousehold, RegistryMember

if TYPE_CHECKING:
    from reconciliation.identity import Appearance

_AT_ONCE = 5000

S = TypeVar("S", bound="Select[*tuple[Any, ...]]")


def within(session: Session, province_code: str, appearances: Iterable[Appearance], scope: Scope) -> set[Appearance]:
    """Those of some appearances that lie within a scope."""
    from reconciliation.identity import Appearance

    found: set[Appearance] = set()
    for source, codes in _by_source(appearances):
        kind = source.partition("/")[0]
        column = RegistryHousehold.household_code if kind == "list" else Interview.interview_id
        statement = _of_source(select(column), source, codes, province_code, scope)
        found |= {Appearance(source, str(code)) for code in session.scalars(statement)}
    return found


def rows(
    session: Session, province_code: str, appearances: Iterable[Appearance], scope: Scope
) -> dict[Appearance, RegistryHousehold | Interview]:
    """The rows of some appearances, as far as they lie within a scope."""
    from reconciliation.identity import Appearance

    found: dict[Appearance, RegistryHousehold | Interview] = {}
    for source, codes in _by_source(appearances):
        if source.startswith("list/"):
            listed = session.scalars(_of_source(select(RegistryHousehold), source, codes, province_code, scope))
            found |= {Appearance(source, one.household_code): one for one in listed}
        else:
            asked = session.scalars(_of_source(select(Interview), source, codes, province_code, scope))
            found |= {Appearance(source, one.interview_id): one for one in asked}
    return found


def listed_members(session: Session, of: RegistryHousehold, scope: Scope) -> Sequence[RegistryMember]:
    """Members of a household on a list, in its order."""
    statement = (
        select(RegistryMember)
        .join(
            RegistryHousehold,
            and_(
                RegistryHousehold.province_code == RegistryMember.province_code,
                RegistryHousehold.year == RegistryMember.year,
                RegistryHousehold.household_code == RegistryMember.household_code,
            ),
        )
        .where(
            RegistryMember.province_code == of.province_code,
            RegistryMember.year == of.year,
            RegistryMember.household_code == of.household_code,
            scope.where(RegistryHousehold),
        )
        .order_by(RegistryMember.member_no)
    )
    return session.scalars(statement).all()


def _by_source(appearances: Iterable[Appearance]) -> Iterator[tuple[str, list[str]]]:
    """Codes by source, some at a time."""
    codes: dict[str, list[str]] = defaultdict(list)
    for source, code in set(appearances):
        codes[source].append(code)
    for source, of in codes.items():
        for start in range(0, len(of), _AT_ONCE):
            yield source, of[start : start + _AT_ONCE]


def _of_source(statement: S, source: str, codes: Collection[str], province_code: str, scope: Scope) -> S:
    kind, _, name = source.partition("/")
    if kind == "list":
        return statement.where(
            RegistryHousehold.province_code == province_code,
            RegistryHousehold.year == int(name),
            RegistryHousehold.household_code.in_(codes),
            scope.where(RegistryHousehold),
        )
    return statement.where(Interview.round_id == name, Interview.interview_id.in_(codes), scope.where(Interview))
