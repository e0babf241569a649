"""The whole comparison: households drawn, forms built and filled, both sides' values side by side."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd

from forms.build import RoundConstants
from poverty.standard import Standard
from sandbox.parity import cases, phones
from sandbox.parity.compare import Mismatch, compare
from sandbox.parity.phones import Sent

DEFAULT_SEED = 2026


@dataclass(frozen=True)
class Parity:
    """How many households and computed values were compared, and where the two sides differ."""

    households: int
    values: int
    mismatches: tuple[Mismatch, ...]


@dataclass(frozen=True)
class Filled:
    """Households as drawn, and what the phones sent of them."""

    households: pd.DataFrame
    members: pd.DataFrame
    sent: Sent


def check(
    standard: Standard,
    households: int,
    seed: int = DEFAULT_SEED,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Parity:
    """Compare phone and server over `households` generated households under the standard.

    `progress` is told (done, of). Raises forms.errors.FormError when the form does not build or refuses an answer.
    """
    return compare_filled(standard, fill_shares(standard, households, seed, progress))


def fill_shares(
    standard: Standard,
    households: int,
    seed: int = DEFAULT_SEED,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[Filled]:
    """What phones send of `households` households, for one review date after the other (`shares`)."""
    done = 0
    for review_date, size in shares(standard, households):
        yield fill(standard, size, review_date, seed, partial(_further, progress, done, households))
        done += size


def compare_filled(standard: Standard, sent: Iterable[Filled]) -> Parity:
    """Compare what phones sent with the server's values.

    These are computed of what the phones sent, and once more of the answers as drawn: an answer that the form did not
    ask for must not have mattered.
    """
    households, values = 0, 0
    mismatches: list[Mismatch] = []
    for filled in sent:
        compared, found = compare(filled.sent, *phones.received(filled.sent), standard)
        _, hidden = compare(filled.sent, filled.households, filled.members, standard)
        households += len(filled.households)
        values += compared
        mismatches += found + [one for one in hidden if one not in found]
    return Parity(households, values, tuple(mismatches))


def _further(progress: Callable[[int, int], None], before: int, total: int, now: int) -> None:
    progress(before + now, total)


def shares(standard: Standard, households: int) -> list[tuple[date, int]]:
    """Review dates with how many households each: 1 September, and 29 February where the standard sees one."""
    dates = [date(standard.first_year, 9, 1)]
    dates += [date(year, 2, 29) for year in range(standard.first_year, standard.last_year + 1) if year % 4 == 0][:1]
    each = [households // len(dates)] * len(dates)
    each[0] += households - sum(each)
    return [(day, size) for day, size in zip(dates, each, strict=True) if size]


def fill(
    standard: Standard, size: int, review_date: date, seed: int, done: Callable[[int], None] = lambda _: None
) -> Filled:
    """Draw households and have a phone fill the form of the standard for each."""
    households, members = cases.draw(standard, size, review_date, seed)
    with tempfile.TemporaryDirectory(prefix="rasoat-parity-") as folder:
        constants = RoundConstants(f"parity-{review_date:%Y%m%d}", review_date, "99")
        built, media_dir = phones.build(standard, constants, Path(folder))
        return Filled(households, members, phones.fill(built, media_dir, households, members, done))
