"""From submissions to interviews: flatten, place, classify, flag, write; in sets, with the same result every time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from poverty import Standard, ages, classify, load_standard
from server.accounts.access import system_work
from server.cases.checks import check
from server.cases.crosscheck import crosscheck
from server.cases.order import forget_order, order_heads
from server.cases.records import interview_records, people
from server.cases.sealed import seal_households, seal_people
from server.cases.tables import Flag, Interview, InterviewMember, StaleInterview
from server.database import Database
from server.paradata import service as paradata
from server.review import service as review
from server.rounds import service as rounds
from server.rounds.tables import Round
from server.secrets.service import interview_subject, vault_of
from server.submissions import service as submissions
from server.submissions.flatten import Flat, flatten
from server.submissions.tables import Submission
from server.units import service as units

if TYPE_CHECKING:
    from geo.locate import Locator

#: Interviews derived in one transaction: what is held in memory, sealed and opened, grows with it.
AT_ONCE = 2000


@dataclass(frozen=True)
class Ground:
    """What the interviews of a round are derived on: its constants, its standard, its units and their cells."""

    round_id: str
    province_code: str
    review_date: date
    standard: Standard
    units: pd.DataFrame  # by code: valid_from, area_class
    locator: Locator | None  # None: no boundaries were imported
    is_boundary: bool


@dataclass(frozen=True)
class Prepared:
    """Submissions with their frames, placed, on the ground of their round."""

    submissions: Sequence[Submission]
    flat: Flat
    place: pd.DataFrame  # as `geo.place`, with `resolved`: the unit the interview counts in


def load_ground(session: Session, of: Round) -> Ground:
    """The ground of a round, as it is in the database now."""
    from geo.locate import Locator

    cells = units.cells_on(session, of.unit_vintage, of.province_code)
    return Ground(
        round_id=of.round_id,
        province_code=of.province_code,
        review_date=of.review_date,
        standard=load_standard(of.standard_id),
        units=units.units_on(session, of.unit_vintage, of.province_code),
        locator=None if cells is None else Locator(cells),
        is_boundary=cells is not None and bool(cells.attrs["is_boundary"]),
    )


def derive_round(database: Database, round_id: str, progress: Callable[[int, int], None]) -> int:
    """Derive the stale interviews of a round, each batch in a transaction of its own; then check the whole round."""
    with database.session() as session:
        waiting = select(StaleInterview.interview_id).where(StaleInterview.round_id == round_id)
        ids = list(session.scalars(waiting.order_by(StaleInterview.interview_id)))
        if not ids:
            return 0
        ground = load_ground(session, rounds.get(session, round_id))
    for start in range(0, len(ids), AT_ONCE):
        batch = ids[start : start + AT_ONCE]
        with database.session() as session:
            _derive_batch(session, ground, batch)
        progress(min(start + AT_ONCE, len(ids)), len(ids))
    with database.session() as session:
        crosscheck(session, round_id)
        order_heads(session, round_id)
    return len(ids)


def prepare(of: Sequence[Submission], payloads: Sequence[bytes], ground: Ground) -> Prepared:
    """Flatten submissions and place them; the review date and the area class are the ground's, not the phone's.

    payloads: their OData rows, opened, in the same order.
    """
    flat = flatten((one.central_id, payload) for one, payload in zip(of, payloads, strict=True))
    households = flat.households
    place = _place(households, ground)
    households["phone_review_date"] = households["review_date"]
    households["phone_area_class"] = households["area_class"]
    households["review_date"] = pd.Series(pd.Timestamp(ground.review_date), index=households.index).astype(
        "datetime64[ns]"
    )
    area = ground.units["area_class"].astype("string")
    households["area_class"] = place["resolved"].map(area).astype("string")
    return Prepared(of, flat, place)


def _place(households: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    import geo.locate

    answered = households["commune_code"]
    known = answered.isin(ground.units.index)
    if ground.locator is not None:
        place = geo.locate.place(households, ground.locator)
    else:
        place = pd.DataFrame(index=households.index)
        place["commune_gps"] = pd.Series(pd.NA, index=households.index, dtype="string")
        place["distance_m"] = pd.Series(pd.NA, index=households.index, dtype="Float64")
        has_point = households["latitude"].notna() & households["longitude"].notna()
        status = pd.Series("no_boundaries", index=households.index, dtype="string")
        status = status.mask(~has_point, "no_gps").mask(~known, "unknown_commune").mask(answered.isna(), "no_answer")
        place["location_status"] = status
    # The answer counts: a household at a commune's edge, or interviewed at the market, belongs where it lives.
    place["resolved"] = answered.where(known, place["commune_gps"]).astype("string")
    return place


@system_work("derive")
def _derive_batch(session: Session, ground: Ground, ids: Sequence[str]) -> None:
    # A household that is erased while it is derived would come back: its key is held first.
    erased = vault_of(session).hold(interview_subject(one) for one in ids)
    live = [
        one
        for one in submissions.current(session, ground.round_id, ids)
        if interview_subject(one.central_id) not in erased
    ]
    for start in range(0, len(ids), submissions.BATCH):
        some = list(ids[start : start + submissions.BATCH])
        forget_order(session, ground.round_id, some)
        session.execute(delete(Flag).where(Flag.interview_id.in_(some)))
        session.execute(delete(InterviewMember).where(InterviewMember.interview_id.in_(some)))
        session.execute(delete(Interview).where(Interview.interview_id.in_(some)))
        session.execute(delete(StaleInterview).where(StaleInterview.interview_id.in_(some)))
    if not live:
        return
    opened = submissions.payloads(session, live)
    prepared = prepare(live, [payload for payload in opened if payload is not None], ground)
    del opened
    households, members = prepared.flat.households, prepared.flat.members
    classes = classify(households, members, ground.standard, "declared_income")
    flags = check(prepared.flat, classes, prepared.place, live, ground, paradata.of_submissions(session, live))
    states = review.effective_states(session, live)
    years = ages(members, pd.Timestamp(ground.review_date))
    records = interview_records(prepared.flat, classes, prepared.place, live, states, ground)
    seal_households(session, records)
    _write(session, Interview, records)
    _write(session, InterviewMember, seal_people(session, people(prepared.flat, years)))
    _write(session, Flag, flags)


def _write(session: Session, table: type[Any], records: list[dict[str, Any]]) -> None:
    for start in range(0, len(records), AT_ONCE):
        session.execute(insert(table), records[start : start + AT_ONCE])
