"""What each role sees and may act on, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column

from server.accounts.access import (
    ACTS,
    READS,
    TOKEN_SCOPES,
    Action,
    Entity,
    Scope,
    may_review,
    permitted,
    readable,
    readable_to_act,
    system_scope,
)
from server.accounts.actor import Actor, AreaKind, Grant, Role
from server.accounts.queries import replace_area_communes
from server.accounts.tables import AreaCommune, Conflict, User
from server.database import Base, Database
from server.linkage.tables import Link
from server.rounds.tables import Round


class Own(DeclarativeBase):
    """Tables of this test only: not part of the service's metadata."""


class Paper(Own):
    """The columns by which access is decided, as interviews have them."""

    __tablename__ = "papers"

    interview_id: Mapped[str] = mapped_column(primary_key=True)
    household_code: Mapped[str | None]
    province_code: Mapped[str]
    commune_code: Mapped[str | None]
    village_id: Mapped[str | None]
    enumerator: Mapped[str | None]


class Total(Own):
    """A table with communes only, as aggregates are."""

    __tablename__ = "totals"

    commune_code: Mapped[str] = mapped_column(primary_key=True)


@dataclass(frozen=True)
class Row:
    interview_id: str
    household_code: str | None
    province_code: str
    commune_code: str | None
    village_id: str | None
    enumerator: str | None


ROWS = [
    Row("i1", "h1", "33", "12001", "v1", "lan"),
    Row("i2", "h2", "33", "12001", "v2", "minh"),
    Row("i3", None, "33", "12002", "v3", "lan"),
    Row("i4", "h4", "33", "12003", None, None),
    Row("i5", "h5", "33", None, None, "lan"),  # no commune: the province's to mend
    Row("i6", "h6", "34", "13001", "v9", "lan"),  # another province
]
#: Former district 323: two communes of today.
DISTRICT = {"323": {"12001", "12002"}}


@pytest.fixture
def database(any_database: Database) -> Database:
    tables = [model.__table__ for model in (User, AreaCommune, Conflict, Round, Link)]
    Base.metadata.create_all(any_database.engine, tables=tables)
    Own.metadata.create_all(any_database.engine)
    with any_database.session() as session:
        session.add_all(Paper(**vars(row)) for row in ROWS)
        session.add_all(Total(commune_code=code) for code in ("12001", "12002", "12003", "13001"))
        pairs = [(area, commune) for area, communes in DISTRICT.items() for commune in communes]
        replace_area_communes(session, AreaKind.FORMER_DISTRICT, pairs)
        replace_area_communes(session, AreaKind.PROVINCE, [("33", "12001"), ("33", "12002"), ("33", "12003")])
    return any_database


def person(*grants: Grant, enumerator: str | None = None, scopes: frozenset[str] | None = None) -> Actor:
    return Actor("u1", grants, "u1", enumerator, scopes)


def in_area(role: Role, kind: AreaKind, code: str) -> Grant:
    return Grant(role, kind, code)


@pytest.fixture
def seen(database: Database) -> Callable[..., set[str]]:
    def seen(scope: Scope, table: type[Own] = Paper) -> set[str]:
        with database.session() as session:
            key = table.__mapper__.primary_key[0]
            return set(session.scalars(select(key).where(scope.where(table))))

    return seen


def test_each_kind_of_area_shows_its_own_papers(seen: Callable[..., set[str]]) -> None:
    def of(kind: AreaKind, code: str) -> set[str]:
        return seen(readable(person(in_area(Role.SUPERVISOR, kind, code)), Entity.INTERVIEWS))

    assert of(AreaKind.VILLAGE, "v1") == {"i1"}
    assert of(AreaKind.COMMUNE, "12001") == {"i1", "i2"}
    assert of(AreaKind.FORMER_DISTRICT, "323") == {"i1", "i2", "i3"}
    assert of(AreaKind.PROVINCE, "33") == {"i1", "i2", "i3", "i4", "i5"}
    assert of(AreaKind.COMMUNE, "99999") == set()
    assert of(AreaKind.PROVINCE, "12001") == set(), "a code counts in its own kind only"


