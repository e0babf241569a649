"""Interviews drawn for a second visit: the same share of every enumerator's, by lot, and nobody checks an own one."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Taken:
    """An interview that may be drawn, and who took it."""

    interview_id: str
    enumerator: str


def draw(
    interviews: Sequence[Taken], checkers: Sequence[str], drawn: Mapping[str, str], *, share: float, seed: int
) -> dict[str, str]:
    """Back-checkers of newly drawn interviews, by interview.

    Of each enumerator's interviews `share` (rounded up, so at least one) are drawn, those in `drawn` (interview ->
    checker) among them; the others by lot. A draw depends on the seed and the interview alone, so more interviews later
    only add to it. Each goes to the checker with the fewest so far, never to who took it; with nobody else it is left.
    """
    by_enumerator: dict[str, list[str]] = {}
    for one in interviews:
        by_enumerator.setdefault(one.enumerator, []).append(one.interview_id)
    load = dict.fromkeys(checkers, 0)
    for checker in drawn.values():
        if checker in load:
            load[checker] += 1
    result: dict[str, str] = {}
    for enumerator, taken in sorted(by_enumerator.items()):
        others = [one for one in sorted(load) if one != enumerator]
        lacking = math.ceil(share * len(taken)) - sum(one in drawn for one in taken)
        open_ones = sorted((one for one in taken if one not in drawn), key=lambda one: _lot(seed, one))
        for interview_id in open_ones[: max(0, lacking)] if others else []:
            checker = min(others, key=lambda one: (load[one], one))
            load[checker] += 1
            result[interview_id] = checker
    return result


def _lot(seed: int, interview_id: str) -> bytes:
    return hashlib.sha256(f"{seed}/{interview_id}".encode()).digest()
