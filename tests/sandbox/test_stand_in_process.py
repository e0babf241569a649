"""The stand-in as a process: it starts, keeps what it was told, and says why when it cannot start."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sandbox.central.process import StandIn, StandInError

FORM = """<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head>
<h:title>F</h:title><model><instance><data id="f" version="1"><a/><meta><instanceID/></meta></data></instance>
<bind nodeset="/data/a" type="string"/></model></h:head><h:body/></h:html>"""
TLS = ssl.create_default_context()


@contextmanager
def client(stand_in: StandIn) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{stand_in.url}/v1", verify=TLS, timeout=30) as http:
        session = http.post("/sessions", json={"email": stand_in.user, "password": stand_in.password})
        http.headers["Authorization"] = f"Bearer {session.raise_for_status().json()['token']}"
        yield http


def fill(http: httpx.Client, rows: int) -> int:
    """A project with a form and its submissions; the project's number."""
    project: int = http.post("/projects", json={"name": "P"}).json()["id"]
    xml = {"Content-Type": "application/xml"}
    http.post(f"/projects/{project}/forms?publish=true", content=FORM, headers=xml).raise_for_status()
    for number in range(rows):
        text = f'<data id="f" version="1"><a>{number}</a><meta><instanceID>uuid:{number}</instanceID></meta></data>'
        http.post(f"/projects/{project}/forms/f/submissions", content=text, headers=xml).raise_for_status()
    return project


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    with StandIn(state) as first, client(first) as http:
        project = fill(http, 3)
        path = f"/projects/{project}/forms/f.svc/Submissions?$expand=*"
        before = http.get(path)
        token = http.headers["Authorization"]
    with StandIn(state) as second:
        after = httpx.get(f"{second.url}/v1{path}", headers={"Authorization": token}, verify=TLS)
    assert after.json()["value"] == before.json()["value"]
    assert after.headers["etag"] == before.headers["etag"]
    assert [row["a"] for row in after.json()["value"]] == ["2", "1", "0"]


def test_the_process_ends_with_the_block(tmp_path: Path) -> None:
    with StandIn(tmp_path / "state.sqlite") as stand_in:
        url = stand_in.url
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/v1/projects", verify=TLS)


def test_another_password_on_the_same_state(tmp_path: Path) -> None:
    with StandIn(tmp_path / "state.sqlite", password="the first one") as stand_in, client(stand_in) as http:
        fill(http, 1)
    with StandIn(tmp_path / "state.sqlite", password="the second one") as stand_in, client(stand_in) as http:
        assert [item["name"] for item in http.get("/projects").json()] == ["P"]


def test_links_begin_with_the_domain_it_believes_it_has(tmp_path: Path) -> None:
    """Behind a proxy a next link may name an address nobody can reach."""
    domain = "https://central.example.org"
    with StandIn(tmp_path / "state.sqlite", domain=domain) as stand_in, client(stand_in) as http:
        project = fill(http, 3)
        body = http.get(f"/projects/{project}/forms/f.svc/Submissions?$top=2").json()
    assert body["@odata.nextLink"].startswith(f"https://central.example.org/v1/projects/{project}/forms/f.svc/")


def test_a_state_file_that_is_none(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    state.write_text("this is a letter, not a database, and long enough to be read as one" * 10)
    with pytest.raises(StandInError, match="file is not a database"), StandIn(state):
        pass


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StandInError, match="Address already in use"), StandIn(tmp_path / "s.sqlite", port):
            pass