def test_areas_add_up(seen: Callable[..., set[str]]) -> None:
    actor = person(in_area(Role.SUPERVISOR, AreaKind.VILLAGE, "v1"), in_area(Role.CLERK, AreaKind.COMMUNE, "12003"))
    assert seen(readable(actor, Entity.INTERVIEWS)) == {"i1", "i4"}
    assert seen(permitted(actor, Action.LINK)) == {"i4"}, "to see is not to act"


def test_an_enumerator_sees_own_work_within_the_area(seen: Callable[..., set[str]]) -> None:
    grant = in_area(Role.ENUMERATOR, AreaKind.COMMUNE, "12001")
    assert seen(readable(person(grant, enumerator="lan"), Entity.INTERVIEWS)) == {"i1"}
    assert seen(readable(person(grant), Entity.INTERVIEWS)) == set(), "no name on the phone, no interviews"
    assert seen(readable(person(grant, enumerator="lan"), Entity.REGISTRY)) == set()


def test_a_planner_sees_aggregates_and_no_person(seen: Callable[..., set[str]]) -> None:
    planner = person(in_area(Role.PLANNER, AreaKind.PROVINCE, "33"))
    assert seen(readable(planner, Entity.AGGREGATES), Total) == {"12001", "12002", "12003"}
    for entity in set(Entity) - {Entity.AGGREGATES, Entity.ROUNDS}:
        assert readable(planner, entity, "report").is_empty, entity


def test_an_administrator_sees_no_household(seen: Callable[..., set[str]]) -> None:
    administrator = person(in_area(Role.ADMINISTRATOR, AreaKind.PROVINCE, "33"))
    visible = {entity for entity in Entity if not readable(administrator, entity, "inspection").is_empty}
    assert visible == {Entity.ACCOUNTS, Entity.AUDIT, Entity.JOBS, Entity.ROUNDS}
    assert all(permitted(administrator, action).is_empty for action in set(Action) - {Action.PREPARE})


def test_a_province_officer_reads_households_with_a_purpose_only(seen: Callable[..., set[str]]) -> None:
    officer = person(in_area(Role.PROVINCE_OFFICER, AreaKind.PROVINCE, "33"))
    assert seen(readable(officer, Entity.INTERVIEWS)) == set()
    assert seen(readable(officer, Entity.INTERVIEWS, "complaint")) == {"i1", "i2", "i3", "i4", "i5"}
    assert seen(readable(officer, Entity.AGGREGATES), Total) == {"12001", "12002", "12003"}
    assert all(permitted(officer, action).is_empty for action in set(Action) - {Action.PREPARE})


def test_who_decides_reads_what_there_is_to_decide_and_no_more(seen: Callable[..., set[str]]) -> None:
    clerk = in_area(Role.CLERK, AreaKind.COMMUNE, "12001")
    officer = in_area(Role.PROVINCE_OFFICER, AreaKind.PROVINCE, "33")
    to_link = (Action.LINK, Entity.LINKS)
    assert seen(readable_to_act(person(clerk), *to_link)) == {"i1", "i2"}
    assert seen(readable_to_act(person(clerk, officer), *to_link, "complaint")) == {"i1", "i2"}
    assert seen(readable_to_act(person(officer), *to_link)) == set()
    assert seen(readable_to_act(person(officer), *to_link, "complaint")) == {"i1", "i2", "i3", "i4", "i5"}


def test_nobody_without_a_role_sees_anything(seen: Callable[..., set[str]]) -> None:
    for entity in Entity:
        assert readable(person(), entity, "review").is_empty
        assert seen(readable(person(), entity, "review")) == set()


