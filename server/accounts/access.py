"""What a person may see, and what a person may act on: one function each, one table of rules.

    scope = readable(actor, Entity.INTERVIEWS, purpose)
    select(Interview).where(scope.where(Interview))

Every query on a table with personal data (`__personal__ = True`) takes a scope or an actor and uses it; the linter
in `tests/lint` fails the build otherwise. A scope is nothing until it is turned into a condition for a table, by the
columns `province_code`, `commune_code`, `village_id`, `enumerator` that the table has; what cannot be decided by a
table's columns is not shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, and_, exists, false, literal, or_, select, true
from sqlalchemy.orm import Session

from server.accounts.actor import Actor, AreaKind, Grant, Role
from server.accounts.tables import AreaCommune, Conflict
from server.linkage.tables import Link


class Entity(StrEnum):
    """Kinds of things that are read. A token needs the scope `<entity>:read`."""

    INTERVIEWS = "interviews"  # submissions, interviews, flags, attachments, review decisions
    MEMBERS = "members"
    REGISTRY = "registry"  # households on the list of past years, and their members
    LINKS = "links"
    CASES = "cases"
    AGGREGATES = "aggregates"  # counts and rates by unit: no personal data
    PROGRESS = "progress"  # counts by enumerator and day
    AUDIT = "audit"
    ACCOUNTS = "accounts"
    JOBS = "jobs"
    ROUNDS = "rounds"  # rounds with their deadlines: no personal data


class Action(StrEnum):
    """Kinds of things that are done to a household's papers. A token needs the scope `<action>:write`."""

    REVIEW = "review"
    LINK = "link"
    DECIDE = "decide"
    PREPARE = "prepare"  # rounds, deadlines, resident figures


class _Reach(Enum):
    OWN = auto()  # own interviews within the area
    AREA = auto()
    AREA_WITH_PURPOSE = auto()
    ALL = auto()


_PERSONAL = {
    Role.SUPERVISOR: _Reach.AREA,
    Role.CLERK: _Reach.AREA,
    Role.COMMUNE_LEADER: _Reach.AREA,
    Role.PROVINCE_OFFICER: _Reach.AREA_WITH_PURPOSE,
}
_OWN_TOO = {**_PERSONAL, Role.ENUMERATOR: _Reach.OWN}

#: Who reads what. A role that is not named for an entity sees none of it.
READS: dict[Entity, dict[Role, _Reach]] = {
    Entity.INTERVIEWS: _OWN_TOO,
    Entity.MEMBERS: _OWN_TOO,
    Entity.REGISTRY: _PERSONAL,
    Entity.LINKS: _PERSONAL,
    Entity.CASES: _PERSONAL,
    Entity.AGGREGATES: {
        Role.SUPERVISOR: _Reach.AREA,
        Role.CLERK: _Reach.AREA,
        Role.PLANNER: _Reach.AREA,
        Role.COMMUNE_LEADER: _Reach.AREA,
        Role.PROVINCE_OFFICER: _Reach.AREA,
    },
    Entity.PROGRESS: {
        Role.ENUMERATOR: _Reach.OWN,
        Role.SUPERVISOR: _Reach.AREA,
        Role.COMMUNE_LEADER: _Reach.AREA,
        Role.PROVINCE_OFFICER: _Reach.AREA,
    },
    # The log holds ids and keyed hashes only.
    Entity.AUDIT: {Role.ADMINISTRATOR: _Reach.ALL, Role.PROVINCE_OFFICER: _Reach.ALL},
    Entity.ACCOUNTS: {Role.ADMINISTRATOR: _Reach.ALL},
    Entity.JOBS: {Role.ADMINISTRATOR: _Reach.ALL},
    Entity.ROUNDS: dict.fromkeys((*_PERSONAL, Role.PLANNER, Role.ADMINISTRATOR), _Reach.AREA),
}

