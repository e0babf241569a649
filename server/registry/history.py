"""The status history of a province: lists, decisions and ends, each under the id of its household.

It is not stored a second time: lists and decisions are the facts, the log of identity says whose they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.registry.identity import list_day, list_source, round_source
from server.registry.tables import OfficialDecision, RegistryHousehold

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation.identity import State
    from server.rounds.tables import Round


def status_history(session: Session, of: Round, state: State) -> pd.DataFrame:
    """Every status up to the year of a round, as `reconciliation.status` reads it, with `village_id` and `interview_id`
    (of the round itself), and the proposals of the round.

    household_id is `?` and the appearance where the identity of a household waits for a person.
    """
    import pandas as pd

    from reconciliation.identity import ends
    from reconciliation.status import HISTORY_COLUMNS

    rows = _lists(session, of, state) + _reviews(session, of, state)
    frame = pd.DataFrame(rows, columns=[*HISTORY_COLUMNS, "village_id", "interview_id"])
    frame["date"] = pd.to_datetime(frame["date"].astype("object")).astype("datetime64[ns]")
    frame["persons"] = frame["persons"].astype("Int64")
    ended = ends(state)
    ended = ended[ended["date"].dt.year <= of.review_date.year]
    last = frame.sort_values("date", kind="stable").drop_duplicates("household_id", keep="last")
    last = last.set_index("household_id")
    for name in ("commune_code", "village_id"):
        ended[name] = last[name].reindex(ended["household_id"]).array
    parts = [part.astype({"date": "datetime64[ns]"}) for part in (frame, ended) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else frame


@system_work("movements")
def _lists(session: Session, of: Round, state: State) -> list[tuple[Any, ...]]:
    table = RegistryHousehold
    rows = session.execute(
        select(table.year, table.household_code, table.status, table.commune_code, table.member_count, table.village_id)
        .where(table.province_code == of.province_code, table.year <= of.review_date.year)
        .order_by(table.year, table.household_code)
    )
    return [
        # A list without members does not say how many there are.
        (
            _owner(state, list_source(year), code),
            list_day(year),
            status,
            "list",
            "",
            commune,
            size or None,
            village,
            None,
        )
        for year, code, status, commune, size, village in rows
    ]


@system_work("movements")
def _reviews(session: Session, of: Round, state: State) -> list[tuple[Any, ...]]:
    """Decisions of every round up to the year, and the proposals of this one."""
    from server.cases import service as cases
    from server.rounds import service as rounds

    rows: list[tuple[Any, ...]] = []
    for one in rounds.all_rounds(session):
        if one.province_code != of.province_code or one.review_date.year > of.review_date.year:
            continue
        decided = {
            row.interview_id: row
            for row in session.scalars(select(OfficialDecision).where(OfficialDecision.round_id == one.round_id))
        }
        this = one.round_id == of.round_id
        if not decided and not this:
            continue
        frame = cases.cases_frame(session, one.round_id)
        columns = ["commune_code", "village_id", "proposed_class", "member_count", "review_state"]
        plain = frame[columns].astype("object").where(frame[columns].notna(), None)
        for interview_id, commune, village, proposed, size, review_state in plain.itertuples(name=None):
            owner = _owner(state, round_source(one.round_id), interview_id)
            interview = interview_id if this else None
            tail = (commune, size, village, interview)
            if (decision := decided.get(interview_id)) is not None:
                number = decision.decision_number
                rows.append((owner, decision.decision_date, decision.decided_class, "decision", number, *tail))
            if this and review_state != "rejected":
                rows.append((owner, one.review_date, proposed, "proposal", "", *tail))
    return rows


def _owner(state: State, source: str, code: str) -> str:
    from reconciliation.identity import Appearance

    appearance = Appearance(source, code)
    return state.owner(appearance) if appearance in state.holder else f"?{source}/{code}"