def test_a_token_sees_what_its_scopes_name(seen: Callable[..., set[str]]) -> None:
    grant = in_area(Role.SUPERVISOR, AreaKind.COMMUNE, "12001")
    narrow = person(grant, scopes=frozenset({"aggregates:read"}))
    assert seen(readable(narrow, Entity.INTERVIEWS)) == set()
    assert seen(readable(narrow, Entity.AGGREGATES), Total) == {"12001"}
    assert permitted(narrow, Action.REVIEW).is_empty
    assert seen(permitted(person(grant, scopes=frozenset({"review:write"})), Action.REVIEW)) == {"i1", "i2"}


def test_the_rules_name_every_entity_and_action() -> None:
    assert set(READS) == set(Entity)
    assert set(ACTS) == set(Action)
    assert len(TOKEN_SCOPES) == len(Entity) + len(Action)


def test_a_table_that_cannot_be_judged_shows_nothing(seen: Callable[..., set[str]]) -> None:
    village = person(in_area(Role.SUPERVISOR, AreaKind.VILLAGE, "v1"))
    assert seen(readable(village, Entity.AGGREGATES), Total) == set(), "no village column"
    own = person(in_area(Role.ENUMERATOR, AreaKind.COMMUNE, "12001"), enumerator="lan")
    assert seen(readable(own, Entity.PROGRESS), Total) == set(), "no enumerator column"
    reviewer = person(in_area(Role.SUPERVISOR, AreaKind.COMMUNE, "12001"))
    assert seen(permitted(reviewer, Action.REVIEW), Total) == set(), "conflicts cannot be checked"


def test_aliases_subqueries_and_tables_are_judged_alike(database: Database) -> None:
    scope = readable(person(in_area(Role.SUPERVISOR, AreaKind.COMMUNE, "12001")), Entity.INTERVIEWS)
    other, inner = aliased(Paper), select(Paper).subquery()
    with database.session() as session:
        for table, key in (
            (other, other.interview_id),
            (inner, inner.c.interview_id),
            (Paper.__table__, Paper.__table__.c.interview_id),
        ):
            assert set(session.scalars(select(key).where(scope.where(table)))) == {"i1", "i2"}


def test_work_of_the_service_itself_sees_everything_and_says_why(seen: Callable[..., set[str]]) -> None:
    assert seen(system_scope("derive")) == {row.interview_id for row in ROWS}
    with pytest.raises(ValueError, match="reason"):
        system_scope("")


def test_nobody_reviews_their_own_or_a_declared_conflict(database: Database, seen: Callable[..., set[str]]) -> None:
    supervisor = person(in_area(Role.SUPERVISOR, AreaKind.PROVINCE, "33"), enumerator="lan")
    assert seen(permitted(supervisor, Action.REVIEW)) == {"i2", "i4"}
    assert "i1" in seen(readable(supervisor, Entity.INTERVIEWS)), "seen, not reviewed"
    with database.session() as session:
        now = datetime(2026, 9, 1, tzinfo=UTC)
        session.add(User(id="u1", username="u1", full_name="U", created_at=now))
        session.add(User(id="u2", username="u2", full_name="V", created_at=now))
        session.flush()
        session.add(Conflict(user_id="u1", kind="household", reference="h2", declared_at=now))
        session.add(Conflict(user_id="u2", kind="interview", reference="i4", declared_at=now))
    assert seen(permitted(supervisor, Action.REVIEW)) == {"i4"}, "another person's conflict is not mine"
    with database.session() as session:
        assert [may_review(session, supervisor, row) for row in ROWS] == [False, False, False, True, False, False]
        other = replace(supervisor, user_id="u2", enumerator=None)
        assert [may_review(session, other, row) for row in ROWS] == [True, True, True, False, True, False]
        assert not may_review(session, person(), ROWS[0])


