"""What people decided of pairs, by the numbers of the households."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from reconciliation.linkage.tables import Tables

VERDICTS = ("same", "different", "unsure", "split", "merge")


def decided_pairs(decisions: pd.DataFrame | None, tables: Tables) -> pd.DataFrame:
    """listed, asked (numbers of households), verdict; one row per pair of which both sides are here.

    ValueError for a verdict that is none, and where decisions contradict one another.
    """
    if decisions is None or decisions.empty:
        return pd.DataFrame(
            {"listed": np.empty(0, np.int32), "asked": np.empty(0, np.int32), "verdict": np.empty(0, object)}
        )
    unknown = set(decisions["verdict"]) - set(VERDICTS)
    if unknown:
        raise ValueError(f"verdicts that are none: {', '.join(sorted(map(str, unknown)))}")
    keys = tables.keys.slice(0, tables.listed_households), tables.keys.slice(tables.listed_households)
    places = {
        side: pc.index_in(pa.array(decisions[column].astype("str"), keys[0].type), those).fill_null(-1)
        for side, column, those in (("listed", "household_code", keys[0]), ("asked", "interview_id", keys[1]))
    }
    found = pd.DataFrame(
        {
            **{side: numbers.to_numpy(zero_copy_only=False).astype(np.int64) for side, numbers in places.items()},
            "verdict": decisions["verdict"].to_numpy(),
        }
    )
    found = found[(found["listed"] >= 0) & (found["asked"] >= 0)].drop_duplicates()
    found["asked"] += tables.listed_households
    same = found[found["verdict"].eq("same")]
    for side in ("listed", "asked"):
        if same[side].duplicated().any():
            raise ValueError("decisions contradict one another: a household is the same as two others")
    if found.duplicated(["listed", "asked"]).any():
        raise ValueError("decisions contradict one another: two verdicts on one pair")
    return found.sort_values(["listed", "asked"], ignore_index=True)
