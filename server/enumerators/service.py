"""Enumerators and back-checkers: imported, their phones set up at Central, revoked, their lists sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from poverty.frames import MET
from server.accounts.access import system_work
from server.cases.tables import Interview
from server.central.client import Central
from server.central.entities import Pushed, push
from server.central.lists import ensure_lists
from server.database import Database
from server.enumerators import carried
from server.enumerators.draw import Taken, draw
from server.enumerators.importing import Ground, Person, Unit, read_people
from server.enumerators.provision import ensure_user, grant_forms, remove_user, users_of
from server.enumerators.tables import BACKCHECKER, HOUSEHOLD, VILLAGE, Assignment, BackCheck, Enumerator
from server.errors import NotFoundError, UserError
from server.registry import service as registry
from server.registry.tables import RegistryHousehold
from server.rounds import service as rounds
from server.secrets.service import Place, enumerator_subject, vault_of
from server.units import service as units

if TYPE_CHECKING:
    import pandas as pd

PERSON = Place("enumerators", "person")
TOKEN = Place("enumerators", "token")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Phone:
    """A person of a round in plain. actor_id, token: of the app user at Central; None without a phone."""

    round_id: str
    code: str
    role: str
    name: str
    phone: str
    actor_id: int | None
    token: str | None
    revoked: bool


@dataclass(frozen=True)
class Imported:
    """What an import changed. whole_communes: codes of communes all of whose villages one person was given."""

    people: int
    new: int
    changed: int
    villages: int
    households: int
    whole_communes: list[str]


@dataclass
class Provisioned:
    """What was done at Central: app users made, keys corrected, rights to forms given and taken, by number."""

    made: int = 0
    corrected: int = 0
    granted: int = 0
    taken: int = 0
    codes: list[str] = field(default_factory=list)  # of the phones that are new: their QR codes are to be printed

    @property
    def written(self) -> int:
        return self.made + self.corrected + self.granted + self.taken


@system_work("phones")
def import_people(session: Session, frame: pd.DataFrame, round_id: str, file: str) -> Imported:
    """Take a round's people from a table (`importing.COLUMNS`); who is not in it stays as he or she is.

    A person's assignments become those of the table. Raises `FileError` with every problem: then nothing is taken.
    """
    rounds.get(session, round_id)
    ground, communes = _ground(session, round_id)
    people = read_people(frame, ground, file)
    held = {one.code: one for one in session.scalars(select(Enumerator).where(Enumerator.round_id == round_id))}
    before = _units_of(session, round_id)
    now = datetime.now(UTC)
    sealed = _seal(session, round_id, people)
    known = {one.code: one for one in phones(session, round_id)}
    new = changed = 0
    for person, person_sealed in zip(people, sealed, strict=True):
        if person.code not in held:
            new += 1
            session.add(
                Enumerator(
                    round_id=round_id,
                    code=person.code,
                    role=person.role,
                    person=person_sealed,
                    actor_id=None,
                    token=None,
                    issued_at=None,
                    revoked_at=None,
                    created_at=now,
                )
            )
            continue
        of, was = held[person.code], known[person.code]
        if (was.role, was.name, was.phone) != (person.role, person.name, person.phone):
            of.role, of.person = person.role, person_sealed
            changed += 1
        elif set(before.get(person.code, ())) != set(person.units):
            changed += 1
    session.flush()
    _assign(session, round_id, people, before)
    kinds = [kind for person in people for kind, _ in person.units]
    return Imported(
        len(people), new, changed, kinds.count(VILLAGE), kinds.count(HOUSEHOLD), _whole_communes(people, communes)
    )


@system_work("phones")
def phones(session: Session, round_id: str) -> list[Phone]:
    """Everybody of a round, by code, with their tokens: for the service's own work."""
    found = list(session.scalars(select(Enumerator).where(Enumerator.round_id == round_id).order_by(Enumerator.code)))
    vault = vault_of(session)
    subjects = [enumerator_subject(round_id, one.code) for one in found]
    people = vault.decrypt_json_many(
        PERSON, [(subject, one.person) for subject, one in zip(subjects, found, strict=True)]
    )
    with_token = [(subject, one.token) for subject, one in zip(subjects, found, strict=True) if one.token is not None]
    tokens = iter(vault.decrypt_many(TOKEN, with_token))
    result = []
    for one, person in zip(found, people, strict=True):
        token = None if one.token is None else next(tokens)
        given = person or {}
        result.append(
            Phone(
                *(round_id, one.code, one.role, given.get("name", ""), given.get("phone", ""), one.actor_id),
                None if token is None else token.decode(),
                one.revoked_at is not None,
            )
        )
    return result


