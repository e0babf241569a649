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

from reconciliation.linkage.arrays import distinct, positions, starts, sums
from reconciliation.linkage.tables import Tables, whole

Small = npt.NDArray[np.int32]
Keys = npt.NDArray[np.int64]
#: A key in the upper bits, a household that has it in the lower ones.
Keyed = npt.NDArray[np.uint64]

#: Candidates kept of each interview and of each listed household.
_OF_INTERVIEW, _OF_LISTED = 4, 2
#: A candidate with less than this share of the best one's bits, in hundredths, is not compared.
_FAIR = 15
#: A key that more households of a list than this share finds none of them: the date that stands for "the year alone",
#: the commonest name of a large village.
MOST_SHARING = 60
#: Bits of one weak key.
_WEAK = 10
#: More bits than this count as so many.
_MOST_BITS = 2**15 - 1
#: The rules of `_keyed` are numbered below this.
_RULES_AT_MOST = 8
#: What is found, summed and ranked at a time.
_AT_A_TIME = 2_000_000
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
    listed_households = tables.listed_households
    worth: list[int] = []
    parts = []
    for bits, keyed in _keyed(tables):
        # The pair and the rule are one number, so that sorting brings all rules of a pair together.
        parts.append(_sharing(keyed, tables) * _RULES_AT_MOST + len(worth))
        worth.append(bits)
        del keyed  # before the next is made
    found = np.concatenate(parts)
    parts.clear()
    found.sort()
    nothing = np.empty(0, dtype=np.int64)
    chosen, strong = [nothing], [(nothing, nothing, nothing)]
    for one in _by_interview(found, listed_households * _RULES_AT_MOST):
        pair, bits_of_pair = _summed(one, worth)
        asked, listed = np.divmod(pair, listed_households)
        start = starts(asked)
        best = np.repeat(np.maximum.reduceat(bits_of_pair, start), np.diff(start, append=len(asked)))
        # Most share one weak key only and go before anything is ranked.
        fair = bits_of_pair * 100 >= _FAIR * best
        of_asked, its_listed = _ranked(asked[fair], bits_of_pair[fair], listed[fair], _OF_INTERVIEW)
        chosen.append(of_asked * listed_households + its_listed)
        is_strong = bits_of_pair > _WEAK
        strong.append((listed[is_strong], bits_of_pair[is_strong], asked[is_strong]))
    in_listed, its_bits, in_asked = (np.concatenate(part) for part in zip(*strong, strict=True))
    of_listed, its_asked = _ranked(in_listed, its_bits, in_asked, _OF_LISTED)
    asked, listed = np.divmod(distinct(np.r_[*chosen, its_asked * listed_households + of_listed]), listed_households)
    return listed.astype(np.int32), asked.astype(np.int32)


def _keyed(tables: Tables) -> Iterator[tuple[int, Keyed]]:
    """Of every rule the bits, and the keys that are known with the households (of both sides) that have them."""
    for rule in RULES:
        yield rule.bits, _members(rule, tables)
    yield PAIR_BITS, _pairs_of_members(tables)
    for column, bits in (("phone", PHONE_BITS), ("code", CODE_BITS)):
        yield bits, _homes(column, tables)


def _members(rule: Rule, tables: Tables) -> Keyed:
    columns = [_of_people(tables, column) for column in rule.columns]
    known = np.flatnonzero(np.logical_and.reduce([column >= 0 for column in columns]))
    key = np.zeros(len(known), dtype=np.int64)
    for column in columns:
        key *= int(column.max(initial=0)) + 1
        key += column[known]
    return _with_homes(key, tables.household[known], tables)


def _homes(column: str, tables: Tables) -> Keyed:
    values = whole(tables.households[column])
    homes = np.flatnonzero(values >= 0)
    return _with_homes(values[homes], homes, tables)


def _of_people(tables: Tables, column: str) -> npt.NDArray[Any]:
    """A column of every person, or of their household; -1 where not known."""
    if column in tables.households.column_names:
        return np.asarray(whole(tables.households[column])[tables.household])
    return tables.person(column)


