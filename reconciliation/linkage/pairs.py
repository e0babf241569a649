"""Candidate households compared: who of the one is who of the other, and what both households have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reconciliation.linkage.candidates import find_candidates
from reconciliation.linkage.comparisons import HOUSEHOLDS, PEOPLE
from reconciliation.linkage.model import Model
from reconciliation.linkage.scoring import level_columns, score
from reconciliation.linkage.tables import Tables

Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float32]

#: Interviews compared at a time: memory follows this, not the size of the province.
_AT_A_TIME = 360_000
#: Two people below this weight are not the same, whatever their households.
LEAST_WEIGHT = 3.0


@dataclass(frozen=True)
class Compared:
    """Numbers of rows of `Tables`; arrays of one length each.

    listed, asked: households of a pair; home_weight: bits of what the households share, members aside.
    pair (position in these), listed_person, asked_person, weight: members who are each other's best, one to one.
    """

    listed: Small
    asked: Small
    home_weight: Weights
    pair: Small
    listed_person: Small
    asked_person: Small
    weight: Weights


def compare(connection: Any, tables: Tables, model: Model, forced: Small) -> Compared:
    """Compare every candidate, and the pairs (n, 2: listed, asked) of `forced` whatever they share.

    connection: of `scoring.database` with these tables.
    """
    listed, total = tables.listed_households, tables.total_households
    if not 0 < listed < total or not 0 < tables.listed_people < len(tables.household):
        return _none()
    parts = []
    for first in range(listed, total, _AT_A_TIME):
        end = min(first + _AT_A_TIME, total)
        find_candidates(connection, listed, (first, end))
        here = forced[(forced[:, 1] >= first) & (forced[:, 1] < end)]
        _add(connection, here)
        parts.append(_compare_candidates(connection, tables, model, here))
    start = np.cumsum([0, *(len(part.listed) for part in parts)])
    shifted = [part.pair + np.int32(shift) for part, shift in zip(parts, start[:-1], strict=True)]
    return Compared(
        listed=np.concatenate([part.listed for part in parts]),
        asked=np.concatenate([part.asked for part in parts]),
        home_weight=np.concatenate([part.home_weight for part in parts]),
        pair=np.concatenate(shifted),
        listed_person=np.concatenate([part.listed_person for part in parts]),
        asked_person=np.concatenate([part.asked_person for part in parts]),
        weight=np.concatenate([part.weight for part in parts]),
    )


def _none() -> Compared:
    nothing, weightless = np.empty(0, np.int32), np.empty(0, np.float32)
    return Compared(nothing, nothing, weightless, nothing, nothing, nothing, weightless)


def _add(connection: Any, forced: Small) -> None:
    connection.register("forced", pd.DataFrame(forced, columns=["listed", "asked"]))
    connection.execute(
        "INSERT INTO candidates SELECT listed, asked, 0 FROM forced f"
        " WHERE NOT EXISTS (SELECT 1 FROM candidates c WHERE c.listed = f.listed AND c.asked = f.asked)"
    )
    connection.unregister("forced")


def _compare_candidates(connection: Any, tables: Tables, model: Model, forced: Small) -> Compared:
    connection.execute(
        "CREATE OR REPLACE TABLE person_pairs AS"
        " SELECT l.unique_id AS join_key_l, r.unique_id AS join_key_r, '0' AS match_key"
        " FROM candidates c JOIN people l ON l.household = c.listed JOIN people r ON r.household = c.asked"
        " WHERE abs(l.birth_year - r.birth_year) <= 1 OR l.fold_id = r.fold_id OR l.cccd = r.cccd"
        " OR l.birth_year IS NULL OR r.birth_year IS NULL"
    )
    scored = score(connection, "people", PEOPLE, model.shares, "person_pairs", LEAST_WEIGHT)
    # Sorted, so that of two equals the same one is found whatever the threads did.
    rows = connection.execute(
        f"SELECT unique_id_l AS l, unique_id_r AS r, match_weight::FLOAT AS w FROM {scored} ORDER BY w DESC, l, r"
    ).fetchnumpy()
    connection.execute(f"DROP TABLE {scored}; DROP TABLE person_pairs")
    left, right, weight = (np.asarray(rows[name]) for name in ("l", "r", "w"))
    listed, asked = tables.household[left], tables.household[right]
    key = listed.astype(np.int64) * tables.total_households + asked
    chosen = _one_to_one(key, left, right)
    left, right, weight, key = left[chosen], right[chosen], weight[chosen], key[chosen]
    forced_keys = forced[:, 0].astype(np.int64) * tables.total_households + forced[:, 1]
    keys = np.unique(np.concatenate([key, forced_keys]))
    pair = np.searchsorted(keys, key)
    listed = (keys // tables.total_households).astype(np.int32)
    asked = (keys % tables.total_households).astype(np.int32)
    home = _home_weights(connection, model, listed, asked)
    return Compared(listed, asked, home, pair.astype(np.int32), left.astype(np.int32), right.astype(np.int32), weight)


def _one_to_one(key: Ints, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
    """Rows, sorted by weight, that are the best left of both their people within the pair of households."""
    of_left, of_right = key * 1024 + left % 1024, key * 1024 + right % 1024
    # Most people have one counterpart only.
    contested = pd.Series(of_left).duplicated(keep=False) | pd.Series(of_right).duplicated(keep=False)
    chosen = ~contested.to_numpy()
    waiting = np.flatnonzero(~chosen)
    while len(waiting):
        lefts, rights = pd.Series(of_left[waiting]), pd.Series(of_right[waiting])
        best = ~(lefts.duplicated() | rights.duplicated())
        chosen[waiting[best]] = True
        # Who is taken leaves the others.
        open_ = ~(lefts.isin(lefts[best]) | rights.isin(rights[best]))
        waiting = waiting[open_]
    return chosen


def _home_weights(connection: Any, model: Model, listed: Small, asked: Small) -> Weights:
    connection.register("arrived", pd.DataFrame({"join_key_l": listed, "join_key_r": asked}))
    connection.execute("CREATE OR REPLACE TABLE home_pairs AS SELECT *, '0' AS match_key FROM arrived")
    connection.unregister("arrived")
    scored = score(connection, "households", HOUSEHOLDS, model.shares, "home_pairs", -1e6)
    rows = connection.execute(
        f"SELECT match_weight::FLOAT AS w FROM {scored} ORDER BY unique_id_l, unique_id_r"
    ).fetchnumpy()
    connection.execute(f"DROP TABLE {scored}; DROP TABLE home_pairs")
    weights = np.empty(len(listed), dtype=np.float32)
    weights[np.lexsort((asked, listed))] = rows["w"]
    return weights


def levels_of(connection: Any, what: str, left: Small, right: Small) -> pd.DataFrame:
    """The level every comparison reaches between rows `left` and `right` of the table `what`: a column each."""
    comparisons = PEOPLE if what == "people" else HOUSEHOLDS
    connection.register("chosen", pd.DataFrame({"l": left, "r": right, "n": np.arange(len(left), dtype=np.int32)}))
    found: pd.DataFrame = connection.execute(
        f"SELECT {level_columns(comparisons, 'a', 'b')} FROM chosen"
        f" JOIN {what} a ON a.unique_id = chosen.l JOIN {what} b ON b.unique_id = chosen.r ORDER BY n"
    ).df()
    connection.unregister("chosen")
    return found
