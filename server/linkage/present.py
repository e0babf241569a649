"""A pair in words, with members side by side and what each comparison weighed: contexts of the templates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from server.accounts.access import Scope
from server.cases import service as cases
from server.cases.service import Person
from server.cases.tables import Interview
from server.linkage import keys, models, queries
from server.linkage.models import Bar
from server.linkage.queries import Sides
from server.linkage.tables import AbsenceDecision
from server.registry import service as registry
from server.registry.tables import RegistryHousehold
from server.rounds import service as rounds
from server.units import service as units
from server.units.tables import Village
from server.web import formats, words
from server.web.language import Language

_EARTH_KM = 6371.0


def pair(session: Session, of: Sides, scope: Scope, language: Language, *, reveal: bool = False) -> dict[str, Any]:
    """Everything that the desk tells of a pair. reveal: personal numbers and telephones in full."""
    household = cases.open_households(session, [of.interview])[0]
    interviewed, listed = people_of(session, of, scope)
    head, phone = registry.listed_texts(session, [of.household])[0]
    village = session.get(Village, of.household.village_id) if of.household.village_id else None
    places = _places(session, of.link.round_id, [of.interview], [of.household], language)
    here = (household.latitude, household.longitude)
    there = (None, None) if village is None else (village.latitude, village.longitude)
    home, told = models.explain(session, of.link, language)
    every = [home, *told.values()]
    return {
        "link": of.link,
        "version": of.interview.version_id,
        "registry": {
            "head": head,
            "code": of.household.household_code,
            "year": of.household.year,
            "class": of.household.status,
            "village": places[of.household.village_id] or of.household.village_name,
            "commune": places[of.household.commune_code],
        },
        "interview": {
            "id": of.interview.interview_id,
            "head": household.head_name,
            "class": of.interview.proposed_class,
            "village": places[of.interview.village_id],
            "commune": places[of.interview.commune_code],
            "enumerator": of.interview.enumerator,
            "visited": of.interview.visited_at,
            "outcome": of.interview.outcome,
        },
        "same_village": of.household.village_id is not None and of.household.village_id == of.interview.village_id,
        "same_commune": of.household.commune_code == of.interview.commune_code,
        "phones": compare_numbers(phone, household.answer("phone"), reveal=reveal),
        "distance_km": distance_km(here, there),
        "home": home,
        "people": align(of.link.evidence.get("people", []), listed, interviewed, told, language, reveal=reveal),
        "reach": max([1.0, abs(of.link.weight), *(abs(bar.weight) for bars in every for bar in bars)]),
        "related": [
            {
                "pair": other.pair,
                "same_interview": other.interview.interview_id == of.interview.interview_id,
                "head": name,
                "kind": other.link.kind,
                "status": other.link.status,
            }
            for other, name in _related(session, of, scope)
        ],
    }


def align(
    evidence: Sequence[dict[str, Any]],
    listed: dict[int, dict[str, Any]],
    interviewed: dict[int, Person],
    told: dict[tuple[int, int], list[Bar]],
    language: Language,
    *,
    reveal: bool = False,
) -> list[dict[str, Any]]:
    """Members side by side: those that resemble each other, the best first; then everyone without a partner.

    evidence: of people, as stored with the link. listed, interviewed: members by number. told: what each comparison
    of two members weighed, by their numbers (interview, registry). A member stands in one row only.
    """
    rows: list[dict[str, Any]] = []
    left, right = dict(listed), dict(interviewed)
    for one in sorted(evidence, key=lambda one: -one["weight"]):
        mine, theirs = one["member_no"], one["registry_member_no"]
        if mine in right and theirs in left:
            bars = told.get((mine, theirs), [])
            row = _row(left.pop(theirs), right.pop(mine), language, reveal=reveal)
            rows.append(row | {"weight": one["weight"], "bars": bars})
    rows += [_row(person, None, language, reveal=reveal) for _, person in sorted(left.items())]
    rows += [_row(None, person, language, reveal=reveal) for _, person in sorted(right.items())]
    return rows


def _row(
    listed: dict[str, Any] | None, interviewed: Person | None, language: Language, *, reveal: bool
) -> dict[str, Any]:
    mine = None if interviewed is None else vars(interviewed)
    numbers = compare_numbers(
        None if listed is None else listed["cccd"], None if mine is None else mine["cccd"], reveal=reveal
    )
    return {
        "registry": None if listed is None else words.person(listed, numbers[0], language),
        "interview": None if mine is None else words.person(mine, numbers[1], language),
        "weight": None,
        "bars": [],
    }


def compare_numbers(
    left: Any, right: Any, *, reveal: bool = False
) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Two numbers as (piece, whether it differs), masked unless revealed: differing digits are marked all the same.

    Numbers of different lengths (a CMND of nine digits, a CCCD of twelve) differ as a whole, and nothing is marked.

    >>> compare_numbers("033080001234", "033080001235")[0]
    [('033•••••••3', False), ('4', True)]
    """
    shown = formats.whole if reveal else formats.mask
    texts = [shown(number) for number in (left, right)]
    if left is None or right is None or len(str(left)) != len(str(right)):
        return [(texts[0], False)], [(texts[1], False)]
    differs = [one != other for one, other in zip(str(left), str(right), strict=True)]
    return _pieces(texts[0], differs), _pieces(texts[1], differs)


