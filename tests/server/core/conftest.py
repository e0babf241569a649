"""A round set up once and copied for each test; one stand-in Central for all tests of the session."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from sandbox.central.process import StandIn
from server.central.publish import RoundForm, build_round_form
from server.database import Database
from tests.server.fieldwork import ROUND, Field, publish_round, set_up_round
from tests.server.keys import KEYS

POSTGRES_URL = os.environ.get("RASOAT_TEST_POSTGRES_URL", "")


@pytest.fixture(scope="session")
def round_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the round set up."""
    path = tmp_path_factory.mktemp("template") / "round.sqlite"
    database = Database(f"sqlite:///{path}", KEYS)
    set_up_round(database)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL database with the round set up; its name."""
    if not POSTGRES_URL:
        pytest.skip("RASOAT_TEST_POSTGRES_URL is not set")
    name = f"round_{uuid.uuid4().hex}"
    with _postgres() as admin:
        admin.execute(text(f"CREATE DATABASE {name}"))
    database = Database(_postgres_url(name), KEYS)
    set_up_round(database)
    database.dispose()
    yield name
    with _postgres() as admin:
        admin.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of its own in which the round is open."""
    if request.param == "sqlite":
        path = tmp_path / "rasoat.sqlite"
        shutil.copyfile(request.getfixturevalue("round_template"), path)
        opened = Database(f"sqlite:///{path}", KEYS)
        yield opened
        opened.dispose()
        return
    name = f"test_{uuid.uuid4().hex}"
    with _postgres() as admin:
        admin.execute(text(f"CREATE DATABASE {name} TEMPLATE {request.getfixturevalue('postgres_template')}"))
    opened = Database(_postgres_url(name), KEYS)
    yield opened
    opened.dispose()
    with _postgres() as admin:
        admin.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def _postgres() -> Iterator[Connection]:
    engine = create_engine(make_url(POSTGRES_URL).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _postgres_url(name: str) -> str:
    url = make_url(POSTGRES_URL).set(drivername="postgresql+psycopg", database=name)
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """Central's stand-in, in a process of its own; every test makes its own project in it."""
    with StandIn(tmp_path_factory.mktemp("central") / "central.sqlite", faults=True) as running:
        yield running


@pytest.fixture(scope="session")
def round_form(round_template: Path, tmp_path_factory: pytest.TempPathFactory) -> RoundForm:
    """The round's form, built."""
    database = Database(f"sqlite:///{round_template}", KEYS)
    with database.session() as session:
        form = build_round_form(session, ROUND, tmp_path_factory.mktemp("form"))
    database.dispose()
    return form


@pytest.fixture
def field(database: Database, stand_in: StandIn, tmp_path: Path, round_form: RoundForm) -> Iterator[Field]:
    """The round's form published at the stand-in."""
    yield publish_round(database, stand_in, tmp_path, round_form)
    requests.delete(f"{stand_in.url}/-/faults")