#: Who acts on what.
ACTS: dict[Action, dict[Role, _Reach]] = {
    Action.REVIEW: {Role.SUPERVISOR: _Reach.AREA},
    Action.LINK: {Role.CLERK: _Reach.AREA},
    Action.DECIDE: {Role.COMMUNE_LEADER: _Reach.AREA},
    Action.PREPARE: {Role.PROVINCE_OFFICER: _Reach.AREA, Role.ADMINISTRATOR: _Reach.AREA},
}

#: Every scope a token may be given.
TOKEN_SCOPES = frozenset({f"{e.value}:read" for e in Entity} | {f"{a.value}:write" for a in Action})


@dataclass(frozen=True)
class Part:
    """One area of a scope; `enumerator` narrows it to one person's own interviews."""

    area_kind: AreaKind
    area_code: str
    enumerator: str | None = None


@dataclass(frozen=True)
class Scope:
    """A set of rows that may be read or acted on. Made by `readable`, `permitted` and `system_scope` only."""

    parts: tuple[Part, ...] = ()
    everything: bool = False
    #: The person who must neither have taken the interview nor declared a conflict with it.
    impartial: Actor | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all can be seen: no role for it, no area, or no purpose given."""
        return not self.everything and not self.parts

    def where(self, table: Any) -> ColumnElement[bool]:
        """The condition on `table` (a mapped class, alias, table or subquery)."""
        within: ColumnElement[bool] = (
            true() if self.everything else or_(false(), *(_condition(part, table) for part in self.parts))
        )
        return within if self.impartial is None else and_(within, *_impartial(self.impartial, table))


def readable(actor: Actor, entity: Entity, purpose: str | None = None) -> Scope:
    """What `actor` may see of `entity`. `purpose` is one of `server.audit.service.Purpose`.

    Nothing at all for a role that is not meant to, a token without the scope, or a province's officer without a
    purpose.
    """
    if not actor.allows(f"{entity.value}:read"):
        return Scope()
    return _scope(actor, READS[entity], purpose)


def reads(actor: Actor, entity: Entity) -> bool:
    """Whether some role of the actor reads `entity` somewhere (perhaps with a purpose only), and the token may."""
    return actor.allows(f"{entity.value}:read") and actor.has(*READS[entity])


def needs_purpose(actor: Actor, entity: Entity) -> bool:
    """Whether `actor` sees something of `entity` with a purpose only: who reads on other grounds too is not asked."""
    return reads(actor, entity) and readable(actor, entity).is_empty


def home_of(actor: Actor) -> str:
    """The page where this person's work begins."""
    on_map = any(
        grant.role in READS[Entity.AGGREGATES] and grant.area_kind is not AreaKind.VILLAGE for grant in actor.grants
    )
    if on_map and reads(actor, Entity.AGGREGATES):
        return "/"
    if reads(actor, Entity.INTERVIEWS):
        return "/interviews"
    return "/admin/users" if reads(actor, Entity.ACCOUNTS) else "/account"


def permitted(actor: Actor, action: Action) -> Scope:
    """What `actor` may act on. Nobody reviews an own interview, or a household with a declared conflict."""
    if not actor.allows(f"{action.value}:write"):
        return Scope()
    scope = _scope(actor, ACTS[action], None)
    return Scope(scope.parts, scope.everything, impartial=actor) if action is Action.REVIEW else scope


def readable_to_act(actor: Actor, action: Action, entity: Entity, purpose: str | None = None) -> Scope:
    """What `actor` reads where there is something to decide: who decides reads that alone, everyone else what they may
    read of `entity`."""
    decides = permitted(actor, action)
    return readable(actor, entity, purpose) if decides.is_empty else decides


def system_scope(reason: str) -> Scope:
    """Everything, handed to a query by the service's own work; never for a request (the linter looks for it in
    routes). `reason` says in a word which work that is."""
    if not reason:
        raise ValueError("work on everything needs a reason")
    return Scope(everything=True)


F = TypeVar("F", bound=Callable[..., Any])


