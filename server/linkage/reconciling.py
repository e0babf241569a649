"""Reconciling a round: both sides read, linked with a model and with what people decided, and stored in sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.cases import service as cases
from server.database import insert_rows
from server.linkage import keys, models, sides
from server.linkage.deciding import standing_verdicts
from server.linkage.settling import Found, Pair, drawn, outcome, settle
from server.linkage.tables import HOLDS, AbsenceDecision, Link
from server.registry import service as registry
from server.rounds import service as rounds
from server.settings import LinkageSettings

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation import Registry
    from reconciliation.linkage import Linkage, Side
    from server.database import Database

Progress = Callable[[int, int], None]
#: Columns of the linkage's households that a link has columns of its own for.
_OF_LINK = frozenset({"interview_id", "household_code", "kind", "status", "weight", "members_agree"})
_STEPS = 6


@dataclass(frozen=True)
class Reconciled:
    """What reconciling a round gave.

    interviews: that count. linked: the same household as one listed, found or decided. split, merged: interviews that
    are parts of a listed household, or took members of one in. doubtful: pairs that a person must look at. new:
    interviews without a candidate; gone: listed households without one. model: fingerprint; movements: households by
    movement.
    """

    registry_year: int
    interviews: int
    linked: int
    split: int
    merged: int
    doubtful: int
    new: int
    gone: int
    model: str
    movements: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values; the names are stable."""
        return asdict(self)


@system_work("reconcile")
def reconcile(
    database: Database,
    round_id: str,
    progress: Progress | None = None,
    *,
    train: bool = False,
    by: str = "system",
    settings: LinkageSettings | None = None,
) -> Reconciled:
    """Link a round's interviews with the latest list before it, and check the round again.

    What was derived before is replaced; what people decided stays and is taken into account. train: train the
    campaign's model on these data first and keep it. by: who asked for that, user id.

    Raises `NotFoundError` when no list of an earlier year is held.
    """
    from reconciliation.linkage import Side, link

    report = progress or (lambda _done, _total: None)
    with database.session() as session:
        of = rounds.get(session, round_id)
        year = registry.latest_year(session, of.province_code, of.review_date.year)
        listed = registry.load_list(session, of.province_code, of.review_date.year - 1 if year is None else year)
        year = int(listed.households["year"].iloc[0])
        report(1, _STEPS)
        current = cases.cases_frame(session, round_id)
        # A rejected interview is no household of this round.
        current = current[current["review_state"].ne("rejected")]
        left, right = Side.of_list(listed), sides.of_interviews(session, round_id, current.index)
        report(2, _STEPS)
        verdicts = standing_verdicts(session, round_id)
        decisions = _decisions(verdicts, _readers_before(session, round_id))
        used = models.for_round(
            session, of.province_code, round_id, left, right, train=train, by=by, decisions=decisions
        )
        report(3, _STEPS)
        found = link(left, right, used.model, decisions=decisions, cuts=used.cuts)
        report(4, _STEPS)
        fixed = {"province_code": of.province_code, "round_id": round_id, "registry_year": year}
        before = _decided_before(session, round_id, verdicts, left, right)
        rows = _rows(found, before, fixed | {"model": used.fingerprint}, settings or LinkageSettings())
        links = _replace(session, round_id, rows, verdicts)
        keys.index_list(session, of.province_code, year, left)
        report(5, _STEPS)
        registry.identify(session, round_id, _frame(links, listed))
        # Whom a person found gone leaves the list, unless an interview may be the household after all.
        gone = _absences(session, round_id, year, {one["household_code"] for one in links if one["status"] != "apart"})
        if registry.close_absent(session, of.province_code, year, gone, on=of.review_date, by="system"):
            registry.recount(session, round_id)
        cases.crosscheck(session, round_id)
        holding = [one for one in links if one["status"] in HOLDS]
        moved: Counter[str] = Counter()
        for (_previous, _current, movement), number in registry.movement_counts(session, round_id).items():
            moved[movement] += number
        report(6, _STEPS)
        return Reconciled(
            registry_year=year,
            interviews=len(current),
            linked=sum(one["kind"] == "same" for one in holding),
            split=sum(one["kind"] == "split" for one in holding),
            merged=sum(one["kind"] == "merge" for one in holding),
            doubtful=sum(one["status"] == "doubtful" for one in links),
            new=len(found.new),
            gone=len(found.gone),
            model=used.fingerprint,
            movements=dict(moved),
        )


def _decisions(verdicts: dict[Pair, Any], readers: dict[Pair, int]) -> pd.DataFrame:
    """What people said, as the linkage takes it; what is still being read stays a question."""
    import pandas as pd

    rows = [(*pair, outcome(said, readers.get(pair, 1))[0] or "unsure") for pair, said in sorted(verdicts.items())]
    return pd.DataFrame(rows, columns=["interview_id", "household_code", "verdict"], dtype="string")


