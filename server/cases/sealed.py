"""What a household answered: sealed into the rows of `interviews` and `interview_members`, and opened again, in sets.

Whoever opens rows has read them within a scope, or does the service's own work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from sqlalchemy.orm import Session

from server.cases.tables import Interview
from server.secrets.service import Place, interview_subject, vault_of

HEAD_NAME = Place("interviews", "head_name")
POSITION = Place("interviews", "position")
ANSWERS = Place("interviews", "answers")
PERSON = Place("interview_members", "person")


@dataclass(frozen=True)
class Household:
    """The personal part of an interview, in plain; empty when the household was erased."""

    head_name: str | None = None
    latitude: float | None = None  # EPSG:4326 degrees
    longitude: float | None = None
    gps_accuracy: float | None = None  # metres
    answers: dict[str, Any] | None = None  # the household's row of the frame, dates as ISO text

    def answer(self, name: str) -> Any:
        """What was answered to a question; None without an answer."""
        return (self.answers or {}).get(name)


@dataclass(frozen=True)
class Person:
    """A member of an interviewed household, in plain; the columns of `poverty.frames.MEMBERS`."""

    full_name: str | None
    relation: str | None
    sex: str | None
    birth_date: date | None
    birth_year: int | None
    cccd: str | None
    age: int | None  # full years at the review date
    answers: dict[str, Any]  # the member's row of the frame, dates as ISO text


class SealedPerson(Protocol):
    """A row of `interview_members`, or of a query with these columns."""

    @property
    def interview_id(self) -> str: ...
    @property
    def person(self) -> bytes: ...


def seal_households(session: Session, rows: list[dict[str, Any]]) -> None:
    """Seal the personal values of rows of `interviews`, in place.

    Given: head_name (text or None), position (dict or None), answers (dict). The hashes for search are added.
    """
    vault = vault_of(session)
    subjects = [interview_subject(row["interview_id"]) for row in rows]
    for row in rows:
        row["head_words"] = vault.name_words(row["head_name"])
        row["head_name"] = None if row["head_name"] is None else row["head_name"].encode()
    for place, seal in (
        (HEAD_NAME, vault.encrypt_many),
        (POSITION, vault.encrypt_json_many),
        (ANSWERS, vault.encrypt_json_many),
    ):
        given = [at for at, row in enumerate(rows) if row[place.column] is not None]
        sealed = seal(place, [(subjects[at], rows[at][place.column]) for at in given])
        for at, value in zip(given, sealed, strict=True):
            rows[at][place.column] = value


def seal_people(session: Session, people: Sequence[tuple[str, int, Person]]) -> list[dict[str, Any]]:
    """Rows of `interview_members` for (interview_id, member_no, person)."""
    vault = vault_of(session)
    sealed = vault.encrypt_json_many(PERSON, [(interview_subject(one), vars(person)) for one, _, person in people])
    return [
        {
            "interview_id": interview_id,
            "member_no": member_no,
            "person": value,
            "cccd_hash": vault.lookup_cccd(person.cccd),
        }
        for (interview_id, member_no, person), value in zip(people, sealed, strict=True)
    ]


def open_households(session: Session, of: Sequence[Interview]) -> list[Household]:
    """The personal parts of interviews, in order."""
    heads = open_heads(session, [(one.interview_id, one.head_name) for one in of])
    positions = open_positions(session, [(one.interview_id, one.position) for one in of])
    answers = open_answers(session, [(one.interview_id, one.answers) for one in of])
    return [
        Household(head, **(position or {}), answers=given)
        for head, position, given in zip(heads, positions, answers, strict=True)
    ]


def open_positions(session: Session, rows: Sequence[tuple[str, bytes | None]]) -> list[dict[str, float | None] | None]:
    """latitude, longitude, gps_accuracy of (interview_id, sealed), in order; None where there is none."""
    sealed = [(interview_subject(interview_id), value) for interview_id, value in rows if value is not None]
    opened = iter(vault_of(session).decrypt_json_many(POSITION, sealed))
    return [None if value is None else next(opened) for _, value in rows]


def open_heads(session: Session, rows: Sequence[tuple[str, bytes | None]]) -> list[str | None]:
    """Heads' names of (interview_id, sealed), in order: lighter than the whole household where a list is shown."""
    sealed = [(interview_subject(interview_id), value) for interview_id, value in rows if value is not None]
    opened = iter(vault_of(session).decrypt_many(HEAD_NAME, sealed))
    names = [None if value is None else next(opened) for _, value in rows]
    return [None if name is None else name.decode() for name in names]


def open_answers(session: Session, rows: Sequence[tuple[str, bytes]]) -> list[dict[str, Any] | None]:
    """Households' answers of (interview_id, sealed), in order; None where the household was erased."""
    return vault_of(session).decrypt_json_many(
        ANSWERS, [(interview_subject(interview_id), sealed) for interview_id, sealed in rows]
    )


def open_people(session: Session, rows: Iterable[SealedPerson]) -> list[Person | None]:
    """Members, in order; None where the household was erased."""
    opened = vault_of(session).decrypt_json_many(
        PERSON, [(interview_subject(row.interview_id), row.person) for row in rows]
    )
    return [None if one is None else _person(one) for one in opened]


def _person(given: dict[str, Any]) -> Person:
    born = given["birth_date"]
    return Person(**(given | {"birth_date": None if born is None else date.fromisoformat(born)}))
