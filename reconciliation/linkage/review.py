"""Cuts from pairs that people have looked at, with the error each implies."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from reconciliation.linkage.model import Cuts


@dataclass(frozen=True)
class Rate:
    """A share with its confidence interval (Wilson, 95 %) and the number of pairs it rests on."""

    value: float
    low: float
    high: float
    pairs: int


@dataclass(frozen=True)
class Implied:
    """What cuts imply. false_links: wrong ones among the pairs linked; missed: true ones among those passed over;
    queue: share of the pairs reviewed that a person must look at."""

    cuts: Cuts
    false_links: Rate
    missed: Rate
    queue: float


def cuts_from_sample(
    reviewed: pd.DataFrame, *, false_links: float = 0.001, missed: float = 0.05, least: int = 30
) -> Implied:
    """The lowest cut for a link and the highest for doubt under which the errors stay within what is allowed.

    reviewed: weight, is_match (bool) of pairs that people decided, drawn over all weights; `unsure` ones left out.
    false_links: of the pairs above the cut, the share that may be wrong. missed: of those below the other cut, the
    share that may be right. ValueError for fewer than `least` pairs, or pairs of one verdict only.
    """
    sample = reviewed[["weight", "is_match"]].dropna()
    matches = sample["is_match"].astype(bool)
    if len(sample) < least or matches.all() or not matches.any():
        raise ValueError(f"cuts need at least {least} decided pairs, some the same and some not")
    order = np.argsort(-sample["weight"].to_numpy(dtype=float), kind="stable")
    weight = sample["weight"].to_numpy(dtype=float)[order]
    right = matches.to_numpy()[order]
    # Equal weights fall on one side together.
    last = np.r_[weight[1:] != weight[:-1], True]
    wrong_above = np.cumsum(~right) / np.arange(1, len(weight) + 1)
    above = np.flatnonzero(last & (wrong_above <= false_links))
    link = weight[above[-1]] if len(above) else float(np.nextafter(weight[0], np.inf))
    right_below = (right.sum() - np.cumsum(right)) / np.maximum(len(weight) - np.arange(1, len(weight) + 1), 1)
    below = np.flatnonzero(last & (right_below <= missed))
    doubt = min(weight[below[0]] if len(below) else weight[-1], link)
    return implied(sample, Cuts(link=float(link), doubt=float(doubt)))


def implied(reviewed: pd.DataFrame, cuts: Cuts) -> Implied:
    """The error that given cuts imply on pairs that people decided (weight, is_match)."""
    weight = reviewed["weight"].to_numpy(dtype=float)
    right = reviewed["is_match"].to_numpy(dtype=bool)
    linked, passed = weight >= cuts.link, weight < cuts.doubt
    return Implied(
        cuts,
        _rate(int((~right[linked]).sum()), int(linked.sum())),
        _rate(int(right[passed].sum()), int(passed.sum())),
        float((~linked & ~passed).mean()) if len(weight) else 0.0,
    )


def _rate(count: int, pairs: int) -> Rate:
    """Wilson's interval; with no pairs nothing is known."""
    if not pairs:
        return Rate(0.0, 0.0, 1.0, 0)
    z = NormalDist().inv_cdf(0.975)
    share, spread = count / pairs, z * z / pairs
    middle = (share + spread / 2) / (1 + spread)
    half = z * np.sqrt(share * (1 - share) / pairs + spread / (4 * pairs)) / (1 + spread)
    return Rate(share, max(float(middle - half), 0.0), min(float(middle + half), 1.0), pairs)
