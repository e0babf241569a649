"""The likely listed households of one record, by keys: what is kept is a piece of the key's hash, never the key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, select
from sqlalchemy.orm import Session

from server.accounts.access import Scope, system_work
from server.cases import service as cases
from server.cases.tables import Interview
from server.database import insert_rows
from server.linkage import models, sides
from server.linkage.tables import RegistryKey
from server.registry import service as registry
from server.registry.tables import RegistryHousehold
from server.rounds import service as rounds
from server.secrets.service import Vault, registry_subject, vault_of

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation.linkage import Side

_AT_ONCE = 5000


@dataclass(frozen=True)
class Candidate:
    """A listed household that resembles an interview. weight: bits; agree: members who are the same."""

    household: RegistryHousehold
    weight: float
    agree: int


def index_list(session: Session, province_code: str, year: int, listed: Side) -> int:
    """Bring the keys of a year's list up to it; how many were written. A household that was erased has none."""
    wanted = _keys_of_list(session, province_code, year, listed)
    of = (RegistryKey.province_code == province_code, RegistryKey.year == year)
    held = {
        (int(key), str(code))
        for key, code in session.execute(select(RegistryKey.key, RegistryKey.household_code).where(*of))
    }
    stale = sorted({code for _, code in held - wanted})
    for start in range(0, len(stale), _AT_ONCE):
        session.execute(delete(RegistryKey).where(*of, RegistryKey.household_code.in_(stale[start : start + _AT_ONCE])))
    gone = set(stale)
    return _insert(session, province_code, year, {one for one in wanted if one not in held or one[1] in gone})


@system_work("import")
def index_since(session: Session, province_code: str, year: int, since: datetime) -> int:
    """Write anew the keys of the households of a list that were imported since a moment; how many keys."""
    from reconciliation.linkage import Side

    statement = select(RegistryHousehold.household_code).where(
        RegistryHousehold.province_code == province_code,
        RegistryHousehold.year == year,
        RegistryHousehold.imported_at >= since,
    )
    codes = sorted(session.scalars(statement))
    if not codes:
        return 0
    of = (RegistryKey.province_code == province_code, RegistryKey.year == year)
    for start in range(0, len(codes), _AT_ONCE):
        session.execute(delete(RegistryKey).where(*of, RegistryKey.household_code.in_(codes[start : start + _AT_ONCE])))
    listed = Side.of_list(registry.load_list(session, province_code, year, codes))
    return _insert(session, province_code, year, _keys_of_list(session, province_code, year, listed))


def candidates(session: Session, of: Interview, scope: Scope, limit: int = 3) -> list[Candidate]:
    """The listed households within the scope that an interview, read within it, resembles most; the likeliest first.

    By look-ups of keys alone: what a linkage of the whole round would find, but for what other interviews explain.
    """
    from reconciliation.linkage import lookup

    year = registry.latest_year(session, of.province_code, rounds.get(session, of.round_id).review_date.year)
    if year is None:
        return []
    household, members = _record(session, of, scope)
    found = _hits(session, of.province_code, year, lookup.keys(members, household), vault_of(session))
    codes = lookup.promising(found)
    statement = select(RegistryHousehold).where(
        RegistryHousehold.province_code == of.province_code,
        RegistryHousehold.year == year,
        RegistryHousehold.household_code.in_(codes),
        scope.where(RegistryHousehold),
    )
    households = {one.household_code: one for one in session.scalars(statement)}
    if not households:
        return []
    listed = registry.load_rows(session, of.province_code, year, sorted(households))
    scored = lookup.score_rows(household, members, listed, models.of_round(session, of.round_id))
    return [Candidate(households[code], weight, agree) for code, weight, agree in scored[:limit] if agree]


def _record(session: Session, of: Interview, scope: Scope) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    household = cases.open_households(session, [of])[0]
    members = cases.members_of(session, of.interview_id, scope)
    return sides.of_one(of, household, [person for person in cases.open_people(session, members) if person is not None])


def _hits(
    session: Session, province_code: str, year: int, keys: Iterable[tuple[str, str]], vault: Vault
) -> list[tuple[str, str]]:
    """(kind of key, household code) of every key of a record that a listed household has too."""
    from reconciliation.linkage import lookup

    kinds = {_number(vault, kind, text): kind for kind, text in keys}
    shared: dict[int, list[str]] = defaultdict(list)
    statement = select(RegistryKey.key, RegistryKey.household_code).where(
        and_(RegistryKey.province_code == province_code, RegistryKey.year == year, RegistryKey.key.in_(kinds))
    )
    for key, code in session.execute(statement):
        shared[key].append(code)
    return [
        (kinds[key], code)
        for key, codes in sorted(shared.items())
        if len(codes) <= lookup.MOST_SHARING
        for code in codes
    ]


def _keys_of_list(session: Session, province_code: str, year: int, listed: Side) -> set[tuple[int, str]]:
    """(key, household code) of every household of a list; those erased at this moment are left out."""
    from reconciliation.linkage import lookup

    vault = vault_of(session)
    subjects = {registry_subject(province_code, year, str(code)): str(code) for code in listed.households.index}
    erased = {subjects[subject] for subject in vault.hold(subjects)}
    people: dict[str, list[dict[str, Any]]] = defaultdict(list)
    codes = listed.members.index.get_level_values(0)
    for code, row in zip(codes, _rows(listed.members), strict=True):
        people[str(code)].append(row)
    return {
        (_number(vault, kind, text), str(code))
        for code, row in zip(listed.households.index, _rows(listed.households), strict=True)
        if str(code) not in erased
        for kind, text in lookup.keys(people[str(code)], row)
    }


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    columns = [str(name) for name in frame.columns]
    return [dict(zip(columns, row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def _insert(session: Session, province_code: str, year: int, pairs: Collection[tuple[int, str]]) -> int:
    fixed = {"province_code": province_code, "year": year}
    rows = [fixed | {"key": key, "household_code": code} for key, code in sorted(pairs)]
    if rows:
        insert_rows(session, RegistryKey, rows)
    return len(rows)


def _number(vault: Vault, kind: str, text: str) -> int:
    """The first 8 bytes of a key's keyed hash, as both databases keep whole numbers."""
    return int.from_bytes(bytes.fromhex(vault.lookup(f"link.{kind}", text)[:16]), signed=True)
