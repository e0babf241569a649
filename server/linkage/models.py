"""The model that links a round, its cuts and their error, and what it says of a pair in words.

A round is linked with the model trained in its campaign, else with the one that ships with the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.errors import UserError
from server.linkage.settling import Pair, outcome
from server.linkage.tables import Link, LinkageModel, LinkDecision
from server.web.language import Language

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation.linkage import Cuts, Model, Rate, Side

#: Fewer reviewed pairs say too little of an error that is looked for below one per cent.
ENOUGH = 100
#: Training draws its samples by this number: the same data give the same model.
_SEED = 1


@dataclass(frozen=True)
class Used:
    """What a round is linked with; `fingerprint` tells the model from others."""

    fingerprint: str
    model: Model
    cuts: Cuts


@dataclass(frozen=True)
class Quality:
    """What people's answers say of the upper cut. false_links: share of wrong ones among the pairs above it that
    people read (value, low, high, pairs); None where `reviewed` pairs above it are fewer than `enough`."""

    reviewed: int
    enough: int
    false_links: Rate | None


@dataclass(frozen=True)
class Bar:
    """What one comparison adds to a weight, in bits, in the language of the page."""

    name: str
    said: str
    weight: float


def active(session: Session, round_id: str) -> LinkageModel | None:
    """The model that a round was last linked with; None before it was."""
    return session.scalars(
        select(LinkageModel).where(LinkageModel.round_id == round_id, LinkageModel.active.is_(True))
    ).first()


def for_round(
    session: Session,
    province_code: str,
    round_id: str,
    listed: Side,
    interviews: Side,
    *,
    train: bool,
    by: str,
    decisions: pd.DataFrame,
) -> Used:
    """The model to link a round with from now on, trained first if asked for; kept as the round's.

    decisions: as of `link`, what people decided of pairs. The model's cuts follow from what people answered under it,
    where that is enough; else they are its own.
    Raises `UserError` where the data are too few to train on.
    """
    from reconciliation.linkage import default_model
    from reconciliation.linkage import train as learn

    held = active(session, round_id)
    if train:
        try:
            model = learn(listed, interviews, seed=_SEED, decisions=decisions)
        except ValueError as error:
            raise UserError(
                "linkage_train",
                "Dữ liệu của đợt chưa đủ để học mô hình; chạy rasoat reconcile không có --train.",
                f"The round's data are not enough to train a model ({error}); run rasoat reconcile without --train.",
            ) from None
    else:
        kept = None if held is None or held.trained_at is None else _parsed(held.model)
        model = kept or default_model()
    used = Used(model.digest, model, _cuts(session, round_id, model.digest, model))
    keep(session, province_code, round_id, used, trained_by=by if train else None)
    return used


def keep(
    session: Session, province_code: str, round_id: str, used: Used, *, trained_by: str | None = None
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
            # The one that ships is not written down: the names that it knows look like the households'.
            model="" if trained_by is None else used.model.to_json(),
            data_fingerprint=used.model.fingerprint,
            trained_at=None if trained_by is None else now,
            trained_by=trained_by,
        )
        session.add(held)
    held.cut_link, held.cut_doubt = used.cuts.link, used.cuts.doubt
    held.active, held.used_at = True, now
    session.flush()
    return held


def quality(session: Session, of: LinkageModel) -> Quality:
    """What error the cuts of a model imply, by the pairs that people read under it."""
    from reconciliation.linkage import Cuts, implied

    sample = reviewed(session, of.round_id, of.fingerprint)
    if (model := _model_of(of)) is not None:
        # What is contested above the cut is never linked without a person: it says nothing of links.
        sample = sample[sample["found_linked"] | sample["weight"].lt(model.cuts.link)]
    found = implied(sample, Cuts(link=of.cut_link, doubt=of.cut_doubt)).false_links
    return Quality(found.pairs, ENOUGH, found if found.pairs >= ENOUGH else None)


def reviewed(session: Session, round_id: str, fingerprint: str) -> pd.DataFrame:
    """Pairs on which people came to an answer: weight (bits), is_match, found_linked; of one model's weights.

    A part that left, and a household that took members in, are matches: the people are the same.
    """
    import pandas as pd

    statement = (
        select(LinkDecision)
        .where(LinkDecision.round_id == round_id, LinkDecision.undone_at.is_(None))
        .order_by(LinkDecision.reading, LinkDecision.decision_id)
    )
    said: dict[Pair, list[LinkDecision]] = {}
    for one in session.scalars(statement):
        said.setdefault((one.interview_id, one.household_code), []).append(one)
    rows = []
    for readings in said.values():
        verdict, _ = outcome([one.verdict for one in readings], max(one.readers for one in readings))
        first = readings[0]
        if verdict not in (None, "unsure") and first.model == fingerprint:
            rows.append((first.weight, verdict != "different", first.found_status == "linked"))
    frame = pd.DataFrame(rows, columns=["weight", "is_match", "found_linked"])
    return frame.astype({"weight": "float64", "is_match": "bool", "found_linked": "bool"})


def explain(session: Session, of: Link, language: Language) -> tuple[list[Bar], dict[tuple[int, int], list[Bar]]]:
    """The waterfall of a pair: of the households, and of its members by their numbers (interview, registry).

    Comparisons of which one side is not known are left out. Empty where the model is not at hand any more.
    """
    import pandas as pd

    from reconciliation import linkage

    held = session.get(LinkageModel, (of.province_code, of.round_id, of.model))
    model = None if held is None else _model_of(held)
    if model is None or not of.evidence:
        return [], {}
    ids = {"interview_id": of.interview_id, "household_code": of.household_code}
    home = linkage.explain_households(pd.DataFrame([ids | of.evidence["household"]]), model)
    people: dict[tuple[int, int], list[Bar]] = {}
    if of.evidence["people"]:
        told = linkage.explain(pd.DataFrame([ids | one for one in of.evidence["people"]]), model)
        for _, rows in told.groupby(["member_no", "registry_member_no"]):
            first = rows.iloc[0]
            people[int(first["member_no"]), int(first["registry_member_no"])] = _bars(rows, language)
    return _bars(home, language), people


def _bars(rows: pd.DataFrame, language: Language) -> list[Bar]:
    return [
        Bar(row[f"comparison_{language}"], row[f"level_{language}"], float(row["weight"]))
        for row in rows.to_dict("records")
        if abs(row["weight"]) >= 0.05
    ]


def _cuts(session: Session, round_id: str, fingerprint: str, model: Model) -> Cuts:
    from reconciliation.linkage import cuts_from_sample

    try:
        return cuts_from_sample(reviewed(session, round_id, fingerprint), least=ENOUGH).cuts
    except ValueError:  # too few answers, or all of one kind
        return model.cuts


def _model_of(held: LinkageModel) -> Model | None:
    """The model of a row; None for one of an earlier version of the program."""
    from reconciliation.linkage import default_model

    if held.model:
        return _parsed(held.model)
    model = default_model()
    return model if model.digest == held.fingerprint else None


@lru_cache(maxsize=4)
def _parsed(text: str) -> Model | None:
    """A stored model; None for one of an earlier version of the program, whose comparisons were others."""
    from reconciliation.linkage import Model, ModelError

    try:
        return Model.from_json(text)
    except ModelError:
        return None


def of_round(session: Session, round_id: str) -> Model:
    """The model that a round was last linked with, or the one that ships."""
    from reconciliation.linkage import default_model

    held = active(session, round_id)
    return (None if held is None else _model_of(held)) or default_model()