@system_work("phones")
def has_people(session: Session, round_id: str) -> bool:
    """Whether anybody was imported for a round."""
    found = select(Enumerator.code).where(Enumerator.round_id == round_id).limit(1)
    return session.scalar(found) is not None


def provision(database: Database, central: Central, round_id: str) -> Provisioned:
    """Bring Central to the round's people: an app user each with its key, and the rights to the forms of their role.

    An app user made by a run that broke off is found again by its name, which is the code. Whoever was revoked stays
    without. Raises `CentralError`.
    """
    done = Provisioned()
    with database.session() as session:
        people = [one for one in phones(session, round_id) if not one.revoked]
        forms = {one.name: one.form_id for one in rounds.forms_of(session, round_id)}
    if not people:
        return done
    users = users_of(central)
    ensure_lists(central, ())  # the property that keys are values of
    for one in people:
        user, wrote = ensure_user(central, users, one.code, one.actor_id)
        done.made += wrote == "made"
        done.corrected += wrote == "corrected"
        if (user.actor_id, user.token) != (one.actor_id, one.token):
            done.codes.append(one.code)
            with database.session() as session:
                _keep_phone(session, round_id, one.code, user.actor_id, user.token)
        users[one.code] = user
    roles = {users[one.code].actor_id: one.role for one in people}
    done.granted, done.taken = grant_forms(central, forms, roles)
    return done


def revoke(database: Database, central: Central, round_id: str, code: str, *, reissue: bool = False) -> None:
    """Refuse a lost phone for good; with `reissue` its person gets another token, for another phone.

    What it sent stays; what it still holds it cannot send any more. Asked again without `reissue` it changes nothing.
    Raises `NotFoundError`, `CentralError`.
    """
    with database.session() as session:
        one = next((phone for phone in phones(session, round_id) if phone.code == code), None)
    if one is None:
        raise NotFoundError(
            "enumerator_unknown",
            f"Đợt {round_id} không có người mang mã {code}. Xem danh sách đã nhập: rasoat enumerators import.",
            f"Round {round_id} has nobody with the code {code}. Look at the list: rasoat enumerators import.",
        )
    if one.actor_id is not None:
        remove_user(central, one.actor_id)
    with database.session() as session:
        _drop_phone(session, round_id, code, revoked=not reissue)
    if reissue:
        provision(database, central, round_id)


@system_work("phones")
def draw_backchecks(session: Session, round_id: str, *, share: float, seed: int) -> int:
    """Draw the share of every enumerator's interviews for a second visit; how many were added to those drawn.

    Drawn are interviews with people met that count now; who is rejected is not visited again. Raises `UserError`
    for a share outside 0 to 1, or a round without back-checkers.
    """
    if not 0 < share <= 1:
        raise UserError("draw_share", "Tỷ lệ rút thăm lớn hơn 0 và không quá 1.", "The share is above 0, at most 1.")
    checkers = [one.code for one in phones(session, round_id) if one.role == BACKCHECKER and not one.revoked]
    if not checkers:
        raise UserError(
            "draw_nobody",
            f"Đợt {round_id} chưa có người kiểm tra lại; nhập người có vai trò {BACKCHECKER} trước.",
            f"Round {round_id} has no back-checker; import somebody with the role {BACKCHECKER} first.",
        )
    found = session.execute(
        select(Interview.interview_id, Interview.enumerator)
        .where(
            Interview.round_id == round_id,
            Interview.outcome == MET,
            Interview.superseded_by.is_(None),
            Interview.review_state != "rejected",
            Interview.enumerator.is_not(None),
        )
        .order_by(Interview.interview_id)
    )
    held = select(BackCheck.interview_id, BackCheck.checker).where(BackCheck.round_id == round_id)
    drawn = {row.interview_id: row.checker for row in session.execute(held)}
    taken = [Taken(row.interview_id, row.enumerator) for row in found]
    new = draw(taken, checkers, drawn, share=share, seed=seed)
    now = datetime.now(UTC)
    rows = [
        {"round_id": round_id, "interview_id": one, "checker": checker, "seed": seed, "drawn_at": now}
        for one, checker in sorted(new.items())
    ]
    if rows:
        session.execute(insert(BackCheck), rows)
    return len(rows)


