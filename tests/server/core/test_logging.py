"""Logs: what is written, and that nothing of a person ever is."""

from __future__ import annotations

import io
import json
import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from server import work
from server.accounts.actor import demo_supervisor
from server.app import create_app
from server.central.errors import CentralError
from server.cli.common import report_error
from server.jobs import service as jobs
from server.logging import install
from server.settings import load_settings
from server.web.request_log import RequestLog
from tests.server.fieldwork import PROVINCE, Field, centre, commune_of, instance_id, person
from tests.server.keys import KEY_TEXT
from tests.server.people import csrf

#: Loggers that write what passes through them, once told to.
LOUD = ("sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "httpx", "httpcore", "pyodk", "urllib3", "requests",
        "uvicorn", "uvicorn.access", "uvicorn.error", "python_multipart", "multipart", "asyncio")  # fmt: skip


@pytest.fixture
def field(field: Field) -> Field:
    """The published round with settings that name its database and its key."""
    address = field.database.engine.url.render_as_string(hide_password=False)
    named = load_settings({}, database={"url": address}, master={"key": KEY_TEXT})
    return replace(field, settings=replace(field.settings, database=named.database, master=named.master))


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the service writes with every logger at DEBUG; how loggers stood is restored."""
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    known = {name: logging.getLogger(name) for name in {*LOUD, *logging.root.manager.loggerDict}}
    states = {name: (of.level, of.disabled, of.propagate, list(of.handlers)) for name, of in known.items()}
    for of in known.values():
        of.setLevel(logging.DEBUG)
        of.disabled = False
    out = io.StringIO()
    install("json", logging.DEBUG, out)
    yield out
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    for name, (level, disabled, propagate, handlers) in states.items():
        of = known[name]
        of.level, of.disabled, of.propagate = level, disabled, propagate
        of.handlers[:] = handlers


def written(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


@dataclass(frozen=True)
class Family:
    """Invented people whose every word is one that nothing else holds."""

    names: list[str]
    cccds: list[str]
    phone: str
    latitude: str
    longitude: str
    number: int

    @property
    def secrets(self) -> list[str]:
        return [*self.names, *self.cccds, self.phone, self.latitude, self.longitude]

    def changes(self) -> dict[str, Any]:
        code = commune_of(self.number)
        place = {"commune_code": code, "village_id": f"{code}-01", "household_code": None, "phone": self.phone}
        return {
            "place": place,
            "location": f"{self.latitude} {self.longitude} 5 4.5",
            "member": [
                person(self.names[0], "head", "male", "1981-05-03", self.cccds[0]),
                person(self.names[1], "child", "female", "2001-02-14", self.cccds[1]),
            ],
        }


def families(count: int) -> list[Family]:
    draw = random.Random(11)
    made = []
    for number in range(1, count + 1):
        latitude, longitude = centre(commune_of(number))
        made.append(
            Family(
                names=[f"{draw.choice(['Nguyễn', 'Trần'])} Khuyết {_letters(draw)}" for _ in range(2)],
                # The third is no CCCD at all: bad input is where values like to leak.
                cccds=[
                    f"0330{draw.randrange(10**8):08d}" if number != 3 else f"33-WRONG-{draw.randrange(10**6)}"
                    for _ in range(2)
                ],
                phone=f"09{draw.randrange(10**8):08d}",
                latitude=f"{latitude + draw.uniform(-0.01, 0.01):.6f}",
                longitude=f"{longitude + draw.uniform(-0.01, 0.01):.6f}",
                number=number,
            )
        )
    return made


def _letters(draw: random.Random) -> str:
    return "".join(draw.choice("bcdghklmnpqrstvx") for _ in range(9)).capitalize()


def leaks(text: str, people: list[Family]) -> list[str]:
    """What of the people stands in a text, written plainly or as JSON and URLs write it."""
    found = []
    for value in (value for family in people for value in family.secrets):
        forms = {
            value,
            json.dumps(value)[1:-1],
            httpx.QueryParams({"q": value})["q"],
            str(httpx.QueryParams({"q": value}))[2:],
        }
        found += [value for form in forms if form in text]
    return found


def test_nothing_of_the_people_is_logged(field: Field, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small loop with everything loud: pulls, pages, bad input, a failing Central, unforeseen errors."""
    raw = _Raw()
    logging.getLogger().addHandler(raw)
    people = families(4)
    for family in people:
        field.send(family.number, **family.changes())
    with field.database.session() as session:
        jobs.enqueue(session, "sync")
    jobs.run_worker(field.database, work.make_handlers(field.settings), once=True)

    app = create_app(field.settings, demo_actor=demo_supervisor(PROVINCE))
    with TestClient(app, raise_server_exceptions=False) as client:
        head, phone = people[0].names[0], people[0].phone
        for address in (
            "/", f"/?q={head}", f"/interviews?search={head}", f"/interviews/{instance_id(1)}", f"/interviews/{head}",
            f"/api/v1/communes?indicator={head}", f"/nowhere/{phone}", f"/static/{head}.js",
        ):  # fmt: skip
            client.get(address, headers={"accept": "text/html", "referer": f"http://x/{phone}"})
        token = {"csrf_token": csrf(client)}
        client.post("/login", data={"username": head, "password": phone} | token)
        assert client.post("/interviews/search", data={"name": head} | token).status_code == 200
        client.post(f"/interviews/{instance_id(1)}/decision", data={"action": head, "note": phone} | token)
        client.post(
            "/login", content=b"\xff" + phone.encode(), headers={"content-type": "multipart/form-data; boundary=x"}
        )
        client.request(head.encode().hex(), "/", headers={"x-name": phone})

    _central_fails(field, people)
    _unforeseen(field, people, monkeypatch)
    text = lines.getvalue()
    assert '"logger": "sqlalchemy.engine.Engine"' in text, "the loud ones were loud"
    assert '"route": "/interviews"' in text
    assert '"code": "central_down"' in text
    assert leaks(text, people) == []
    assert leaks("\n".join(raw.own), people) == [], "our own records hold nothing even before the gate"
    assert leaks("\n".join(raw.foreign), people), "without the gate it would have been written: the scan finds it"


