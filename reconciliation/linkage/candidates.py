"""Which households are worth comparing: those whose members share a key, whoever heads them.

Any member is looked up among all members, so that last year's head is found as this year's wife. A rule's `bits` are
what sharing its key is worth when candidates are ranked; they decide nothing else.

Keys are whole numbers, and who shares one is found by sorting: a key and its household are one number of 64 bits, so
that nothing but the numbers is moved. Two keys that fall together by chance are compared, and found to be strangers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reconciliation.linkage.tables import Tables, whole

Small = npt.NDArray[np.int32]
Keys = npt.NDArray[np.int64]

#: Candidates kept of each interview and of each listed household.
_OF_INTERVIEW, _OF_LISTED = 4, 2
#: A candidate with less than this share of the best one's bits, in hundredths, is not compared.
_FAIR = 15
#: Bits of one weak key.
_WEAK = 10
#: More bits than this count as so many.
_MOST_BITS = 2**15 - 1
#: Members of a household of common size; of a larger one not every two are paired.
_LARGEST = 12


@dataclass(frozen=True)
class Rule:
    """`columns` of persons (`Tables.person`, and village and commune of their household) that are equal."""

    name: str
    columns: tuple[str, ...]
    bits: int


RULES = (
    Rule("cccd", ("cccd",), 20),
    Rule("name_birth", ("fold_id", "birth_year", "birth_day"), 18),
    Rule("name_village", ("fold_id", "village"), 10),
    Rule("birth_commune", ("birth_year", "birth_day", "commune"), 9),
    Rule("core_year_commune", ("core_id", "birth_year", "commune"), 9),
)
#: Two members by folded name and year of birth, anywhere: finds who moved without number, date or telephone.
PAIR_BITS = 22
PHONE_BITS, CODE_BITS = 16, 14


def find_candidates(tables: Tables) -> tuple[Small, Small]:
    """Pairs (listed, asked) of households, sorted by interview."""
    listed_households, total = tables.listed_households, tables.total_households
    worth: list[int] = []
    parts = []
    for of_rule, keys, homes in _keys(tables):
        listed, asked = _sharing(keys, homes, listed_households, total)
        # The pair and the rule are one number, so that sorting brings all rules of a pair together.
        parts.append((asked * listed_households + listed) * _RULES_AT_MOST + len(worth))
        worth.append(of_rule)
    found = np.concatenate(parts)
    del parts
    found.sort()
    start = _starts(found // _RULES_AT_MOST)
    bits = np.minimum(_sums(np.array(worth)[found % _RULES_AT_MOST], start), _MOST_BITS)
    asked, listed = np.divmod(found[start] // _RULES_AT_MOST, listed_households)
    best = np.zeros(total, dtype=np.int64)
    np.maximum.at(best, asked, bits)
    # Most share one weak key only and go before anything is ranked.
    fair, strong = bits * 100 >= _FAIR * best[asked], bits > _WEAK
    of_asked, its_listed = _ranked(asked[fair], bits[fair], listed[fair], _OF_INTERVIEW)
    of_listed, its_asked = _ranked(listed[strong], bits[strong], asked[strong], _OF_LISTED)
    chosen = np.unique(np.r_[of_asked * listed_households + its_listed, its_asked * listed_households + of_listed])
    asked, listed = np.divmod(chosen, listed_households)
    return listed.astype(np.int32), asked.astype(np.int32)


#: A power of two.
_RULES_AT_MOST = 8


def _keys(tables: Tables) -> Iterator[tuple[int, Keys, Small]]:
    """Of every rule the bits, the keys that are known, and the households (of both sides) that have them."""
    columns = {name: tables.person(name) for name in ("fold_id", "core_id", "birth_year", "birth_day", "cccd")}
    columns |= {name: whole(tables.households[name])[tables.household] for name in ("village", "commune")}
    for rule in RULES:
        values = [columns[name] for name in rule.columns]
        known = np.flatnonzero(np.logical_and.reduce([value >= 0 for value in values]))
        key = np.zeros(len(known), dtype=np.int64)
        for value in values:
            key = key * (int(value.max(initial=0)) + 1) + value[known]
        yield rule.bits, key, tables.household[known]
    yield PAIR_BITS, *_pairs_of_members(columns["fold_id"], columns["birth_year"], tables.household)
    for column, bits in (("phone", PHONE_BITS), ("code", CODE_BITS)):
        of_home = whole(tables.households[column])
        homes = np.flatnonzero(of_home >= 0).astype(np.int32)
        yield bits, of_home[homes].astype(np.int64), homes


def _pairs_of_members(name: Small, year: npt.NDArray[np.int16], household: Small) -> tuple[Keys, Small]:
    """Every two members of a household of whom name and year are known, in households of common size."""
    known = np.flatnonzero((name >= 0) & (year > 0))
    who = name[known].astype(np.int64) * 4096 + year[known]
    home = household[known]
    pairs, homes = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
    for apart in range(1, _LARGEST):
        both = np.flatnonzero(home[apart:] == home[:-apart])
        one, other = who[both], who[both + apart]
        pairs.append(np.minimum(one, other) * np.int64(1_000_003) ^ np.maximum(one, other) * np.int64(8_191))
        homes.append(home[both])
    return np.concatenate(pairs), np.concatenate(homes)


def _sharing(keys: Keys, homes: Small, listed_households: int, total: int) -> tuple[Keys, Keys]:
    """Every two households (listed, asked) that share a key, as often as they share one."""
    of_home = np.uint64(total.bit_length())
    # The key is mixed into the upper bits, the household stands in the lower ones.
    both = keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> of_home << of_home | homes.astype(np.uint64)
    both.sort()
    key = both >> of_home
    home = (both & ((np.uint64(1) << of_home) - np.uint64(1))).astype(np.int64)
    start = _starts(key)
    size = np.diff(start, append=len(key))
    # Listed households have the lower numbers, so they come first.
    listed = _sums(home < listed_households, start)
    shared = np.flatnonzero((listed > 0) & (listed < size))
    start, listed, asked = start[shared], listed[shared], (size - listed)[shared]
    group, place = positions(listed * asked)
    return home[start[group] + place // asked[group]], home[(start + listed)[group] + place % asked[group]]


def _starts(values: npt.NDArray[Any]) -> Keys:
    """Where each run of equal values begins."""
    return np.flatnonzero(np.r_[True, values[1:] != values[:-1]][: len(values)])


def _sums(values: npt.NDArray[Any], start: Keys) -> Keys:
    """The sum of each run."""
    return np.add.reduceat(values, start, dtype=np.int64) if len(start) else np.empty(0, np.int64)


def positions(sizes: Keys) -> tuple[Keys, Keys]:
    """For groups of these sizes, one behind the other: the group of each member, and its place in the group."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    return group, np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _ranked(group: Keys, bits: Keys, other: Keys, most: int) -> tuple[Keys, Keys]:
    """Of each group the `most` rows of the most bits, of equals those of the lowest `other`: group, other."""
    radix = int(other.max(initial=0)) + 1
    order = np.sort((group * (_MOST_BITS + 1) + _MOST_BITS - bits) * radix + other)
    of_group = order // radix // (_MOST_BITS + 1)
    _, place = positions(np.diff(_starts(of_group), append=len(order)))
    kept = place < most
    return of_group[kept], order[kept] % radix
