"""Who is poor in which year, and the movements that follow: a truth of its own, counted by household number.

Knows nothing of how movements are computed from lists and decisions, so that it can witness against that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sandbox.population.streams import Streams
from sandbox.years.state import State
from sandbox.years.truth import changes, person_changes

#: Status of a year to that of the next: poor, near-poor, not poor. Plausible; the poor stay poor for a while.
_NEXT = {"poor": (0.62, 0.22, 0.16), "near_poor": (0.06, 0.50, 0.44), "not_poor": (0.02, 0.03, 0.95)}
_STATUSES = ("poor", "near_poor", "not_poor")
#: Of who was poor before and is no longer: falling back is likelier than becoming poor for the first time.
_BACK = (0.12, 0.08, 0.80)


def draw_standing(
    states: Sequence[State], seed: int, first: tuple[float, float] = (0.12, 0.12)
) -> list[pd.Series[str]]:
    """Per year, the status of every household (poor | near_poor | not_poor) by household_no.

    first: shares of poor and of near-poor households in the first year, and among those that come later.
    """
    streams = Streams(seed)
    standing: list[pd.Series[str]] = []
    ever: set[int] = set()
    for state in states:
        rng = streams.of(f"standing {state.year}")
        numbers = state.households.index
        before = standing[-1].reindex(numbers) if standing else pd.Series(index=numbers, dtype="str")
        shares = np.tile([*first, 1 - sum(first)], (len(numbers), 1))
        for status, next_shares in _NEXT.items():
            shares[before.eq(status).to_numpy()] = next_shares
        shares[(before.eq("not_poor") & numbers.isin(sorted(ever))).to_numpy()] = _BACK
        drawn = (rng.random(len(numbers))[:, None] > shares.cumsum(axis=1)).sum(axis=1)
        now = pd.Series(np.array(_STATUSES)[np.minimum(drawn, 2)], index=numbers, dtype="str")
        ever.update(now.index[now.eq("poor")])
        standing.append(now)
    return standing


def true_movements(states: Sequence[State], standing: Sequence[pd.Series[str]], at: int) -> pd.DataFrame:
    """What happened to every household between the year `at - 1` and the year `at` (positions), by household_no.

    before (poor | near_poor | not_poor | absent: not there), after (the same), kind and other of `changes`,
    persons_before, persons_after (0: not there), persons_stayed (in the household at both ends), poor_before,
    near_poor_before (bool: so in a year before the last one).
    """
    old, new = states[at - 1], states[at]
    truth = changes(old, new)[["kind", "other"]]
    sizes = [state.people.groupby("household").size() for state in (old, new)]
    moved = person_changes(old, new)
    stayed = moved[moved["what"].eq("stayed")].groupby("to_household").size()
    for name, values in (("before", standing[at - 1]), ("after", standing[at])):
        truth[name] = values.reindex(truth.index).fillna("absent").astype("str")
    for name, counted in (("persons_before", sizes[0]), ("persons_after", sizes[1]), ("persons_stayed", stayed)):
        truth[name] = counted.reindex(truth.index).fillna(0).astype("int64")
    for status in ("poor", "near_poor"):
        earlier = [one.index[one.eq(status)] for one in standing[: at - 1]]
        known = set().union(*earlier) if earlier else set()
        truth[f"{status}_before"] = truth.index.isin(sorted(known))
    return truth


def form_counts(truth: pd.DataFrame, status: str) -> dict[str, tuple[int, int]]:
    """Report form 2 (status poor) or 3 (near_poor) of `true_movements`: (households, persons) by column.

    Columns: opening, changed_to, escaped, left, changed_from, fallen_back, new, came, closing.
    """
    other = "near_poor" if status == "poor" else "poor"
    was, is_now = truth["before"].eq(status), truth["after"].eq(status)
    on_none = truth["before"].isin(["not_poor", "absent"])
    back = truth[f"{status}_before"]
    split = truth["kind"].eq("split_off")
    masks = {
        "opening": was,
        "changed_to": was & truth["after"].eq(other),
        "escaped": was & truth["after"].eq("not_poor"),
        "left": was & truth["after"].eq("absent"),
        "changed_from": is_now & truth["before"].eq(other),
        "fallen_back": is_now & on_none & back & ~split,
        "new": is_now & on_none & ~back & ~split,
        "came": is_now & on_none & split,
        "closing": is_now,
    }
    ending = ("opening", "changed_to", "escaped", "left")
    counts = {}
    for name, mask in masks.items():
        persons = truth["persons_before" if name in ending else "persons_after"]
        counts[name] = (int(mask.sum()), int(persons[mask].sum()))
    kept = truth[was & is_now]
    died_or_left = int((kept["persons_before"] - kept["persons_stayed"]).sum())
    born_or_came = int((kept["persons_after"] - kept["persons_stayed"]).sum())
    counts["left"] = (counts["left"][0], counts["left"][1] + died_or_left)
    counts["came"] = (counts["came"][0], counts["came"][1] + born_or_came)
    return counts
