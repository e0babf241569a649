"""What the state of identity tells the movements: which households came, and which ended."""

from __future__ import annotations

import pandas as pd

from reconciliation.identity.log import State
from reconciliation.movements import HOUSEHOLD_COLUMNS
from reconciliation.status import HISTORY_COLUMNS


def marks(state: State) -> pd.DataFrame:
    """`HOUSEHOLD_COLUMNS` of `reconciliation.movements`, by household_id: nobody waits."""
    found = state.households.values()
    days = {
        "split_on": [one.split_on for one in found],
        "arrived_on": [one.arrived_on for one in found],
        "reopened_on": [one.reopened_on for one in found],
    }
    index = pd.Index(list(state.households), dtype="object", name="household_id")
    frame = pd.DataFrame({name: pd.to_datetime(pd.Series(values, dtype="object")) for name, values in days.items()})
    return frame.set_axis(index).assign(waiting="")[HOUSEHOLD_COLUMNS]


def ends(state: State) -> pd.DataFrame:
    """Rows of a status history (source `end`) for the households that closed or merged: the reason as number."""
    found = [one for one in state.households.values() if one.status != "open"]
    frame = pd.DataFrame(
        {
            "household_id": [one.household_id for one in found],
            "date": pd.to_datetime(pd.Series([one.ended_on for one in found], dtype="object")),
            "status": "gone",
            "source": "end",
            "number": [one.reason or "" for one in found],
            "commune_code": None,
            "persons": pd.Series(pd.NA, index=range(len(found)), dtype="Int64"),
        }
    )
    return frame[HISTORY_COLUMNS]