def _with_homes(keys: npt.NDArray[Any], homes: npt.NDArray[Any], tables: Tables) -> Keyed:
    """Keys mixed into the upper bits of one number each, the household in the lower ones."""
    of_home = _home_bits(tables)
    return keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> of_home << of_home | homes.astype(np.uint64)


def _home_bits(tables: Tables) -> np.uint64:
    return np.uint64(tables.total_households.bit_length())


def _pairs_of_members(tables: Tables) -> Keyed:
    """Every two members of a household of whom name and year are known, in households of common size."""
    name, year = tables.person("fold_id"), tables.person("birth_year")
    known = np.flatnonzero((name >= 0) & (year >= 0))
    who = name[known].astype(np.int64) * 4096 + year[known]
    home = tables.household[known]
    pairs = [np.empty(0, np.uint64)]
    for apart in range(1, _LARGEST):
        both = np.flatnonzero(home[apart:] == home[:-apart])
        one, other = who[both], who[both + apart]
        pair = np.minimum(one, other) * np.int64(1_000_003) ^ np.maximum(one, other) * np.int64(8_191)
        pairs.append(_with_homes(pair, home[both], tables))
    return np.concatenate(pairs)


def _sharing(keyed: Keyed, tables: Tables) -> Keys:
    """Every two households that share a key, as often as they share one: asked * listed households + listed.

    `listed` counts a household as often as its members have the key.
    """
    keyed.sort()
    of_home, listed_households = _home_bits(tables), np.uint64(tables.listed_households)
    home = (np.uint64(1) << of_home) - np.uint64(1)
    start = starts(keyed >> of_home)
    size = np.diff(start, append=len(keyed))
    # Listed households have the lower numbers, so they come first.
    listed = sums(keyed & home < listed_households, start)
    shared = np.flatnonzero((listed > 0) & (listed < size) & (listed <= MOST_SHARING))
    start, listed, asked = start[shared], listed[shared], (size - listed)[shared]
    ends = np.cumsum(listed * asked)
    pairs = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.int64)
    for some in np.split(np.arange(len(ends)), np.searchsorted(ends, np.arange(_AT_A_TIME, len(pairs), _AT_A_TIME))):
        group, place = positions((listed * asked)[some])
        of_listed, of_asked = np.divmod(place, asked[some][group])
        of_listed += start[some][group]
        of_asked += (start + listed)[some][group]
        pair = (keyed[of_asked] & home) * listed_households + (keyed[of_listed] & home)
        if len(some):
            pairs[ends[some[-1]] - len(pair) : ends[some[-1]]] = pair
    return pairs


def _by_interview(found: Keys, radix: int) -> Iterator[Keys]:
    """Pieces of what is found, all of an interview in one piece: an interview is the part above `radix`."""
    start = 0
    while start < len(found):
        last = found[min(start + _AT_A_TIME, len(found)) - 1]
        end = int(np.searchsorted(found, (last // radix + 1) * radix))
        yield found[start:end]
        start = end


def _summed(found: Keys, worth: list[int]) -> tuple[Keys, Keys]:
    """Every pair once, and the bits of all the keys that it shares."""
    start = starts(found // _RULES_AT_MOST)
    bits = sums(np.array(worth)[found % _RULES_AT_MOST], start)
    return found[start] // _RULES_AT_MOST, np.minimum(bits, _MOST_BITS)


def _ranked(group: Keys, bits: Keys, other: Keys, most: int) -> tuple[Keys, Keys]:
    """Of each group the `most` rows of the most bits, of equals those of the lowest `other`: group, other."""
    radix = int(other.max(initial=0)) + 1
    order = np.sort((group * (_MOST_BITS + 1) + _MOST_BITS - bits) * radix + other)
    of_group = order // radix // (_MOST_BITS + 1)
    _, place = positions(np.diff(starts(of_group), append=len(order)))
    kept = place < most
    return of_group[kept], order[kept] % radix