def _pieces(text: str, differs: Sequence[bool]) -> list[tuple[str, bool]]:
    pieces: list[tuple[str, bool]] = []
    for letter, marked in zip(text, differs, strict=True):
        if pieces and pieces[-1][1] == marked:
            pieces[-1] = (pieces[-1][0] + letter, marked)
        else:
            pieces.append((letter, marked))
    return pieces


def distance_km(one: tuple[float | None, float | None], other: tuple[float | None, float | None]) -> float | None:
    """Great-circle kilometres between two points (latitude, longitude in degrees); None where one is not known.

    >>> round(distance_km((20.5, 106.0), (20.5, 106.1)), 1)
    10.4
    """
    if one[0] is None or one[1] is None or other[0] is None or other[1] is None:
        return None
    a, b = math.radians(one[0]), math.radians(other[0])
    across = math.radians(other[1] - one[1])
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(across / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))


def nearest(session: Session, of: Interview, scope: Scope, language: Language) -> list[dict[str, Any]]:
    """The listed households that an interview on no list resembles most, in words."""
    found = keys.candidates(session, of, scope)
    households = [one.household for one in found]
    places = _places(session, of.round_id, [], households, language)
    return [
        {
            "code": one.household.household_code,
            "head": head,
            "class": one.household.status,
            "village": places[one.household.village_id] or one.household.village_name,
            "members": one.household.member_count,
            "agree": one.agree,
            "weight": one.weight,
        }
        for one, (head, _phone) in zip(found, registry.listed_texts(session, households), strict=True)
    ]


def missing(
    session: Session,
    round_id: str,
    rows: Sequence[tuple[RegistryHousehold, AbsenceDecision | None]],
    visits: dict[str, Interview],
    reader: str,
    language: Language,
) -> list[dict[str, Any]]:
    """Lines of the listed households that were not found."""
    households = [household for household, _ in rows]
    places = _places(session, round_id, [], households, language)
    heads = [head for head, _ in registry.listed_texts(session, households)]
    return [
        {
            "code": household.household_code,
            "head": head,
            "class": household.status,
            "village": places[household.village_id] or household.village_name,
            "commune": places[household.commune_code],
            "members": household.member_count,
            "visit": visits.get(household.household_code),
            "decision": decision,
            "is_own": decision is not None and decision.reader == reader,
        }
        for (household, decision), head in zip(rows, heads, strict=True)
    ]


def people_of(session: Session, of: Sides, scope: Scope) -> tuple[dict[int, Person], dict[int, dict[str, Any]]]:
    """Members of both sides of a pair by number, opened; of an erased household none."""
    interviewed = cases.members_of(session, of.interview.interview_id, scope)
    persons = {
        member.member_no: person
        for member, person in zip(interviewed, cases.open_people(session, interviewed), strict=True)
        if person is not None
    }
    return persons, registry.listed_people(session, of.household, scope)


def _related(session: Session, of: Sides, scope: Scope) -> list[tuple[Sides, str | None]]:
    """Other pairs with the name of the head that the pair at hand does not show."""
    found = queries.related(session, of.link, scope)
    heads = cases.open_heads(session, [(one.interview.interview_id, one.interview.head_name) for one in found])
    listed = [head for head, _ in registry.listed_texts(session, [one.household for one in found])]
    return [
        (one, on_list if one.interview.interview_id == of.interview.interview_id else head)
        for one, head, on_list in zip(found, heads, listed, strict=True)
    ]


class _Names(dict[str | None, str | None]):
    """Names by id; None for what is not known."""

    def __missing__(self, key: str | None) -> None:
        return None


def _places(
    session: Session,
    round_id: str,
    interviews: Sequence[Interview],
    listed: Sequence[RegistryHousehold],
    language: Language,
) -> _Names:
    """What to call the villages and communes of some households, by id and code."""
    sides: list[Interview | RegistryHousehold] = [*interviews, *listed]
    names = _Names(
        units.village_labels(session, {one.village_id for one in sides if one.village_id is not None}, language)
    )
    codes = {one.commune_code for one in sides if one.commune_code is not None}
    names.update(units.commune_names(session, codes, rounds.get(session, round_id).unit_vintage))
    return names