def test_a_conflict_counts_for_the_household_it_was_linked_with(
    database: Database, seen: Callable[..., set[str]]
) -> None:
    """Whatever code the enumerator wrote down, and while it is not certain too."""
    supervisor = person(in_area(Role.SUPERVISOR, AreaKind.PROVINCE, "33"))
    now = datetime(2026, 9, 1, tzinfo=UTC)
    with database.session() as session:
        session.add(User(id="u1", username="u1", full_name="U", created_at=now))
        session.add(
            Round(
                round_id="2026", province_code="33", kind="annual", scope="annual", review_date=now.date(),
                standard_id="nd07-2021", unit_vintage=now.date(), status="open", created_at=now,
            )
        )  # fmt: skip
        session.flush()
        session.add(Conflict(user_id="u1", kind="household", reference="cousin", declared_at=now))
        for interview_id, code in (("i3", "cousin"), ("i4", "someone")):
            session.add(
                Link(
                    interview_id=interview_id, registry_year=2025, household_code=code, province_code="33",
                    round_id="2026", kind="same", status="doubtful", found_kind="same",
                found_status="doubtful", weight=4.0, members_agree=1, evidence={}, model="m", readers=1, next_reading=1,
                )
            )  # fmt: skip
    assert seen(permitted(supervisor, Action.REVIEW)) == {"i1", "i2", "i4", "i5"}
    with database.session() as session:
        assert [may_review(session, supervisor, row) for row in ROWS] == [True, True, False, True, True, False]


areas = st.one_of(
    st.tuples(st.just(AreaKind.PROVINCE), st.sampled_from(["33", "34", "00"])),
    st.tuples(st.just(AreaKind.FORMER_DISTRICT), st.sampled_from(["323", "999"])),
    st.tuples(st.just(AreaKind.COMMUNE), st.sampled_from(["12001", "12002", "12003", "13001", "99999"])),
    st.tuples(st.just(AreaKind.VILLAGE), st.sampled_from(["v1", "v2", "v3", "v9", "none"])),
)
actors = st.builds(
    lambda grants, enumerator: person(*grants, enumerator=enumerator),
    st.lists(st.builds(lambda role, area: Grant(role, *area), st.sampled_from(Role), areas), max_size=3),
    st.sampled_from([None, "lan", "minh"]),
)


def covers(grant: Grant, row: Row) -> bool:
    match grant.area_kind:
        case AreaKind.PROVINCE:
            return row.province_code == grant.area_code
        case AreaKind.FORMER_DISTRICT:
            return row.commune_code in DISTRICT.get(grant.area_code, set())
        case AreaKind.COMMUNE:
            return row.commune_code == grant.area_code
        case AreaKind.VILLAGE:
            return row.village_id == grant.area_code


def expected(actor: Actor, purpose: str | None) -> set[str]:
    """The same rule said again, row by row."""
    reads = {Role.SUPERVISOR, Role.CLERK, Role.COMMUNE_LEADER} | ({Role.PROVINCE_OFFICER} if purpose else set())
    return {
        row.interview_id
        for row in ROWS
        for grant in actor.grants
        if covers(grant, row)
        and (
            grant.role in reads
            or (grant.role is Role.ENUMERATOR and actor.enumerator and row.enumerator == actor.enumerator)
        )
    }


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actor=actors, purpose=st.sampled_from([None, "review"]))
def test_what_is_seen_is_what_the_rule_says(
    seen: Callable[..., set[str]], database: Database, actor: Actor, purpose: str | None
) -> None:
    assert seen(readable(actor, Entity.INTERVIEWS, purpose)) == expected(actor, purpose)
    reviewable = seen(permitted(actor, Action.REVIEW))
    with database.session() as session:
        assert {row.interview_id for row in ROWS if may_review(session, actor, row)} == reviewable
    assert reviewable <= expected(actor, purpose)
    assert not {row.interview_id for row in ROWS if row.enumerator == actor.enumerator is not None} & reviewable
