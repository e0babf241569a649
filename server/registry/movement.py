"""Movements of a round, derived from the status history: counted again whenever a fact under them changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.database import insert_rows
from server.registry.history import status_history
from server.registry.identity import derive_appearances, list_source, load_events, round_source
from server.registry.tables import Movement, MovementChange, MovementRules

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation.identity import State
    from reconciliation.movements import Rules
    from server.database import Database
    from server.rounds.tables import Round

_AT_ONCE = 5000
_PLAIN = (
    "commune_code",
    "previous",
    "current",
    "movement",
    "waiting",
    "cause",
    "earlier_year",
    "newly_escaped",
    "provisional",
    "persons_before",
    "persons_after",
    "persons_kept",
)


def rules_of(session: Session, round_id: str) -> Rules:
    """The rules that a person set for a round, else the default ones; both are illustrative."""
    from reconciliation.movements import Rules

    statement = select(MovementRules).where(MovementRules.round_id == round_id).order_by(MovementRules.set_at.desc())
    found = session.scalars(statement.limit(1)).one_or_none()
    return Rules() if found is None else Rules(found.look_back_years, found.newly_escaped_years)


def set_rules(
    session: Session, round_id: str, *, look_back_years: int | None, newly_escaped_years: int, by: str
) -> None:
    """Set what counts as fallen back and as newly escaped in a round, and count its movements again."""
    session.add(
        MovementRules(
            round_id=round_id,
            set_at=datetime.now(UTC),
            look_back_years=look_back_years,
            newly_escaped_years=newly_escaped_years,
            set_by=by,
        )
    )
    session.flush()
    recount(session, round_id)


@system_work("movements")
def recount(session: Session, round_id: str, state: State | None = None) -> None:
    """Derive the movements of a round and its annex again: the same facts give the same rows.

    A round in which nothing was identified yet has none.
    """
    from reconciliation import by_commune, movements, netted
    from server.rounds import service as rounds

    of = rounds.get(session, round_id)
    state = state or derive_appearances(session, of.province_code)
    if not state.holder:
        _replace(session, of, {})
        return
    year = of.review_date.year
    history = status_history(session, of, state)
    table = movements(
        history, _marks(history, of, state), year, kept=_kept(of, state), rules=rules_of(session, round_id)
    )
    last = history.sort_values("date", kind="stable").drop_duplicates("household_id", keep="last")
    last = last.set_index("household_id")
    interviews = history.dropna(subset=["interview_id"]).drop_duplicates("household_id").set_index("household_id")
    counted = by_commune(table)
    villages = last["village_id"].reindex(counted.index)
    villages = villages.where(counted["commune_code"].eq(last["commune_code"].reindex(counted.index)))
    counted = counted.assign(village_id=villages, interview_id=interviews["interview_id"].reindex(counted.index))
    counted["part"] = counted.groupby(level=0).cumcount()
    households = counted[[*_PLAIN, "village_id", "interview_id", "part"]].reset_index()
    changes = netted(history, year)
    changes["step"] = changes.groupby("household_id").cumcount() + 1
    changes["commune_code"] = changes["commune_code"].fillna("")
    changes["decided_on"] = changes["date"].dt.date
    columns = ["household_id", "step", "commune_code", "village_id", "decided_on", "before", "status"]
    steps = changes[columns].assign(decision_number=changes["number"])
    # Written at the end and at once: on SQLite everybody else who writes waits meanwhile.
    _replace(session, of, {Movement: households, MovementChange: steps})


def _marks(history: pd.DataFrame, of: Round, state: State) -> pd.DataFrame:
    """What identity says of the households, with what each waits for."""
    import pandas as pd

    from reconciliation.identity import marks

    frame = marks(state)
    unplaced = pd.Index(history["household_id"].unique())
    unplaced = unplaced[unplaced.astype("str").str.startswith("?")]
    frame = frame.reindex(frame.index.union(unplaced))
    listed = history["source"].eq("list") & (history["date"].dt.year < of.review_date.year)
    asked = history.loc[history["interview_id"].notna(), "household_id"]
    # A monthly round visits those who apply.
    everyone = of.kind == "annual"
    missed = everyone & frame.index.isin(history.loc[listed, "household_id"]) & ~frame.index.isin(asked)
    waiting = pd.Series("", index=frame.index, dtype="object").mask(missed, "not_found")
    return frame.assign(waiting=waiting.mask(frame.index.isin(unplaced), "identity").astype("str"))


def _kept(of: Round, state: State) -> pd.Series[int]:
    """Members found both on last year's list and in the interview, by household."""
    import pandas as pd

    source, last = round_source(of.round_id), list_source(of.review_date.year - 1)
    counts = {
        state.holder[appearance]: event.members
        for appearance, event in state.placed.items()
        if appearance.source == source
        and event.members is not None
        and event.via is not None
        and event.via.source == last
    }
    return pd.Series(counts, dtype="Int64")


@system_work("movements")
def _replace(session: Session, of: Round, frames: dict[Any, pd.DataFrame]) -> None:
    for model in (Movement, MovementChange):
        session.execute(delete(model).where(model.round_id == of.round_id))
    for model, frame in frames.items():
        _insert(session, model, frame, of)


def _insert(session: Session, model: Any, frame: pd.DataFrame, of: Round) -> None:
    plain = frame.astype("object").where(frame.notna(), None)
    fixed = {"province_code": of.province_code, "round_id": of.round_id}
    rows = [{str(name): value for name, value in row.items()} | fixed for row in plain.to_dict("records")]
    for start in range(0, len(rows), _AT_ONCE):
        insert_rows(session, model, rows[start : start + _AT_ONCE])


@system_work("movements")
def movement_counts(session: Session, round_id: str) -> dict[tuple[str, str, str], int]:
    """Households of a round by previous, current status and movement; who moved between communes counts in both."""
    keys = (Movement.previous, Movement.current, Movement.movement)
    rows = session.execute(select(*keys, func.count()).where(Movement.round_id == round_id).group_by(*keys))
    return {(previous, current, movement): number for previous, current, movement, number in rows}


@system_work("movements")
def recount_province(session: Session, province_code: str) -> None:
    """Derive again the movements of every round of a province that has some: somebody was erased, or a link undone."""
    counted = select(Movement.round_id).where(Movement.province_code == province_code).distinct()
    state = derive_appearances(session, province_code)
    for round_id in sorted(session.scalars(counted)):
        recount(session, round_id, state)


@system_work("movements")
def recount_all(database: Database, progress: Callable[[int, int], None] | None = None) -> None:
    """Derive again the movements of every round that has some, each in a moment of its own: somebody said at a page
    whose a household is, where it belongs was derived with it. progress: called with (done, total) rounds."""
    from reconciliation.identity import fold

    with database.session() as session:
        rounds = session.execute(select(Movement.province_code, Movement.round_id).distinct())
        counted = sorted((province_code, round_id) for province_code, round_id in rounds)
        states = {code: fold(load_events(session, code)) for code in {code for code, _ in counted}}
    for done, (province_code, round_id) in enumerate(counted, start=1):
        with database.session() as session:
            recount(session, round_id, states[province_code])
        if progress is not None:
            progress(done, len(counted))