def _rows(
    found: Linkage, before: dict[Pair, dict[str, Any]], fixed: dict[str, Any], settings: LinkageSettings
) -> dict[Pair, dict[str, Any]]:
    """Rows of `links` as the linkage found them. before: those that people spoke of, as they were found then."""
    evidence = _evidence(found)
    rows: dict[Pair, dict[str, Any]] = {}
    for row in _plain(found.households):
        pair = str(row["interview_id"]), str(row["household_code"])
        held = before.get(pair)
        kind, status = row["kind"], row["status"]
        if status == "decided":
            # The linkage says here what a person said; what it would have found is known from before.
            kind, status = (held["found_kind"], held["found_status"]) if held is not None else ("same", "doubtful")
        rows[pair] = fixed | {
            "interview_id": pair[0],
            "household_code": pair[1],
            "found_kind": kind,
            "found_status": status,
            "weight": float(row["weight"]),
            "members_agree": int(row["members_agree"]),
            "evidence": evidence[pair],
            "readers": held["readers"] if held is not None else _readers(settings, fixed["round_id"], pair, status),
        }
    # What a person put apart is left out by the linkage; it stays, to be undone.
    return before | rows


def _replace(
    session: Session, round_id: str, rows: dict[Pair, dict[str, Any]], verdicts: dict[Pair, Any]
) -> list[dict[str, Any]]:
    """Replace the links of a round, each settled by what people said; the rows stored."""
    found = [Found(pair, row["found_kind"], row["found_status"], row["readers"]) for pair, row in rows.items()]
    settled = settle(found, verdicts)
    stored = [row | asdict(settled[pair]) for pair, row in sorted(rows.items())]
    session.execute(delete(Link).where(Link.round_id == round_id))
    if stored:
        insert_rows(session, Link, stored)
    return stored


def _readers(settings: LinkageSettings, round_id: str, pair: Pair, status: str) -> int:
    """How many people are to read a pair: doubtful ones one or two; of those linked, a sample shows the error."""
    if status == "doubtful":
        return 2 if drawn(settings.second_share, "second", round_id, *pair) else 1
    return 1 if drawn(settings.check_share, "check", round_id, *pair) else 0


def _readers_before(session: Session, round_id: str) -> dict[Pair, int]:
    rows = session.execute(
        select(Link.interview_id, Link.household_code, Link.readers).where(Link.round_id == round_id)
    )
    return {(interview_id, code): readers for interview_id, code, readers in rows}


def _decided_before(
    session: Session, round_id: str, verdicts: dict[Pair, Any], left: Side, right: Side
) -> dict[Pair, dict[str, Any]]:
    """Rows of `links` of pairs that people spoke of, as they were found; of those whose sides are both still there."""
    derived = {"kind", "status", "next_reading"}
    interviews, listed = set(right.households.index), set(left.households.index)
    held = session.scalars(select(Link).where(Link.round_id == round_id))
    return {
        (one.interview_id, one.household_code): {
            column.name: getattr(one, column.name) for column in Link.__table__.columns if column.name not in derived
        }
        for one in held
        if (one.interview_id, one.household_code) in verdicts
        and one.interview_id in interviews
        and one.household_code in listed
    }


def _evidence(found: Linkage) -> dict[Pair, dict[str, Any]]:
    """What the weight of each pair rests on, as it is stored: weights and levels, no value of a person."""
    evidence: dict[Pair, dict[str, Any]] = {}
    for row in _plain(found.households):
        pair = str(row["interview_id"]), str(row["household_code"])
        evidence[pair] = {"household": {name: row[name] for name in row if name not in _OF_LINK}, "people": []}
    for row in _plain(found.people):
        pair = str(row.pop("interview_id")), str(row.pop("household_code"))
        evidence[pair]["people"].append(row)
    return evidence


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values."""
    columns = {str(name): column.astype(object).where(column.notna(), None).tolist() for name, column in frame.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _frame(links: list[dict[str, Any]], listed: Registry) -> pd.DataFrame:
    """Links as `server.registry.service.identify` reads them, without those that a person put apart."""
    import pandas as pd

    relation = listed.members["relation"]
    heads = set(relation.index[relation.eq("head").to_numpy(dtype=bool, na_value=False)])
    rows = [
        {
            "interview_id": one["interview_id"],
            "household_code": one["household_code"],
            "status": one["status"],
            "kind": one["kind"],
            "members": one["members_agree"],
            "has_head": any(
                (one["household_code"], person["registry_member_no"]) in heads for person in one["evidence"]["people"]
            ),
        }
        for one in links
        if one["status"] != "apart"
    ]
    types = {"interview_id": "str", "household_code": "str", "status": "str", "kind": "str", "members": "Int64"}
    return pd.DataFrame(rows, columns=[*types, "has_head"]).astype(types | {"has_head": "bool"})


def _absences(session: Session, round_id: str, year: int, in_question: set[str]) -> dict[str, str]:
    """Why listed households are gone, by code, as people established; who refused the review is still there."""
    statement = select(AbsenceDecision.household_code, AbsenceDecision.reason).where(
        AbsenceDecision.round_id == round_id,
        AbsenceDecision.registry_year == year,
        AbsenceDecision.undone_at.is_(None),
        AbsenceDecision.reason != "refusal",
    )
    return {code: reason for code, reason in session.execute(statement) if code not in in_question}