def send_lists(
    database: Database, central: Central, round_id: str, progress: Progress = lambda _done, _total: None
) -> list[Pushed]:
    """Bring the entity lists of a round's phones to what they shall carry; nothing to do while nobody was imported.

    The lists and their rule are seen to first. Raises `CentralError`.
    """
    sent = []
    with database.session() as session:
        if not has_people(session, round_id):
            return []
        lists = [carried.household_rows(session, round_id), carried.backcheck_rows(session, round_id)]
    ensure_lists(central, [one.name for one in lists])
    for one in lists:
        sent.append(push(central, one.name, one.rows, progress))
    return sent


@system_work("phones")
def _ground(session: Session, round_id: str) -> tuple[Ground, dict[str, str]]:
    """What a table is held against, and the commune of each village."""
    of = rounds.get(session, round_id)
    villages = units.villages_frame(session, of.unit_vintage, of.province_code)
    year = registry.latest_year(session, of.province_code, of.review_date.year)
    codes = session.scalars(
        select(RegistryHousehold.household_code).where(
            RegistryHousehold.province_code == of.province_code, RegistryHousehold.year == year
        )
    )
    assigned = {unit: (code, "đã nhập trước") for code, given in _units_of(session, round_id).items() for unit in given}
    communes = dict(zip(villages["village_id"], villages["commune_code"], strict=True))
    return Ground(frozenset(communes), frozenset(codes), assigned), communes


def _units_of(session: Session, round_id: str) -> dict[str, list[Unit]]:
    found = session.scalars(select(Assignment).where(Assignment.round_id == round_id))
    result: dict[str, list[Unit]] = {}
    for one in found:
        result.setdefault(one.enumerator, []).append((one.kind, one.unit_code))
    return result


def _assign(session: Session, round_id: str, people: Sequence[Person], before: dict[str, list[Unit]]) -> None:
    moved = [one.code for one in people if set(one.units) != set(before.get(one.code, ()))]
    if not moved:
        return
    session.execute(delete(Assignment).where(Assignment.round_id == round_id, Assignment.enumerator.in_(moved)))
    rows = [
        {"round_id": round_id, "kind": kind, "unit_code": unit, "enumerator": one.code}
        for one in people
        if one.code in set(moved)
        for kind, unit in one.units
    ]
    if rows:
        session.execute(insert(Assignment), rows)


def _whole_communes(people: Sequence[Person], communes: dict[str, str]) -> list[str]:
    of_commune: dict[str, set[str]] = {}
    for village, commune in communes.items():
        of_commune.setdefault(commune, set()).add(village)
    given = [{unit for kind, unit in one.units if kind == VILLAGE} for one in people]
    return sorted(
        commune
        for commune, villages in of_commune.items()
        if len(villages) > 1 and any(villages <= mine for mine in given)
    )


def _seal(session: Session, round_id: str, people: Sequence[Person]) -> list[bytes]:
    plain: list[tuple[str, Any]] = [
        (enumerator_subject(round_id, one.code), {"name": one.name, "phone": one.phone}) for one in people
    ]
    return vault_of(session).encrypt_json_many(PERSON, plain)


@system_work("phones")
def _keep_phone(session: Session, round_id: str, code: str, actor_id: int, token: str) -> None:
    one = session.get_one(Enumerator, (round_id, code))
    one.actor_id, one.issued_at, one.revoked_at = actor_id, datetime.now(UTC), None
    one.token = vault_of(session).encrypt(TOKEN, enumerator_subject(round_id, code), token.encode())


@system_work("phones")
def _drop_phone(session: Session, round_id: str, code: str, *, revoked: bool) -> None:
    one = session.get_one(Enumerator, (round_id, code))
    one.actor_id = one.token = None
    if revoked:
        one.revoked_at = one.revoked_at or datetime.now(UTC)
    else:
        one.revoked_at = None
