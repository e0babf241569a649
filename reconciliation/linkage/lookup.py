"""One record at a time: where a list may hold the household just interviewed, and how likely each place is.

The caller keeps an index of keys of all listed households (`keys`, as keyed hashes where they are stored), looks up
the keys of the one asked, hands the hits to `promising`, and the few candidates that come out to `score_rows`. No
engine starts: it is plain Python, for a page that somebody waits for.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, TypeVar

from reconciliation.linkage import levels
from reconciliation.linkage.candidates import CODE_BITS, PAIR_BITS, PHONE_BITS, RULES
from reconciliation.linkage.candidates import MOST_SHARING as MOST_SHARING
from reconciliation.linkage.levels import Home, Person
from reconciliation.linkage.model import Model
from reconciliation.linkage.pairs import LEAST_WEIGHT

Row = Mapping[str, Any]
Household = TypeVar("Household", bound=Hashable)

_BITS = {rule.name: rule.bits for rule in RULES} | {"pair": PAIR_BITS, "phone": PHONE_BITS, "code": CODE_BITS}
KINDS = tuple(_BITS)
_CANDIDATES = 12
#: Members of a household that are paired.
_PAIRED = 12

_PEOPLE = (
    ("name", levels.name_level),
    ("birth", levels.birth_level),
    ("cccd", levels.cccd_level),
    ("sex", levels.sex_level),
    ("relation", levels.relation_level),
)
_HOUSEHOLDS = (("place", levels.place_level), ("phone", levels.phone_level), ("distance", levels.distance_level))


def keys(members: Iterable[Row], household: Row) -> list[tuple[str, str]]:
    """The keys (kind, text) by which a household is found, each once.

    members, household: rows with the columns of `Side`. A listed household has its own code among them, an
    interviewed one the code answered. The texts are personal data: store them as keyed hashes.
    """
    people = [Person.of(member) for member in members]
    home = Home.of(household)
    found: dict[tuple[str, str], None] = {}
    for person in people:
        found.update(dict.fromkeys(_person_keys(person, home)))
    known = [f"{one.name.fold} {one.year}" for one in people if one.name and one.year]
    for pair in combinations(sorted(known[:_PAIRED]), 2):
        found[("pair", "|".join(pair))] = None
    if home.phone:
        found[("phone", home.phone)] = None
    if home.code:
        found[("code", home.code)] = None
    return list(found)


def _person_keys(person: Person, home: Home) -> Iterable[tuple[str, str]]:
    if person.cccd:
        yield "cccd", person.cccd
    name, village, commune = person.name, home.village, home.commune
    date = f"{person.year} {person.day}" if person.year and person.day else ""
    if name and date:
        yield "name_birth", f"{name.fold}|{date}"
    if name and village:
        yield "name_village", f"{name.fold}|{village}"
    if date and commune:
        yield "birth_commune", f"{date}|{commune}"
    if name and person.year and commune:
        yield "core_year_commune", f"{name.core}|{person.year}|{commune}"


def promising(hits: Iterable[tuple[str, Household]]) -> list[Household]:
    """The households (of the hits: kind and household, one for each key found) worth scoring, the best first."""
    bits: Counter[Household] = Counter()
    for kind, household in hits:
        bits[household] += _BITS[kind]
    return [household for household, _ in bits.most_common(_CANDIDATES)]


def score_rows(
    household: Row,
    members: Iterable[Row],
    candidates: Iterable[tuple[str, Row, Iterable[Row]]],
    model: Model,
    *,
    listed_households: int | None = None,
) -> list[tuple[str, float, int]]:
    """How likely each candidate is the household asked: (code, weight, members who agree), the likeliest first.

    household, members: the one asked. candidates: code, household and members of each, some of a list of
    `listed_households` (as many as the model was trained on, where not given). The weight is in bits, as of `link`,
    but without what other interviews would explain.
    """
    asked_home, asked = Home.of(household), [Person.of(row) for row in members]
    prior = -math.log2(max(listed_households or model.rows["registry_households"], 2))
    found = []
    for code, row, people in candidates:
        listed, listed_home = [Person.of(member) for member in people], Home.of(row)
        people_weight, agree = _people_weight(listed, asked, model)
        absent = model.absence.listed * (len(listed) - agree) + model.absence.asked * (len(asked) - agree)
        home = sum((model.weight(name, level(listed_home, asked_home)) for name, level in _HOUSEHOLDS), 0.0)
        home += model.weight("code", levels.code_level(code, asked_home))
        found.append((code, round(prior + people_weight + home + absent, 3), agree))
    return sorted(found, key=lambda one: (-one[1], one[0]))


def _people_weight(listed: Sequence[Person], asked: Sequence[Person], model: Model) -> tuple[float, int]:
    """Sum of the weights of members one to one, the best first, and how many they are."""
    pairs = sorted(
        ((person_weight(a, b, model), i, j) for i, a in enumerate(listed) for j, b in enumerate(asked)),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    total = 0.0
    taken_listed: set[int] = set()
    taken_asked: set[int] = set()
    for weight, i, j in pairs:
        if weight < LEAST_WEIGHT:
            break
        if i not in taken_listed and j not in taken_asked:
            taken_listed.add(i)
            taken_asked.add(j)
            total += weight
    return total, len(taken_listed)


def person_weight(listed: Person, asked: Person, model: Model) -> float:
    """Bits of two people being the same, as Splink sums them."""
    total = 0.0
    for comparison, level_of in _PEOPLE:
        level = level_of(listed, asked)
        total += model.weight(comparison, level)
        if comparison == "name" and listed.name and asked.name and level >= 3:
            by = "core" if level == 3 else "fold"
            share = max(model.name_share(getattr(one.name, by)) for one in (listed, asked))
            total += math.log2(model.shares["name"][level][1] / share)
    return total