class _Raw(logging.Handler):
    """Every record past the gate: our own by their words, those of others as an ordinary handler would write them."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.own: list[str] = []
        self.foreign: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in ("server", "sandbox"):
            self.own.append(record.getMessage())
        else:
            self.foreign.append(self.format(record))


def _central_fails(field: Field, people: list[Family]) -> None:
    away = field.settings.central.model_copy(update={"url": "http://127.0.0.1:9", "connect_timeout": 0.2})
    with field.database.session() as session:
        jobs.enqueue(session, "sync", max_attempts=1)
    jobs.run_worker(field.database, work.make_handlers(replace(field.settings, central=away)), once=True)
    with field.client() as connection, pytest.raises(CentralError) as refused:
        # Central answers with what it could not take.
        field.post(connection, f"<data><not-a-form>{people[1].names[0]} {people[1].cccds[0]}</not-a-form></data>")
    report_error(refused.value)


def _unforeseen(field: Field, people: list[Family], monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = jobs.Handlers()

    @handlers.handles("broken")
    def broken(_context: jobs.JobContext, _args: dict[str, Any]) -> None:
        raise ValueError(f"cannot read {people[2].names[0]} {people[2].cccds[0]}")

    with field.database.session() as session:
        jobs.enqueue(session, "broken", max_attempts=1)
    jobs.run_worker(field.database, handlers, once=True)
    try:
        int(people[2].phone + "x")
    except ValueError as error:
        report_error(error)
        logging.getLogger("server.test").exception("reading failed")


# -- the gate itself ----------------------------------------------------------------------------------------------


def test_of_another_library_the_place_is_written_and_not_the_words(lines: io.StringIO) -> None:
    logging.getLogger("httpx").warning("GET %s", "http://x/?name=Trần Thị Mận")
    logging.getLogger("uvicorn.error").info("Application startup complete.")
    logging.getLogger("uvicorn.error").error("GET %s failed", "/?name=Mận")
    found = [(one["logger"], one["message"]) for one in written(lines)]
    assert found[0][0] == "httpx"
    assert found[0][1].startswith("(of another library, at test_logging.py:")
    assert found[1] == ("uvicorn.error", "Application startup complete.")
    assert "Mận" not in lines.getvalue()


def test_of_an_error_its_type_and_place_are_written(lines: io.StringIO) -> None:
    try:
        raise ValueError("033080000001")
    except ValueError:
        logging.getLogger("server.cases").exception("deriving failed")
    [one] = written(lines)
    assert (one["message"], one["error"], one["level"]) == ("deriving failed", "ValueError", "error")
    assert one["error_at"].startswith("test_logging.py:")
    assert "033080000001" not in lines.getvalue()


def test_at_info_other_libraries_are_heard_from_warnings_on(lines: io.StringIO) -> None:
    install("json", logging.INFO, lines)
    logging.getLogger("alembic.runtime.plugins").info("setting up")
    logging.getLogger("alembic.runtime.plugins").warning("odd")
    logging.getLogger("server.work").info("pulled %d", 3)
    assert [one["logger"] for one in written(lines)] == ["alembic.runtime.plugins", "server.work"]
    assert written(lines)[1]["message"] == "pulled 3"


def test_installing_again_replaces_and_handlers_of_libraries_go(lines: io.StringIO) -> None:
    own = io.StringIO()
    logging.getLogger("uvicorn.access").addHandler(logging.StreamHandler(own))
    again = io.StringIO()
    install("line", logging.INFO, again)
    logging.getLogger("uvicorn.access").info('127.0.0.1 - "GET /?name=x"')
    logging.getLogger("server.work").warning("said")
    assert own.getvalue() == lines.getvalue() == ""
    assert again.getvalue().count("\n") == 1
    assert "WARNING server.work: said" in again.getvalue()


@pytest.fixture
def small() -> FastAPI:
    app = FastAPI()
    app.add_middleware(RequestLog)

    @app.get("/people/{name}")
    def one(name: str) -> str:
        logging.getLogger("server.test").info("asked")
        if name == "error":
            raise RuntimeError(name)
        return name

    return app


def test_a_request_is_a_line_with_its_route_never_its_address(small: FastAPI, lines: io.StringIO) -> None:
    secret = uuid4().hex
    with TestClient(small) as client:
        answer = client.get(f"/people/{secret}?cccd={secret}")
        client.get(f"/{secret}")
        client.request(secret, "/people/x")
    own = [one for one in written(lines) if one["logger"].startswith("server.")]
    asked, *requests = own
    assert [(one["method"], one["route"], one["status"]) for one in requests] == [
        ("GET", "/people/{name}", 200),
        ("GET", "(none)", 404),
        ("other", "/people/{name}", 405),
    ]
    assert asked["request_id"] == requests[0]["request_id"] == answer.headers["x-request-id"]
    assert len({one["request_id"] for one in requests}) == 3
    assert all(one["ms"] >= 0 for one in requests)
    assert secret not in lines.getvalue()


def test_a_request_that_fails_is_a_line_too(small: FastAPI, lines: io.StringIO) -> None:
    with TestClient(small, raise_server_exceptions=False) as client:
        assert client.get("/people/error").status_code == 500
    [line] = [one for one in written(lines) if one["message"] == "request"]
    assert (line["status"], line["level"], line["route"]) == (500, "error", "/people/{name}")
