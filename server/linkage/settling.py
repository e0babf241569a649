"""What people's readings of a pair come to, and what a pair then counts as. Plain values in and out.

A pair is read by one person, or by two blind to one another; where these two differ, a third decides. Nobody reads a
pair twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Pair = tuple[str, str]
"""interview_id, household_code"""


@dataclass(frozen=True)
class Found:
    """A pair as the linkage found it, and how many people are to read it."""

    pair: Pair
    kind: str
    status: str
    readers: int


@dataclass(frozen=True)
class Settled:
    """What a pair counts as, and the reading that it waits for (None: it waits for nobody)."""

    kind: str
    status: str
    next_reading: int | None


def outcome(verdicts: Sequence[str], readers: int) -> tuple[str | None, int | None]:
    """What the readings of a pair came to: (verdict or None while it is open, reading that it waits for or None).

    verdicts: in the order of reading. Who is unsure hands on to another; two who agree, or the third, decide.

    >>> outcome(["same"], 1), outcome(["same"], 2), outcome(["same", "split"], 2)
    (('same', None), (None, 2), (None, 3))
    """
    if len(verdicts) >= 3:
        return verdicts[2], None
    if len(verdicts) == 2:
        alone = readers < 2 and verdicts[0] == "unsure"
        return (verdicts[1], None) if alone or verdicts[0] == verdicts[1] else (None, 3)
    if len(verdicts) == 1:
        return (verdicts[0], None) if readers < 2 and verdicts[0] != "unsure" else (None, 2)
    return None, 1 if readers else None


def settle(found: Iterable[Found], verdicts: Mapping[Pair, Sequence[str]]) -> dict[Pair, Settled]:
    """What each pair counts as. verdicts: readings that stand, by pair, in the order of reading.

    found: must hold every pair that shares an interview or a household with one that is asked for: what a person
    confirmed casts doubt on an automatic link of either side with another.
    """
    pairs = list(found)
    came_to = {one.pair: outcome(verdicts.get(one.pair, ()), one.readers) for one in pairs}
    confirmed = {pair for pair, (verdict, _) in came_to.items() if verdict == "same"}
    interviews, households = {one for one, _ in confirmed}, {code for _, code in confirmed}
    return {
        one.pair: _settled(
            one, *came_to[one.pair], is_contradicted=one.pair[0] in interviews or one.pair[1] in households
        )
        for one in pairs
    }


def _settled(one: Found, verdict: str | None, waits_for: int | None, *, is_contradicted: bool) -> Settled:
    if verdict in ("same", "split", "merge"):
        return Settled(verdict, "decided", None)
    if verdict == "different":
        return Settled(one.kind, "apart", None)
    if verdict == "unsure":
        return Settled(one.kind, "doubtful", None)
    if one.status == "linked" and one.kind == "same" and is_contradicted:
        return Settled(one.kind, "doubtful", waits_for or 1)
    return Settled(one.kind, one.status, waits_for)


def drawn(share: float, *names: str) -> bool:
    """Whether something is drawn for a sample of `share` (0 to 1): by its names, so the same every time."""
    number = int.from_bytes(hashlib.sha256("\0".join(names).encode()).digest()[:8])
    return number < share * 2**64


@dataclass(frozen=True)
class Agreement:
    """How far two blind readers agree: pairs read by both, the share of equal answers, Cohen's kappa.

    kappa: agreement beyond chance, (observed - expected) / (1 - expected), where expected is what two people would
    agree on who answer at random, each with the frequencies of that reading; None without pairs, and where both gave
    one answer to all, for then there is nothing beyond chance to measure.
    """

    pairs: int
    raw: float | None
    kappa: float | None


def agreement(readings: Iterable[tuple[str, str]]) -> Agreement:
    """Agreement of (first, second) answers.

    >>> agreement([("same", "same"), ("same", "different"), ("different", "different"), ("different", "different")])
    Agreement(pairs=4, raw=0.75, kappa=0.5)
    """
    both = list(readings)
    if not both:
        return Agreement(0, None, None)
    total = len(both)
    raw = sum(first == second for first, second in both) / total
    firsts, seconds = [first for first, _ in both], [second for _, second in both]
    expected = sum(firsts.count(answer) * seconds.count(answer) for answer in set(firsts)) / total**2
    return Agreement(total, raw, None if expected == 1 else (raw - expected) / (1 - expected))
