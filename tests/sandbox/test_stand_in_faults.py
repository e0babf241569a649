"""The stand-in can be made to misbehave, and only when it was started so."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.central.process import StandIn

TLS = ssl.create_default_context()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with StandIn(tmp_path_factory.mktemp("faults") / "state.sqlite", faults=True) as stand_in:
        yield stand_in.url


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, verify=TLS, timeout=30) as http:
        http.delete("/-/faults").raise_for_status()
        yield http
        http.delete("/-/faults").raise_for_status()


def arm(http: httpx.Client, kind: str, **options: object) -> None:
    http.post("/-/faults", json={"kind": kind, **options}).raise_for_status()


def test_no_faults_unless_asked_for(tmp_path: Path) -> None:
    with StandIn(tmp_path / "state.sqlite") as stand_in:
        answer = httpx.post(f"{stand_in.url}/-/faults", json={"kind": "down"}, verify=TLS)
        assert answer.status_code == 404
        assert httpx.get(f"{stand_in.url}/v1/projects", verify=TLS).json()["code"] == 401.2


def test_down(http: httpx.Client) -> None:
    arm(http, "down")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        http.get("/v1/projects")
    assert http.get("/v1/projects").status_code == 401


def test_half_a_document(http: httpx.Client) -> None:
    arm(http, "half")
    with pytest.raises(httpx.RemoteProtocolError):
        http.get("/v1/projects")


def test_a_document_cut_at_a_byte(http: httpx.Client) -> None:
    whole = http.get("/v1/projects").content
    arm(http, "half", at=7)
    arrived: list[bytes] = []
    with http.stream("GET", "/v1/projects") as answer, pytest.raises(httpx.RemoteProtocolError):
        arrived.extend(answer.iter_raw())
    assert b"".join(arrived) == whole[:7]
    arm(http, "truncated", at=7)
    assert http.get("/v1/projects").content == whole[:7]


def test_half_a_document_that_looks_whole(http: httpx.Client) -> None:
    whole = http.get("/v1/projects").content
    arm(http, "truncated")
    assert http.get("/v1/projects").content == whole[: len(whole) // 2]


def test_html_with_200(http: httpx.Client) -> None:
    arm(http, "html")
    answer = http.get("/v1/projects")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_statuses_with_retry_after(http: httpx.Client, status: int) -> None:
    arm(http, "status", status=status, retry_after=2)
    answer = http.get("/v1/projects")
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "2")


def test_an_expired_session(http: httpx.Client) -> None:
    arm(http, "unauthorized", path="/v1/nonsense")
    assert http.get("/v1/nonsense").json()["code"] == 401.2


def test_which_requests_and_how_often(http: httpx.Client) -> None:
    arm(http, "status", status=503, path="/users/", times=2, after=1)
    seen = [http.get(path).status_code for path in ("/v1/users/current", "/v1/projects", *["/v1/users/current"] * 3)]
    assert seen == [401, 401, 503, 503, 401]


def test_always_until_forgotten(http: httpx.Client) -> None:
    arm(http, "status", times=0)
    assert [http.get("/v1/projects").status_code for _ in range(5)] == [503] * 5
    assert http.get("/-/faults").json()[0]["hits"] == 5
    http.delete("/-/faults")
    assert http.get("/v1/projects").status_code == 401


def test_an_unknown_kind(http: httpx.Client) -> None:
    assert http.post("/-/faults", json={"kind": "earthquake"}).status_code == 400
