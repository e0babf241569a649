"""The service's factory: health, description, no thread more than the database can bear."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread
import pytest
from fastapi.testclient import TestClient

from server.app import POSTGRES_THREADS, SQLITE_THREADS, create_app
from server.database import Database
from server.settings import load_settings
from tests.server.keys import KEY_TEXT


@pytest.fixture
def client(database: Database, tmp_path: Path) -> TestClient:
    """The service on a database in which a round is open."""
    url = database.engine.url.render_as_string(hide_password=False)
    settings = load_settings({}, data={"dir": tmp_path}, database={"url": url}, master={"key": KEY_TEXT})
    return TestClient(create_app(settings))


def test_health_and_description(client: TestClient) -> None:
    with client:
        health = client.get("/healthz")
        description = client.get("/openapi.json")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert "/healthz" in description.json()["paths"]
    assert health.headers["content-security-policy"].startswith("default-src 'self'")


def test_a_database_without_tables_is_said(tmp_path: Path) -> None:
    app = create_app(load_settings({}, data={"dir": tmp_path}, master={"key": KEY_TEXT}))
    with TestClient(app) as client:
        health = client.get("/healthz")
    assert (health.status_code, health.json()["status"]) == (503, "failing")
    assert str(tmp_path) not in health.text


def test_few_threads_beside_sqlite(client: TestClient, database: Database) -> None:
    async def limit() -> float:
        return anyio.to_thread.current_default_thread_limiter().total_tokens

    with client:
        assert client.portal is not None
        embedded = database.engine.dialect.name == "sqlite"
        assert client.portal.call(limit) == (SQLITE_THREADS if embedded else POSTGRES_THREADS)


def test_no_page_of_the_description_loads_from_elsewhere(client: TestClient) -> None:
    with client:
        assert client.get("/docs").status_code == 404
        assert client.get("/redoc").status_code == 404
