"""One year's list in the database: loaded as `reconciliation` works on it, and brought up to another in sets."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.errors import NotFoundError
from server.registry.sealed import (
    PERSON_FIELDS,
    SEALED_FIELDS,
    open_households,
    open_people,
    seal_households,
    seal_members,
)
from server.registry.tables import RegistryHousehold, RegistryMember
from server.secrets.service import registry_subject, vault_of

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation import Registry

_AT_ONCE = 5000
_HOUSEHOLD = ("commune_code", "village_id", "village_name", "status", "head_name", "phone")


@dataclass(frozen=True)
class Changed:
    """What bringing a list up to a file did: households added, changed, unchanged, removed; `left`: households of the
    file's communes that are held but stand not in it; `erased`: those of which nobody is kept; `overwritten`: changed
    ones whose code is a temporary one and that came from other files (`overwritten_from`): two villages of one name?"""

    added: int
    changed: int
    unchanged: int
    removed: int
    left: int
    erased: int
    overwritten: int = 0
    overwritten_from: tuple[str, ...] = ()


@system_work("import")
def store_list(
    session: Session, registry: Registry, *, province_code: str, source: str, replace: bool = False
) -> Changed:
    """Bring what is held of a year to a list: its households are added or changed; equal ones are not written.

    replace: households of the list's communes that it does not hold are removed; without it they stay.
    Of a household that was erased, its status and its place are kept, which the tables count, and nobody in it.
    """
    from reconciliation.lists import TEMPORARY

    year = int(registry.households["year"].iloc[0])
    codes = {registry_subject(province_code, year, str(code)): str(code) for code in registry.households.index}
    erased = {codes[subject] for subject in vault_of(session).hold(codes)}
    new = _contents(registry, erased)
    communes = sorted(registry.households["commune_code"].unique())
    held = _contents(_read(session, province_code, year, communes=communes), ())
    # A household that moved here from a commune of which this file says nothing is held there.
    held |= _contents(_read(session, province_code, year, codes=sorted(new.keys() - held.keys())), ())
    changed = {code for code, content in new.items() if code in held and held[code] != content}
    added = new.keys() - held.keys()
    left = held.keys() - new.keys()
    removed = left if replace else set()
    sources = _sources(session, province_code, year, sorted(code for code in changed if code.startswith(TEMPORARY)))
    others = [name for name in sources.values() if name != source]
    _delete(session, province_code, year, sorted(changed | removed))
    _insert(session, registry, changed | added, erased, province_code=province_code, source=source)
    return Changed(
        added=len(added),
        changed=len(changed),
        unchanged=len(new) - len(changed) - len(added),
        removed=len(removed),
        left=len(left) - len(removed),
        erased=len(erased),
        overwritten=len(others),
        overwritten_from=tuple(sorted(set(others))),
    )


@system_work("reconcile")
def load_list(session: Session, province_code: str, year: int, codes: Sequence[str] | None = None) -> Registry:
    """One year's list, or some households of it, as `reconciliation` works on it.

    Raises `NotFoundError` when there is none.
    """
    found = _read(session, province_code, year, codes=codes)
    if found.households.empty:
        raise NotFoundError(
            "registry_missing",
            f"Chưa có danh sách hộ nghèo, cận nghèo năm {year}. Nhập: rasoat registry import TỆP.",
            f"There is no list of poor and near-poor households of {year}. Import it: rasoat registry import FILE.",
        )
    return found


def load_rows(
    session: Session, province_code: str, year: int, codes: Sequence[str]
) -> list[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """Some households of a list as plain rows, for a page that somebody waits for: code, household (commune_code,
    village_id, phone) and members, with the columns of `reconciliation.linkage.Side`."""
    found: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = []
    for condition in _conditions(None, codes):
        households = _households_where(session, province_code, year, condition)
        sealed = [(row.household_code, row.phone) for row in households]
        phones = open_households(session, province_code, year, "phone", sealed)
        members: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for person in _people_where(session, province_code, year, condition):
            born = person["birth_date"]
            members[person["household_code"]].append(
                person | {"birth_date": None if born is None else date.fromisoformat(born)}
            )
        for row, phone in zip(households, phones, strict=True):
            home = {"commune_code": row.commune_code, "village_id": row.village_id, "phone": phone}
            found.append((row.household_code, home, members[row.household_code]))
    return found


def _read(
    session: Session,
    province_code: str,
    year: int,
    *,
    communes: Sequence[str] | None = None,
    codes: Sequence[str] | None = None,
) -> Registry:
    """What is held of a year: all of it, of some communes, or of some households."""
    import pandas as pd

    from reconciliation import Registry
    from reconciliation.registry import PROBLEM_COLUMNS

    columns = ["household_code", "year", *_HOUSEHOLD]
    households: list[Any] = []
    people: list[dict[str, Any]] = []
    for condition in _conditions(communes, codes):
        households += _households_where(session, province_code, year, condition)
        people += _people_where(session, province_code, year, condition)
    frame = pd.DataFrame(households, columns=columns)
    for name in SEALED_FIELDS:
        sealed = [(row[0], getattr(row, name)) for row in households]
        frame[name] = open_households(session, province_code, year, name, sealed)
    frame = frame.set_index("household_code")
    frame = frame.astype(dict.fromkeys(_HOUSEHOLD, "str") | {"year": "Int64"})
    frame.index = frame.index.astype("str")
    members = pd.DataFrame(people, columns=["household_code", "member_no", *PERSON_FIELDS])
    members = members.astype(
        dict.fromkeys(("household_code", "full_name", "relation", "sex", "cccd", "ethnicity"), "str")
        | {"birth_year": "Int64", "member_no": "int64"}
    )
    members["birth_date"] = pd.to_datetime(members["birth_date"]).astype("datetime64[ns]")
    problems = pd.DataFrame(columns=PROBLEM_COLUMNS)
    return Registry(frame, members.set_index(["household_code", "member_no"]), problems)


@system_work("reconcile")
def _conditions(communes: Sequence[str] | None, codes: Sequence[str] | None) -> Iterator[Any]:
    """Conditions on `RegistryHousehold` that together select what is asked for, none of them too long."""
    if communes is None and codes is None:
        yield True
        return
    column = RegistryHousehold.household_code if codes is not None else RegistryHousehold.commune_code
    values = codes if codes is not None else communes or ()
    for start in range(0, len(values), _AT_ONCE):
        yield column.in_(values[start : start + _AT_ONCE])


@system_work("reconcile")
def _households_where(session: Session, province_code: str, year: int, condition: Any) -> Sequence[Any]:
    return session.execute(
        select(
            RegistryHousehold.household_code,
            RegistryHousehold.year,
            *(getattr(RegistryHousehold, name) for name in _HOUSEHOLD),
        )
        .where(RegistryHousehold.province_code == province_code, RegistryHousehold.year == year, condition)
        .order_by(RegistryHousehold.household_code)
    ).all()


@system_work("reconcile")
def _people_where(session: Session, province_code: str, year: int, condition: Any) -> list[dict[str, Any]]:
    statement = select(RegistryMember.household_code, RegistryMember.member_no, RegistryMember.person).where(
        RegistryMember.province_code == province_code, RegistryMember.year == year
    )
    if condition is not True:
        of = (RegistryHousehold.province_code == province_code, RegistryHousehold.year == year, condition)
        statement = statement.where(
            RegistryMember.household_code.in_(select(RegistryHousehold.household_code).where(*of))
        )
    statement = statement.order_by(RegistryMember.household_code, RegistryMember.member_no)
    people: list[dict[str, Any]] = []
    for part in session.execute(statement, execution_options={"yield_per": _AT_ONCE}).partitions():
        opened = open_people(session, province_code, year, [(row.household_code, row.person) for row in part])
        people += [
            {"household_code": row.household_code, "member_no": row.member_no} | person
            for row, person in zip(part, opened, strict=True)
            if person is not None
        ]
        vault_of(session).forget()
    return people


def _contents(registry: Registry, erased: Collection[str]) -> dict[str, str]:
    """What a list says of each household, as one text: equal texts are equal households."""
    people: dict[str, list[Any]] = {}
    for (code, number), row in _rows(registry.members):
        people.setdefault(str(code), []).append([int(number), _person(row)])
    contents = {}
    for code, row in _rows(registry.households):
        gone = str(code) in erased
        # A list may know no telephones at all.
        household = {name: None if gone and name in SEALED_FIELDS else row.get(name) for name in _HOUSEHOLD}
        said = [household, [] if gone else sorted(people.get(str(code), []), key=lambda one: one[0])]
        contents[str(code)] = json.dumps(said, ensure_ascii=False, sort_keys=True)
    return contents


def _person(row: dict[str, Any]) -> dict[str, Any]:
    """The fields of a member as they are sealed: plain values, the day as ISO text."""
    return {name: row[name] for name in PERSON_FIELDS} | {
        "birth_date": None if row["birth_date"] is None else row["birth_date"].date().isoformat(),
        "birth_year": None if row["birth_year"] is None else int(row["birth_year"]),
    }


@system_work("import")
def _sources(session: Session, province_code: str, year: int, codes: Sequence[str]) -> dict[str, str]:
    """The file that each of some households came from."""
    found: dict[str, str] = {}
    for start in range(0, len(codes), _AT_ONCE):
        statement = select(RegistryHousehold.household_code, RegistryHousehold.source).where(
            RegistryHousehold.province_code == province_code,
            RegistryHousehold.year == year,
            RegistryHousehold.household_code.in_(codes[start : start + _AT_ONCE]),
        )
        found.update((code, name) for code, name in session.execute(statement))
    return found


@system_work("import")
def _delete(session: Session, province_code: str, year: int, codes: Sequence[str]) -> None:
    for model in (RegistryMember, RegistryHousehold):
        for start in range(0, len(codes), _AT_ONCE):
            session.execute(
                delete(model).where(
                    model.province_code == province_code,
                    model.year == year,
                    model.household_code.in_(codes[start : start + _AT_ONCE]),
                )
            )


@system_work("import")
def _insert(
    session: Session,
    registry: Registry,
    codes: Collection[str],
    erased: Collection[str],
    *,
    province_code: str,
    source: str,
) -> None:
    sizes = registry.members.groupby(level=0).size()
    now = datetime.now(UTC)
    households = [
        {
            "province_code": province_code,
            "year": int(row["year"]),
            "household_code": str(code),
            "commune_code": row["commune_code"],
            "unit_valid_from": None,
            "village_id": row["village_id"],
            "village_name": row["village_name"],
            "status": row["status"],
            **{name: None if str(code) in erased else row.get(name) for name in SEALED_FIELDS},
            "member_count": int(sizes.get(code, 0)),
            "source": source,
            "imported_at": now,
        }
        for code, row in _rows(registry.households)
        if str(code) in codes
    ]
    year = int(registry.households["year"].iloc[0])
    members = [
        {"province_code": province_code, "year": year, "household_code": str(code), "member_no": int(number)}
        | _person(row)
        for (code, number), row in _rows(registry.members)
        if str(code) in codes and str(code) not in erased
    ]
    seal_households(session, households)
    for start in range(0, len(households), _AT_ONCE):
        session.execute(insert(RegistryHousehold), households[start : start + _AT_ONCE])
    for start in range(0, len(members), _AT_ONCE):
        session.execute(insert(RegistryMember), seal_members(session, members[start : start + _AT_ONCE]))


def _rows(frame: pd.DataFrame) -> Any:
    plain = frame.astype(object).where(frame.notna(), None)
    return zip(plain.index.tolist(), plain.to_dict("records"), strict=True)