def system_work(reason: str) -> Callable[[F], F]:
    """Mark a function as the service's own work on everyone's data (deriving, syncing, importing, backing up).

    Such a function is exempt from the linter; it may stand neither in `queries.py`, where requests read, nor be
    called from routes. `reason` says in a word which work that is.
    """
    if not reason:
        raise ValueError("work on everything needs a reason")

    def mark(function: F) -> F:
        return function

    return mark


class Reviewable(Protocol):
    """What `may_review` needs to know of an interview."""

    @property
    def interview_id(self) -> str: ...
    @property
    def household_code(self) -> str | None: ...
    @property
    def province_code(self) -> str | None: ...
    @property
    def commune_code(self) -> str | None: ...
    @property
    def village_id(self) -> str | None: ...
    @property
    def enumerator(self) -> str | None: ...


def may_review(session: Session, actor: Actor, interview: Reviewable) -> bool:
    """Whether `actor` may review this interview: the rule of `permitted`, asked for one."""
    columns = ("interview_id", "household_code", "province_code", "commune_code", "village_id", "enumerator")
    one = select(*(literal(getattr(interview, name)).label(name) for name in columns)).subquery()
    found = session.scalars(select(one.c.interview_id).where(permitted(actor, Action.REVIEW).where(one)))
    return found.one_or_none() is not None


def _scope(actor: Actor, rules: dict[Role, _Reach], purpose: str | None) -> Scope:
    parts: list[Part] = []
    for grant in actor.grants:
        reach = rules.get(grant.role)
        if reach is _Reach.ALL:
            return Scope(everything=True)
        if reach is _Reach.AREA or (reach is _Reach.AREA_WITH_PURPOSE and purpose):
            parts.append(_part(grant))
        elif reach is _Reach.OWN and actor.enumerator:
            parts.append(_part(grant, actor.enumerator))
    return Scope(tuple(dict.fromkeys(parts)))


def _part(grant: Grant, enumerator: str | None = None) -> Part:
    return Part(grant.area_kind, grant.area_code, enumerator)


def _condition(part: Part, table: Any) -> ColumnElement[bool]:
    area = _area_condition(part, table)
    if part.enumerator is None:
        return area
    own = _column(table, "enumerator")
    return false() if own is None else and_(area, own == part.enumerator)


def _area_condition(part: Part, table: Any) -> ColumnElement[bool]:
    if part.area_kind is AreaKind.VILLAGE:
        village = _column(table, "village_id")
        return false() if village is None else village == part.area_code
    if part.area_kind is AreaKind.PROVINCE:
        # By its own column where there is one: an interview without a commune is the province's to mend.
        province = _column(table, "province_code")
        if province is not None:
            return province == part.area_code
    commune = _column(table, "commune_code")
    if commune is None:
        return false()
    if part.area_kind is AreaKind.COMMUNE:
        return commune == part.area_code
    return commune.in_(
        select(AreaCommune.commune_code).where(
            AreaCommune.area_kind == part.area_kind.value, AreaCommune.area_code == part.area_code
        )
    )


def _impartial(actor: Actor, table: Any) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if actor.enumerator is not None:
        own = _column(table, "enumerator")
        conditions.append(false() if own is None else or_(own.is_(None), own != actor.enumerator))
    for kind, name in (("interview", "interview_id"), ("household", "household_code")):
        column = _column(table, name)
        if column is None:
            conditions.append(false())
            continue
        mine = exists().where(Conflict.user_id == actor.user_id, Conflict.kind == kind)
        conditions.append(~mine.where(Conflict.reference == column).correlate_except(Conflict))
        if kind == "interview":
            # The household that it was linked with, whatever code was answered; a doubtful link counts too.
            linked = exists().where(
                Link.interview_id == column,
                Link.household_code == Conflict.reference,
                Link.status != "apart",
                Conflict.user_id == actor.user_id,
                Conflict.kind == "household",
            )
            conditions.append(~linked.correlate_except(Link, Conflict))
    return conditions


def _column(table: Any, name: str) -> ColumnElement[Any] | None:
    columns = getattr(table, "c", table)  # a table or subquery keeps them in `c`, a mapped class on itself
    column: ColumnElement[Any] | None = getattr(columns, name, None)
    return column
