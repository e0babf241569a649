"""Interviews: which are stale, deriving them, and reading them as frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.cases.queries import members_of
from server.cases.sealed import (
    Household,
    Person,
    open_answers,
    open_heads,
    open_households,
    open_people,
    open_positions,
)
from server.cases.tables import Flag, Interview, InterviewMember, StaleInterview
from server.database import insert_new_rows
from server.errors import NotFoundError
from server.secrets.service import vault_of

if TYPE_CHECKING:
    import pandas as pd

    from server.database import Database

__all__ = [
    "Household",
    "Person",
    "cases_frame",
    "crosscheck",
    "derive",
    "erase",
    "frames",
    "linkage_frames",
    "mark_round_stale",
    "mark_stale",
    "members_of",
    "open_answers",
    "open_heads",
    "open_households",
    "open_people",
    "rebuild",
    "recheck",
    "set_review_state",
    "stale_count",
]

_BATCH = 2000
#: Members opened at once.
_OPEN_AT_ONCE = 10_000
#: Columns that `geo.aggregate` and `reconciliation.movements` read.
_CASE_COLUMNS = (
    "interview_id",
    "commune_code",
    "commune_gps",
    "village_id",
    "proposed_class",
    "provisional",
    "member_count",
    "review_state",
    *(f"d{number:02d}" for number in range(1, 13)),
)


def mark_stale(session: Session, round_id: str, ids: Sequence[str]) -> None:
    """Note interviews whose ground changed; already noted ones stay."""
    for start in range(0, len(ids), _BATCH):
        batch = [{"interview_id": one, "round_id": round_id} for one in ids[start : start + _BATCH]]
        insert_new_rows(session, StaleInterview, batch)


def mark_round_stale(session: Session, round_id: str) -> int:
    """Note every interview of a round (a new boundary, a corrected standard, a rebuild); how many."""
    from server.submissions import service as submissions

    session.execute(delete(StaleInterview).where(StaleInterview.round_id == round_id))
    ids = submissions.all_ids(session, round_id)
    mark_stale(session, round_id, ids)
    return len(ids)


def stale_count(session: Session, round_id: str) -> int:
    """Number of interviews waiting to be derived."""
    statement = select(func.count()).select_from(StaleInterview).where(StaleInterview.round_id == round_id)
    return session.scalar(statement) or 0


def derive(database: Database, round_id: str, progress: Callable[[int, int], None] | None = None) -> int:
    """Derive every stale interview of a round, then the checks that need the whole round; how many were derived.

    progress: called with (done, total).
    """
    from server.cases.derive import derive_round

    return derive_round(database, round_id, progress or (lambda _done, _total: None))


def rebuild(database: Database, round_id: str, progress: Callable[[int, int], None] | None = None) -> int:
    """Derive every interview of a round again: the result is the same, row for row."""
    with database.session() as session:
        mark_round_stale(session, round_id)
    return derive(database, round_id, progress)


@system_work("what was decided within what the person may review")
def set_review_state(session: Session, interview_id: str, state: str) -> None:
    """Show a decision at once; deriving again gives the same state."""
    session.execute(update(Interview).where(Interview.interview_id == interview_id).values(review_state=state))


@system_work("erasure")
def erase(session: Session, interview_id: str, round_ids: Iterable[str]) -> None:
    """Remove everything derived from an interview; the rounds it was in are as if it had never been there."""
    from server.cases.order import forget_order, order_heads

    for round_id in sorted(round_ids):
        forget_order(session, round_id, [interview_id])
    for table in (Flag, InterviewMember, Interview, StaleInterview):
        session.execute(delete(table).where(table.interview_id == interview_id))
    for round_id in sorted(round_ids):
        crosscheck(session, round_id)
        order_heads(session, round_id)


@system_work("reconcile and aggregate")
def cases_frame(session: Session, round_id: str) -> pd.DataFrame:
    """Interviews of a round that count, as `geo.aggregate` reads them, indexed by `interview_id`, sorted.

    Columns: commune_code, commune_gps, village_id, proposed_class, provisional, member_count (Int64), review_state,
    d01..d12 ("boolean").
    """
    import pandas as pd

    columns = [getattr(Interview, name) for name in _CASE_COLUMNS]
    counted = (Interview.round_id == round_id, Interview.superseded_by.is_(None))
    rows = session.execute(select(*columns).where(*counted).order_by(Interview.interview_id))
    frame = pd.DataFrame(rows.all(), columns=list(_CASE_COLUMNS)).set_index("interview_id")
    types = {name: "boolean" for name in _CASE_COLUMNS if name.startswith("d") and name[1:].isdigit()}
    text = dict.fromkeys(("commune_code", "commune_gps", "village_id", "proposed_class", "review_state"), "string")
    return frame.astype(types | text | {"member_count": "Int64", "provisional": "bool"})


def crosscheck(session: Session, round_id: str) -> None:
    """Check a whole round again, after links or review states changed."""
    from server.cases.crosscheck import crosscheck as run

    run(session, round_id)


def recheck(session: Session, round_id: str, ids: Sequence[str]) -> None:
    """Check a few interviews of a round again, after links of theirs changed."""
    from server.cases.crosscheck import recheck as run

    run(session, round_id, ids)


@system_work("reconcile")
def linkage_frames(session: Session, round_id: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Households and members of a round as `reconciliation.linkage.Side` has them, sorted.

    households: by interview_id: village_id, commune_code, household_code (as answered), phone (string), latitude,
    longitude (Float64). members: by (interview_id, member_no): full_name, relation, sex, cccd (string), birth_date
    (datetime64), birth_year (Int64).
    """
    import pandas as pd

    places = ("village_id", "commune_code", "household_code")
    told = ("phone", "latitude", "longitude")
    columns: dict[str, list[Any]] = {name: [] for name in ("interview_id", *places, *told)}
    statement = (
        select(
            Interview.interview_id,
            *(getattr(Interview, name) for name in places),
            Interview.position,
            Interview.answers,
        )
        .where(Interview.round_id == round_id)
        .order_by(Interview.interview_id)
    )
    vault = vault_of(session)
    for part in session.execute(statement, execution_options={"yield_per": _OPEN_AT_ONCE}).partitions():
        answers = open_answers(session, [(row.interview_id, row.answers) for row in part])
        positions = open_positions(session, [(row.interview_id, row.position) for row in part])
        for row, answered, position in zip(part, answers, positions, strict=True):
            for name in ("interview_id", *places):
                columns[name].append(getattr(row, name))
            phone = (answered or {}).get("phone")
            columns["phone"].append(None if phone is None else str(phone))
            for name in ("latitude", "longitude"):
                columns[name].append((position or {}).get(name))
        vault.forget()
    households = pd.DataFrame(columns).astype(
        dict.fromkeys(("interview_id", *places, "phone"), "string") | dict.fromkeys(told[1:], "Float64")
    )
    members = pd.DataFrame(_people(session, round_id)).astype(
        dict.fromkeys(("interview_id", "full_name", "relation", "sex", "cccd"), "string")
        | {"member_no": "int64", "birth_year": "Int64"}
    )
    members["birth_date"] = pd.to_datetime(members["birth_date"]).astype("datetime64[ns]")
    return households.set_index("interview_id"), members.set_index(["interview_id", "member_no"])


