"""From compared households to links: one to one, splits and merges by the evidence of all members.

The weight of a household is the sum of what its members and it share, less what it costs that members are missing
who are found nowhere else. The part in which the previous head lives keeps the household, else the one with most
members; an equal claim is a question for a person.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from reconciliation.linkage.arrays import order, starts
from reconciliation.linkage.model import Model
from reconciliation.linkage.pairs import Compared
from reconciliation.linkage.tables import Tables

Bools = npt.NDArray[np.bool_]
Weights = npt.NDArray[np.float64]
Several = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

#: Bits from which a member found in another household explains why they are missing in this one.
_FOUND = 8.0
#: A head found outweighs whatever else speaks for another part.
_HEAD = 10_000.0
_HEAD_CODE = 0
#: Columns of `weigh` that a link goes on with.
_KEPT = ["listed", "asked", "agree", "listed_missing", "asked_missing", "people_weight", "home_weight", "prior"]


def weigh(compared: Compared, tables: Tables, model: Model) -> pd.DataFrame:
    """One row per pair, with what its weight consists of and who claims whom.

    listed, asked; agree (members), listed_members, asked_members, listed_missing, asked_missing (found nowhere);
    people_weight, home_weight, prior, absence_weight; claims (members that no better pair holds), listed_head,
    asked_head (found and claimed), rival (weight of the best other pair that needs one of the same people, NaN without
    one).
    """
    size = len(compared.listed)
    members = np.bincount(tables.household, minlength=tables.total_households).astype(np.int32)
    agree = np.bincount(compared.pair, minlength=size).astype(np.int32)
    people_weight = np.bincount(compared.pair, weights=compared.weight, minlength=size)
    rows = pd.DataFrame(
        {
            "listed": compared.listed,
            "asked": compared.asked,
            "agree": agree,
            "listed_members": members[compared.listed],
            "asked_members": members[compared.asked],
            "people_weight": people_weight,
            "home_weight": compared.home_weight.astype(float),
        }
    )
    interviews = tables.total_households - tables.listed_households
    prior = -np.log2(max(tables.listed_households, interviews, 2))
    rows["prior"] = prior
    base = prior + people_weight + rows["home_weight"].to_numpy()
    apart = {side: (rows[f"{side}_members"] - agree).to_numpy() for side in ("listed", "asked")}
    missing = apart
    # Twice: who is missing here because another household holds them is known after the first.
    several = {side: _several(_person(compared, side)) for side in ("listed", "asked")}
    for _ in range(2):
        whole = base + model.absence.listed * missing["listed"] + model.absence.asked * missing["asked"]
        claims = _claim(compared, several, whole)
        held = {side: best & (compared.weight >= _FOUND) for side, (best, _) in claims.items()}
        held = {side: mask & (whole[compared.pair] > model.cuts.doubt) for side, mask in held.items()}
        missing = {side: apart[side] - _held_elsewhere(compared, rows, tables, side, held[side]) for side in apart}
        missing = {side: np.maximum(count, 0) for side, count in missing.items()}
    whole = base + model.absence.listed * missing["listed"] + model.absence.asked * missing["asked"]
    claims = _claim(compared, several, whole)
    claimed = claims["listed"][0] & claims["asked"][0]
    rival = np.maximum(claims["listed"][1], claims["asked"][1])
    for side in ("listed", "asked"):
        rows[f"{side}_missing"] = missing[side].astype(np.int32)
    rows["absence_weight"] = whole - base
    pair, relation = compared.pair, tables.person("relation")
    rows["claims"] = np.bincount(pair[claimed], minlength=size).astype(np.int32)
    for side in ("listed", "asked"):
        heads = claimed & (relation[_person(compared, side)] == _HEAD_CODE)
        rows[f"{side}_head"] = np.bincount(pair[heads], minlength=size) > 0
    worst = np.full(size, -np.inf)
    np.maximum.at(worst, pair, rival)
    rows["rival"] = np.where(np.isfinite(worst), worst, np.nan)
    return rows


def _person(compared: Compared, side: str) -> npt.NDArray[np.int32]:
    return compared.listed_person if side == "listed" else compared.asked_person


def _claim(compared: Compared, several: dict[str, Several], weight: Weights) -> dict[str, tuple[Bools, Weights]]:
    """By side: whether each row is in the best pair of its person, and the weight of the best other one."""
    of_row = weight[compared.pair]
    return {side: _best_of(several[side], of_row, compared.pair) for side in ("listed", "asked")}


def _several(person: npt.NDArray[np.int32]) -> Several:
    """The rows of those who stand in several pairs, person by person, and where each person begins."""
    rows = np.flatnonzero((np.bincount(person, minlength=1) > 1)[person])
    rows = rows[order(person[rows])]
    return rows, starts(person[rows])


def _best_of(several: Several, weight: Weights, pair: npt.NDArray[np.int32]) -> tuple[Bools, Weights]:
    """Whether each row is the best pair of its person, and the weight of the best other one (-inf: none)."""
    best, others = np.ones(len(pair), dtype=bool), np.full(len(pair), -np.inf)
    rows, start = several
    if len(rows):
        size = np.diff(start, append=len(rows))
        of_row = weight[rows]
        highest = np.repeat(np.maximum.reduceat(of_row, start), size)
        # Of equals the first pair.
        of_highest = np.where(of_row == highest, pair[rows], np.iinfo(np.int32).max)
        is_best = of_highest == np.repeat(np.minimum.reduceat(of_highest, start), size)
        second = np.repeat(np.maximum.reduceat(np.where(is_best, -np.inf, of_row), start), size)
        best[rows], others[rows] = is_best, np.where(is_best, second, highest)
    return best, others


def _held_elsewhere(
    compared: Compared, rows: pd.DataFrame, tables: Tables, side: str, held: Bools
) -> npt.NDArray[np.int64]:
    """Of each pair, how many members of one side are held by another pair, and not matched here."""
    person = _person(compared, side)
    is_held = np.zeros(len(tables.household), dtype=bool)
    is_held[person[held]] = True
    everywhere = np.bincount(tables.household[is_held], minlength=tables.total_households)
    here = np.bincount(compared.pair[is_held[person]], minlength=len(rows))
    return np.asarray(everywhere[rows[side].to_numpy()] - here)


def resolve(rows: pd.DataFrame, model: Model, decided: pd.DataFrame) -> pd.DataFrame:
    """The pairs kept: `rows` with kind (same | split | merge), weight, status (linked | doubtful | decided).

    decided: listed, asked, verdict; every one of them has a row.
    """
    cuts = model.cuts
    verdict = _verdicts(rows, decided)
    base = (rows["prior"] + rows["people_weight"] + rows["home_weight"]).to_numpy()
    # Of a part, and of what went into another household, those who are missing on the other side are elsewhere.
    absences = {
        "same": rows["absence_weight"].to_numpy(),
        "split": model.absence.asked * rows["asked_missing"].to_numpy(),
        "merge": model.absence.listed * rows["listed_missing"].to_numpy(),
    }
    weights = {kind: base + absence for kind, absence in absences.items()}
    rank = weights["same"] + _HEAD * (rows["listed_head"].to_numpy().astype(float) + rows["asked_head"].to_numpy())
    rank = np.where(verdict == "same", np.inf, rank)
    claimed = (rows["claims"].to_numpy() > 0) & ((verdict == "") | (verdict == "unsure"))
    same = _assign(rows, rank, (claimed & (weights["same"] >= cuts.doubt)) | (verdict == "same"))
    taken_listed = np.isin(rows["listed"], rows["listed"][same])
    taken_asked = np.isin(rows["asked"], rows["asked"][same])
    split = claimed & taken_listed & ~taken_asked & (weights["split"] >= cuts.doubt)
    split = _best_per(rows["asked"].to_numpy(), weights["split"], split)
    most = rows["claims"].to_numpy() * 2 >= rows["listed_members"].to_numpy()
    merge = claimed & ~taken_listed & taken_asked & most & (weights["merge"] >= cuts.doubt)
    merge = _best_per(rows["listed"].to_numpy(), weights["merge"], merge)
    # What is left may be a household most of whose members were not found: a person looks.
    parts = np.maximum(weights["split"], weights["merge"])
    left = claimed & ~taken_listed & ~taken_asked & ~merge & ~split & (parts >= cuts.link)
    same |= _assign(rows, rank, left)
    split |= verdict == "split"
    merge |= verdict == "merge"

    kept = np.flatnonzero(split | merge | same)
    rows, verdict = rows.take(kept), verdict[kept]
    kind = np.select([split[kept], merge[kept]], ["split", "merge"], "same")
    competition = -np.logaddexp2(0.0, rows["rival"].fillna(-np.inf).to_numpy())
    of_kind = [kind == name for name in weights]
    weight = np.select(of_kind, [of_all[kept] for of_all in weights.values()]) + competition
    status = np.where(weight >= cuts.link, "linked", "doubtful")
    status = np.where((verdict == "unsure") | _equal_parts(rows, kind), "doubtful", status)
    status = np.where(np.isin(verdict, ["same", "split", "merge"]), "decided", status)
    absence = np.select(of_kind, [of_all[kept] for of_all in absences.values()])
    return rows[_KEPT].assign(
        kind=kind, weight=weight, status=status, absence_weight=absence, competition_weight=competition
    )


def _equal_parts(rows: pd.DataFrame, kind: npt.NDArray[np.str_]) -> Bools:
    """Pairs of a listed household that fell apart without its head, where no part has most of the members."""
    parts = rows[["listed", "claims", "listed_head"]].assign(kind=kind)[(kind == "same") | (kind == "split")]
    kept = parts[parts["kind"].eq("same") & ~parts["listed_head"]].set_index("listed")["claims"]
    others = parts[parts["kind"].eq("split")].groupby("listed")["claims"].max()
    equal = kept[kept <= others.reindex(kept.index).fillna(0)].index
    return np.asarray(rows["listed"].isin(equal) & np.isin(kind, ["same", "split"]))


def _verdicts(rows: pd.DataFrame, decided: pd.DataFrame) -> npt.NDArray[np.object_]:
    """What people decided of each row, "" where nothing."""
    found = rows[["listed", "asked"]].merge(decided, on=["listed", "asked"], how="left")["verdict"]
    return np.asarray(found.astype(object).where(found.notna(), ""), dtype=object)


def _assign(rows: pd.DataFrame, rank: Weights, possible: Bools) -> Bools:
    """One to one: again and again the pairs that are the best left on both sides."""
    chosen = np.zeros(len(rows), dtype=bool)
    listed, asked = rows["listed"].to_numpy(), rows["asked"].to_numpy()
    waiting = np.flatnonzero(possible)
    waiting = waiting[np.lexsort((asked[waiting], listed[waiting], -rank[waiting]))]
    while len(waiting):
        best = ~pd.Series(listed[waiting]).duplicated().to_numpy() & ~pd.Series(asked[waiting]).duplicated().to_numpy()
        chosen[waiting[best]] = True
        still = ~np.isin(listed[waiting], listed[waiting[best]]) & ~np.isin(asked[waiting], asked[waiting[best]])
        waiting = waiting[still]
    return chosen


def _best_per(group: npt.NDArray[np.int32], weight: Weights, mask: Bools) -> Bools:
    rows = np.flatnonzero(mask)
    rows = rows[np.lexsort((rows, -weight[rows]))]
    result = np.zeros(len(mask), dtype=bool)
    result[rows[~pd.Series(group[rows]).duplicated().to_numpy()]] = True
    return result
