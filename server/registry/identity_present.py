"""Whose is it, in words: a question with its sides, one household over the years, what undoing would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from reconciliation.movement_forms import COUNTED
from server.accounts.access import Action, Entity, Scope, permitted, readable
from server.accounts.actor import Actor
from server.accounts.service import usernames
from server.audit.service import SYSTEM
from server.cases import service as cases
from server.cases.tables import Interview
from server.errors import NotFoundError
from server.registry import queries
from server.registry.appearances import rows, within
from server.registry.deciding import consequences_of
from server.registry.identity import ERASED, appearances_of, days_of, events_of, load_events_around
from server.registry.present import HEADINGS, STATUSES, why
from server.registry.questions import Waiting
from server.registry.sealed import listed_people, listed_texts
from server.registry.tables import IdentityEvent, Movement, OfficialDecision, RegistryHousehold
from server.rounds.tables import Round
from server.units import service as units
from server.web import formats, words
from server.web.language import Language, gettext, mark

if TYPE_CHECKING:
    from reconciliation.identity import Appearance

#: What a person may undo on the page of a household (`reconciliation.identity.undo`).
UNDOABLE = ("linked", "split", "merged")
_SAID = {
    "opened": mark("%(this)s: được cấp mã hộ này."),
    "linked": mark("%(this)s là hộ này, như %(other)s."),
    "split": mark("Tách hộ: %(this)s ra khỏi hộ của %(other)s."),
    "merged": mark("Nhập hộ: hộ của %(this)s nay ở trong hộ của %(other)s."),
    "closed": mark("%(this)s: không còn ở đây (%(why)s)."),
    "reopened": mark("%(this)s: trở lại."),
    "arrived": mark("%(this)s: chuyển đến, nơi cũ đã công nhận hộ nghèo hoặc hộ cận nghèo."),
}
_ENDS = {"death": mark("đã chết"), "move": mark("chuyển đi"), "other": mark("lý do khác")}
_UNDONE = {
    "wrong": mark("ghi sai"),
    "decided": mark("có người quyết định lại"),
    "taken_back": mark("người ghi lấy lại"),
    "withdrawn": mark("lần đối chiếu sau không thấy như vậy nữa"),
}


def question(session: Session, of: Waiting, on: date, scope: Scope, language: Language) -> dict[str, Any]:
    """Everything that the page tells of a question: the appearances asked about, and the households concerned as each
    was seen last. on: the day whose communes are named."""
    found = rows(session, of.question.province_code, [*of.asked, *of.households.values()], scope)
    told = _sides(session, found, on, scope, language)
    asked = [told[one] for one in of.asked if one in told]
    households = [told[one] | {"household_id": of_id} for of_id, one in of.households.items() if one in told]
    keeper = of.question.kind == "keeper"
    choices = [(one["code"] if keeper else one["household_id"], one) for one in (asked if keeper else households)]
    return {"kind": of.question.kind, "key": of.key, "asked": asked, "households": households, "choices": choices}


def household(
    session: Session, actor: Actor, of: Round, household_id: str, purpose: str | None, language: Language
) -> dict[str, Any]:
    """Everything that the page tells of a household, as far as it lies in the reader's areas.

    Raises `NotFoundError` where no appearance of it does: the same as for a household that does not exist.
    """
    from reconciliation.identity import Appearance, fold

    scope = readable(actor, Entity.REGISTRY, purpose)
    held = appearances_of(session, of.province_code, [household_id])[household_id]
    found = rows(session, of.province_code, held, scope)
    if not found:
        raise NotFoundError(
            "household_unknown",
            "Không có hộ này trong địa bàn của bạn.",
            "There is no such household in your area.",
        )
    days = days_of(session, {one.source for one in held})
    state = fold(load_events_around(session, of.province_code, held))
    known = state.households[household_id]
    events = events_of(session, of.province_code, household_id)
    spoken = {Appearance(one.source, one.code) for one in events}
    mine = within(session, of.province_code, spoken, permitted(actor, Action.LINK))
    last = max(found, key=lambda one: (days[one.source], one))
    told = _sides(session, found, of.unit_vintage, scope, language, people={last})
    first = min(held, key=lambda one: (days[one.source], one))
    return {
        "household": known,
        "last": told[last],
        "years": [
            {"day": days[one.source], "source": source_name(one.source, language), "seen": told.get(one)}
            for one in sorted(held, key=lambda one: (days[one.source], one))
            if not one.code.startswith(ERASED)
        ],
        "movements": [_movement(one, language) for one in queries.movements_of(session, household_id, scope)],
        "events": _events(session, events, mine, language),
        "came": known.arrived_on,
        # Who says so must be able to link the household; once said it can be taken back.
        "may_say_came": first in mine and (known.arrived_on is not None or state.is_newcomer(household_id)),
        "first": first,
    }


def undoing(session: Session, event: IdentityEvent, language: Language) -> dict[str, Any]:
    """What undoing an event would change, in words. Raises `UserError` where it cannot be undone."""
    _, told = consequences_of(session, event.event_id)
    return {
        "event": event,
        "said": _said(event, language),
        "moved": [(appearance_name(one, language), was, now) for one, was, now in told.moved],
        "origins": told.origins,
        "statuses": told.statuses,
        "sources": [source_name(one, language) for one in told.sources],
    }


def source_name(source: str, language: Language) -> str:
    """What to call a source: the list of a year, or the interviews of a round."""
    kind, _, name = source.partition("/")
    text = mark("Danh sách năm %(name)s") if kind == "list" else mark("Phiếu đợt %(name)s")
    return gettext(language, text) % {"name": name}


def appearance_name(appearance: Appearance, language: Language) -> str:
    """What to call a line of a list, or an interview."""
    source, code = appearance
    name = source_name(source, language)
    if code.startswith(ERASED):
        return gettext(language, mark("%(source)s (đã xóa)")) % {"source": name}
    # Of an interview's id the beginning tells it from others; the whole stands in the address of its page.
    short = code if source.startswith("list/") else code.removeprefix("uuid:")[:8]
    return f"{name} ({short})"


def _sides(
    session: Session,
    found: Mapping[Appearance, RegistryHousehold | Interview],
    on: date,
    scope: Scope,
    language: Language,
    people: Iterable[Appearance] | None = None,
) -> dict[Appearance, dict[str, Any]]:
    """Rows in words, by appearance. people: of which the members are told; None: of all."""
    villages = units.village_labels(session, {one.village_id for one in found.values() if one.village_id}, language)
    communes = units.commune_names(session, {one.commune_code for one in found.values() if one.commune_code}, on)
    interviews = {one.interview_id: one for one in found.values() if isinstance(one, Interview)}
    heads = cases.open_heads(session, [(one.interview_id, one.head_name) for one in interviews.values()])
    named = dict(zip(interviews, heads, strict=True))
    decisions = {
        one.interview_id: one
        for one in session.scalars(select(OfficialDecision).where(OfficialDecision.interview_id.in_(interviews)))
    }
    opened = set(found if people is None else people)
    sides = {}
    for appearance, row in found.items():
        if isinstance(row, RegistryHousehold):
            own = {
                "interview_id": None,
                "head": listed_texts(session, [row])[0][0],
                "class": row.status,
                "official": True,
                "number": None,
                "village": villages.get(row.village_id or "") or row.village_name,
            }
        else:
            decision = decisions.get(row.interview_id)
            own = {
                "interview_id": row.interview_id,
                "head": named[row.interview_id],
                "class": row.proposed_class if decision is None else decision.decided_class,
                "official": decision is not None,
                "number": None if decision is None else decision.decision_number,
                "village": villages.get(row.village_id or ""),
            }
        sides[appearance] = own | {
            "household_id": None,
            "source": source_name(appearance.source, language),
            "code": appearance.code,
            "commune": communes.get(row.commune_code or ""),
            "size": row.member_count,
            "people": _people(session, row, scope, language) if appearance in opened else [],
        }
    return sides


def _people(
    session: Session, row: RegistryHousehold | Interview, scope: Scope, language: Language
) -> list[dict[str, Any]]:
    """Members in their order, personal numbers masked; of an erased household none."""
    if isinstance(row, RegistryHousehold):
        members: Sequence[dict[str, Any]] = list(listed_people(session, row, scope).values())
    else:
        sealed = cases.members_of(session, row.interview_id, scope)
        members = [vars(one) for one in cases.open_people(session, sealed) if one is not None]
    return [words.person(one, [(formats.mask(one["cccd"]), False)], language) for one in members]


def _movement(of: Movement, language: Language) -> dict[str, Any]:
    """How a round counts the household: from which status to which, and in which column of forms 2 and 3."""
    columns = [
        (number, HEADINGS[name][column])
        for name in HEADINGS
        for number, column in enumerate(HEADINGS[name], start=1)
        if COUNTED[name].get(of.movement) == column
    ]
    return {
        "round_id": of.round_id,
        "previous": gettext(language, STATUSES[of.previous]),
        "current": gettext(language, STATUSES[of.current]),
        "columns": [(number, gettext(language, heading)) for number, heading in columns],
        "why": why(of.waiting, of.cause, of.earlier_year, language),
        "provisional": of.provisional,
    }


def _events(
    session: Session, events: Sequence[IdentityEvent], mine: set[Appearance], language: Language
) -> list[dict[str, Any]]:
    """The log of a household in words; mine: the appearances of which the reader may undo something."""
    from reconciliation.identity import Appearance

    names = usernames(session, {one.made_by for one in events})
    by_id = {one.event_id: one for one in events}
    undone = {one.undoes for one in events}
    lines = []
    for one in events:
        of = by_id.get(one.undoes or 0)
        standing = one.event_id not in undone
        lines.append(
            {
                "event_id": one.event_id,
                "holds_from": one.holds_from,
                "said": _said(one if of is None else of, language),
                "undoes": one.kind == "undone",
                "why": gettext(language, _UNDONE[one.reason]) if one.reason in _UNDONE and of is not None else None,
                "standing": standing,
                "by": names.get(one.made_by) or (None if one.made_by == SYSTEM else one.made_by),
                "at": one.made_at,
                "may_undo": standing and one.kind in UNDOABLE and Appearance(one.source, one.code) in mine,
            }
        )
    return lines


def _said(event: IdentityEvent, language: Language) -> str:
    from reconciliation.identity import Appearance

    other = ""
    if event.via_source is not None and event.via_code is not None:
        other = appearance_name(Appearance(event.via_source, event.via_code), language)
    end = _ENDS.get(event.reason or "", _ENDS["other"])
    return gettext(language, _SAID[event.kind]) % {
        "this": appearance_name(Appearance(event.source, event.code), language),
        "other": other,
        "why": gettext(language, end),
    }
