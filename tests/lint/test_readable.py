"""No query of the service dodges `readable(actor)`; and the linter that says so finds planted dodges."""

from __future__ import annotations

from pathlib import Path

import pytest

import server
from server.accounts.access import system_work
from server.database import Base, import_tables
from tests.lint.readable import Table, check_folder, faults, personal_tables, system_functions

SERVER = Path(server.__file__).parent
TABLES = [Table("Interview", "interviews"), Table("RegistryMember", "registry_members")]


def found(source: str, file: str = "server/cases/queries.py") -> list[str]:
    return [str(fault) for fault in faults(file, source, TABLES)]


def test_no_query_of_the_service_dodges_readable() -> None:
    assert [str(fault) for fault in check_folder(SERVER)] == []


#: Staff accounts, places of villages, and what is told to Central hold nobody's answers.
NO_HOUSEHOLD = {"User", "Village", "Outbox"}


def test_the_tables_with_personal_data_are_marked() -> None:
    """A table that holds a name, a number or a place of a person is marked, so that the linter looks at it."""
    import_tables()
    telling = {"head_name", "full_name", "cccd", "cccd_hash", "phone", "latitude", "payload", "answers", "person"}
    unmarked = {
        mapper.class_.__name__
        for mapper in Base.registry.mappers
        if telling & set(mapper.columns.keys()) and not getattr(mapper.class_, "__personal__", False)
    }
    assert unmarked == NO_HOUSEHOLD


DODGES = {
    "no parameter": "def f(session):\n    return session.scalars(select(Interview))",
    "parameter not used": "def f(session, scope):\n    return session.scalars(select(Interview))",
    "parameter only looked at": "def f(session, scope):\n    if scope:\n        return select(Interview)",
    "another's where": "def f(session, scope, other):\n    return select(Interview).where(other.where(Interview))",
    "one column": "def f(session):\n    return select(Interview.head_name)",
    "imported under another name": (
        "from server.cases.tables import Interview as I\ndef f(session):\n    return select(I)"
    ),
    "through the module": "from server.cases import tables\ndef f(session):\n    return select(tables.Interview)",
    "by its key": "def f(session, key):\n    return session.get(Interview, key)",
    "an alias": "def f(session):\n    other = aliased(Interview)\n    return select(other)",
    "its table": "def f(session):\n    return select(Interview.__table__)",
    "a join": "def f(session):\n    return select(Link).join(RegistryMember)",
    "an update": "def f(session):\n    session.execute(update(Interview).values(severity=None))",
    "raw SQL": 'def f(session):\n    return session.execute(text("SELECT head_name FROM interviews"))',
    "raw SQL, pieced": 'def f(session, n):\n    return session.execute(text(f"SELECT {n} FROM interviews"))',
    "at the module's level": "EVERYTHING = select(Interview)",
    "in a lambda": "f = lambda session: session.scalars(select(Interview))",
    "in a method": "class Q:\n    def f(self, session):\n        return select(Interview)",
    "async": "async def f(session):\n    return select(Interview)",
    "guard of a sibling": (
        "def f(session):\n    def g(scope):\n        return scope.where(Other)\n    return select(Interview)"
    ),
}


@pytest.mark.parametrize("source", DODGES.values(), ids=DODGES.keys())
def test_a_planted_dodge_is_found(source: str) -> None:
    assert found(source), source


GOOD = {
    "scope": "def f(session, scope):\n    return select(Interview).where(scope.where(Interview))",
    "actor": (
        "def f(session, actor):\n"
        "    return select(Interview).where(readable(actor, Entity.INTERVIEWS).where(Interview))"
    ),
    "handed on": "def f(session, scope):\n    return within(select(Interview), scope)",
    "inner function": (
        "def f(session, scope):\n    def g():\n        return select(Interview).where(scope.where(Interview))\n"
        "    return g()"
    ),
    "making a row": "def f(session):\n    session.add(Interview(interview_id='x'))",
    "insert": "def f(session, rows):\n    session.execute(insert(Interview), rows)",
    "annotations": "def f(row: Interview, rows: list[Interview]) -> Interview:\n    x: Interview = row\n    return x",
    "a docstring": 'def f(session):\n    """Nothing from interviews is read."""',
    "another table": "def f(session):\n    return select(Round)",
    "a variable of a like name": "def f(session, interviews):\n    return len(interviews)",
}


@pytest.mark.parametrize("source", GOOD.values(), ids=GOOD.keys())
def test_what_is_in_order_passes(source: str) -> None:
    assert found(source) == [], source


def test_a_request_never_sees_everything() -> None:
    source = "def f(session):\n    return system_scope('x')"
    assert found(source, "server/cases/routes.py")
    assert found(source, "server/accounts/admin_routes.py")
    assert found(source, "server/cases/queries.py")
    assert found(source, "server/cases/derive.py") == []


def test_the_services_own_work_says_so_and_is_not_called_by_requests() -> None:
    work = "@system_work('derive')\ndef derive(session):\n    return session.scalars(select(Interview))"
    assert found(work, "server/cases/derive.py") == []
    assert found(work, "server/cases/queries.py"), "requests read there"
    assert found(work.replace("'derive'", ""), "server/cases/derive.py"), "no reason"
    names = system_functions([("derive.py", work)])
    assert names == {"derive"}
    call = "def page(session):\n    return service.derive(session)"
    assert faults("server/cases/routes.py", call, TABLES, names)
    assert faults("server/cases/service.py", call, TABLES, names) == []
    with pytest.raises(ValueError, match="reason"):
        system_work("")


def test_marks_are_read_from_the_source() -> None:
    source = (
        'class A(Base):\n    __tablename__ = "as"\n    __personal__ = True\n'
        'class B(Base):\n    __tablename__ = "bs"\n    __personal__ = False\n'
        'class C(Base):\n    __tablename__ = "cs"\n    __personal__: ClassVar[bool] = True\n'
    )
    assert personal_tables([("tables.py", source)]) == [Table("A", "as"), Table("C", "cs")]