@system_work("reconcile")
def _people(session: Session, round_id: str) -> dict[str, list[Any]]:
    """What the linkage compares of the members of a round, as columns; opened a part at a time."""
    names = ("full_name", "relation", "sex", "birth_date", "birth_year", "cccd")
    columns: dict[str, list[Any]] = {name: [] for name in ("interview_id", "member_no", *names)}
    statement = (
        select(InterviewMember.interview_id, InterviewMember.member_no, InterviewMember.person)
        .join(Interview, Interview.interview_id == InterviewMember.interview_id)
        .where(Interview.round_id == round_id)
        .order_by(InterviewMember.interview_id, InterviewMember.member_no)
    )
    vault = vault_of(session)
    for part in session.execute(statement, execution_options={"yield_per": _OPEN_AT_ONCE}).partitions():
        for row, person in zip(part, open_people(session, part), strict=True):
            if person is not None:
                columns["interview_id"].append(row.interview_id)
                columns["member_no"].append(row.member_no)
                for name in names:
                    columns[name].append(getattr(person, name))
        vault.forget()
    return columns


def frames(session: Session, of: Interview) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The households and members frames of one interview as it was classified, for `poverty.explain`.

    of: an interview that was read within a scope. Raises `NotFoundError` when its submission is gone.
    """
    import pandas as pd

    from server.rounds import service as rounds
    from server.submissions import service as submissions
    from server.submissions.flatten import flatten
    from server.units import service as units

    live = submissions.current_one(session, of.interview_id)
    payload = None if live is None else submissions.payloads(session, [live])[0]
    if payload is None:
        raise NotFoundError("interview_unknown", "Không có phiếu này.", "There is no such interview.")
    of_round = rounds.get(session, of.round_id)
    flat = flatten([(of.interview_id, payload)])
    households = flat.households
    review_date = pd.Series(pd.Timestamp(of_round.review_date), index=households.index)
    households["review_date"] = review_date.astype("datetime64[ns]")
    area = units.units_on(session, of_round.unit_vintage, of_round.province_code)["area_class"]
    households["area_class"] = pd.Series(
        pd.NA if of.commune_code is None else area.get(of.commune_code, pd.NA),
        index=households.index,
        dtype="string",
    )
    return households, flat.members
