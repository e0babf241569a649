"""Names and people of the lists, sealed under the key of their household on that year's list, and opened again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from server.accounts.access import Scope
from server.registry.appearances import listed_members
from server.registry.tables import RegistryHousehold
from server.secrets.service import Place, registry_subject, vault_of

#: What is sealed of a household, each in a column of its own.
SEALED_FIELDS = ("head_name", "phone")
_HOUSEHOLD = {name: Place("registry_households", name) for name in SEALED_FIELDS}
PERSON = Place("registry_members", "person")
#: What is sealed of a member; `birth_date` as ISO text.
PERSON_FIELDS = ("full_name", "relation", "sex", "birth_date", "birth_year", "cccd", "ethnicity")


def seal_households(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Seal `SEALED_FIELDS` (text or None) of rows of `registry_households`, in place."""
    for name, place in _HOUSEHOLD.items():
        given = [row for row in rows if row[name] is not None]
        plain = [(_subject(row), row[name].encode()) for row in given]
        for row, sealed in zip(given, vault_of(session).encrypt_many(place, plain), strict=True):
            row[name] = sealed


def seal_members(session: Session, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `registry_members` for rows with the key's columns and `PERSON_FIELDS`."""
    vault = vault_of(session)
    plain = [(_subject(row), {name: row[name] for name in PERSON_FIELDS}) for row in rows]
    return [
        {name: value for name, value in row.items() if name not in PERSON_FIELDS}
        | {"person": sealed, "cccd_hash": vault.lookup_cccd(row["cccd"])}
        for row, sealed in zip(rows, vault.encrypt_json_many(PERSON, plain), strict=True)
    ]


def open_households(
    session: Session, province_code: str, year: int, name: str, rows: Sequence[tuple[str, Any]]
) -> list[str | None]:
    """One of `SEALED_FIELDS` of (household_code, sealed or None), in order."""
    sealed = [(registry_subject(province_code, year, code), value) for code, value in rows if value is not None]
    opened = iter(vault_of(session).decrypt_many(_HOUSEHOLD[name], sealed))
    texts = [None if value is None else next(opened) for _, value in rows]
    return [None if text is None else text.decode() for text in texts]


def open_people(
    session: Session, province_code: str, year: int, rows: Sequence[tuple[str, bytes]]
) -> list[dict[str, Any] | None]:
    """Members of (household_code, sealed), in order, with `PERSON_FIELDS`; None where the household was erased."""
    return vault_of(session).decrypt_json_many(
        PERSON, [(registry_subject(province_code, year, code), sealed) for code, sealed in rows]
    )


def listed_texts(session: Session, households: Sequence[RegistryHousehold]) -> list[tuple[str | None, str | None]]:
    """Head's name and telephone of listed households of one year, in order."""
    if not households:
        return []
    of = households[0]
    texts: list[list[str | None]] = [
        open_households(
            session, of.province_code, of.year, name, [(one.household_code, getattr(one, name)) for one in households]
        )
        for name in SEALED_FIELDS
    ]
    return list(zip(*texts, strict=True))


def listed_people(session: Session, of: RegistryHousehold, scope: Scope) -> dict[int, dict[str, Any]]:
    """Members of a listed household by number, with `PERSON_FIELDS` (birth_date as a date); of an erased one none."""
    members = listed_members(session, of, scope)
    opened = open_people(session, of.province_code, of.year, [(one.household_code, one.person) for one in members])
    return {
        one.member_no: person
        | {"birth_date": None if person["birth_date"] is None else date.fromisoformat(person["birth_date"])}
        for one, person in zip(members, opened, strict=True)
        if person is not None
    }


def _subject(row: dict[str, Any]) -> str:
    return registry_subject(row["province_code"], row["year"], row["household_code"])
