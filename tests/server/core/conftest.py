"""A round set up once and copied for each test; one stand-in Central for all tests of the session."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.central.process import StandIn
from server.central.publish import RoundForm, build_round_form
from server.database import Database
from tests.server.fieldwork import ROUND, Field, publish_round, set_up_round


@pytest.fixture(scope="session")
def round_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the round set up."""
    path = tmp_path_factory.mktemp("template") / "round.sqlite"
    database = Database(f"sqlite:///{path}")
    set_up_round(database)
    database.dispose()
    return path


@pytest.fixture
def database(round_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A database of its own in which the round is open."""
    path = tmp_path / "rasoat.sqlite"
    shutil.copyfile(round_template, path)
    opened = Database(f"sqlite:///{path}")
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """Central's stand-in, in a process of its own; every test makes its own project in it."""
    with StandIn(tmp_path_factory.mktemp("central") / "central.sqlite", faults=True) as running:
        yield running


@pytest.fixture(scope="session")
def round_form(round_template: Path, tmp_path_factory: pytest.TempPathFactory) -> RoundForm:
    """The round's form, built."""
    database = Database(f"sqlite:///{round_template}")
    with database.session() as session:
        form = build_round_form(session, ROUND, tmp_path_factory.mktemp("form"))
    database.dispose()
    return form


@pytest.fixture
def field(database: Database, stand_in: StandIn, tmp_path: Path, round_form: RoundForm) -> Iterator[Field]:
    """The round's form published at the stand-in."""
    yield publish_round(database, stand_in, tmp_path, round_form)
    httpx.delete(f"{stand_in.url}/-/faults")
