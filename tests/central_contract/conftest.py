"""What a product needs of ODK Central, asked of the stand-in and, when one is given, of a real Central.

`RASOAT_CENTRAL_URL`, `RASOAT_CENTRAL_USER`, `RASOAT_CENTRAL_PASSWORD` name the real one (marker `real_central`).
Every test makes a project of its own, so a server that holds other things is safe.
"""

from __future__ import annotations

import base64
import io
import json
import os
import ssl
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from xml.sax.saxutils import escape

import httpx
import openpyxl
import pytest

from sandbox.central.process import StandIn

FORM = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms">
<h:head><h:title>Contract form</h:title><model>
<instance><data id="{form}" version="{version}"><village/><dwelling><roof/><rooms/></dwelling><assets/><location/>
<visited/><income/><photo/>{extra}<member jr:template=""><name/><age/><illness jr:template=""><kind/></illness></member>
<meta><instanceID/><instanceName/></meta></data></instance>
<instance id="villages" src="jr://file-csv/villages.csv"/>
<bind nodeset="/data/village" type="string"/><bind nodeset="/data/dwelling/roof" type="string"/>
<bind nodeset="/data/dwelling/rooms" type="{rooms}"/><bind nodeset="/data/assets" type="string"/>
<bind nodeset="/data/location" type="geopoint"/><bind nodeset="/data/visited" type="dateTime"/>
<bind nodeset="/data/income" type="decimal"/><bind nodeset="/data/photo" type="binary"/>{binds}
<bind nodeset="/data/member/name" type="string"/><bind nodeset="/data/member/age" type="int"/>
<bind nodeset="/data/member/illness/kind" type="string"/>
<bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/>
<bind nodeset="/data/meta/instanceName" type="string"/>
</model></h:head><h:body><input ref="/data/village"/>
<group ref="/data/member"><repeat nodeset="/data/member"><input ref="/data/member/name"/>
<group ref="/data/member/illness"><repeat nodeset="/data/member/illness"><input ref="/data/member/illness/kind"/>
</repeat></group></repeat></group></h:body></h:html>"""

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TLS = ssl.create_default_context()  # once: making it costs more than most requests
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def new_id() -> str:
    return f"uuid:{uuid.uuid4()}"


def form_xml(form: str = "contract", version: str = "1", *, rooms: str = "int", extra: bool = False) -> str:
    """The tests' form: a group, a repeat in a repeat, a point, a photo, a list. `extra` adds a question."""
    return FORM.format(
        form=form,
        version=version,
        rooms=rooms,
        extra="<remark/>" if extra else "",
        binds='<bind nodeset="/data/remark" type="string"/>' if extra else "",
    )


def submission_xml(
    instance_id: str | None = None,
    *,
    form: str = "contract",
    version: str = "1",
    village: str = "Thôn Đoài & <1>",
    photo: str = "",
    ages: tuple[int, ...] = (41, 7),
    replaces: str | None = None,
) -> str:
    """What a phone would send. `replaces` makes it an edit of the version with that id."""
    members = "".join(
        f"<member><name>Người {number}</name><age>{age}</age>"
        + ("<illness><kind>ho</kind></illness><illness><kind>sốt</kind></illness>" if number == 0 else "")
        + "</member>"
        for number, age in enumerate(ages)
    )
    deprecated = f"<deprecatedID>{replaces}</deprecatedID>" if replaces else ""
    return (
        f'<data id="{form}" version="{version}" xmlns:orx="http://openrosa.org/xforms"><village>{escape(village)}'
        "</village><dwelling><roof>ngói</roof><rooms>3</rooms></dwelling><assets>radio bike</assets>"
        "<location>20.9 106.05 12.0 4.5</location><visited>2026-09-15T08:30:00.000+07</visited>"
        f"<income>12.50</income><photo>{photo}</photo>{members}<meta><instanceID>{instance_id or new_id()}"
        f"</instanceID>{deprecated}<instanceName>Hộ 1</instanceName></meta></data>"
    )


def workbook(rows: list[list[str]], settings: dict[str, str] | None = None) -> bytes:
    """An XLSForm: survey rows of type, name, label."""
    book = openpyxl.Workbook()
    survey = book.active
    assert survey is not None
    survey.title = "survey"
    for row in [["type", "name", "label"], *rows]:
        survey.append(row)
    if settings:
        sheet = book.create_sheet("settings")
        sheet.append(list(settings))
        sheet.append(list(settings.values()))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@dataclass
class Server:
    """A Central, stand-in or real, with an administrator's account."""

    name: str
    url: str
    user: str
    password: str

    @property
    def base(self) -> str:
        return f"{self.url.rstrip('/')}/v1"

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.base, headers=headers, timeout=60, verify=TLS)

    def log_in(self) -> str:
        with self.client() as anonymous:
            answer = anonymous.post("/sessions", json={"email": self.user, "password": self.password})
        token: str = answer.raise_for_status().json()["token"]
        return token


class Phone:
    """An app user: everything under `/v1/key/TOKEN/projects/P`."""

    def __init__(self, server: Server, project: int, user: dict[str, Any]) -> None:
        self.id: int = user["id"]
        self.token: str = user["token"]
        self.http = httpx.Client(
            base_url=f"{server.base}/key/{self.token}/projects/{project}",
            headers={"X-OpenRosa-Version": "1.0"},
            timeout=60,
            verify=TLS,
        )

    def send(self, xml: str, files: dict[str, bytes] | None = None) -> httpx.Response:
        parts = {"xml_submission_file": ("submission.xml", xml.encode(), "text/xml")}
        parts |= {name: (name, content, "image/png") for name, content in (files or {}).items()}
        return self.http.post("/submission", params={"deviceID": "collect:contract"}, files=parts)


class Project:
    """A project of the test's own, asked as its administrator. Paths are relative to the project."""

    def __init__(self, server: Server, http: httpx.Client, number: int) -> None:
        self.server = server
        self.id = number
        self.http = httpx.Client(
            base_url=f"{http.base_url}projects/{number}", headers=http.headers, timeout=60, verify=TLS
        )

    def publish(self, xml: str | None = None) -> dict[str, Any]:
        answer = self.http.post(
            "/forms",
            params={"publish": "true"},
            content=(xml or form_xml()).encode(),
            headers={"Content-Type": "application/xml"},
        )
        form: dict[str, Any] = answer.raise_for_status().json()
        return form

    def draft(self, xml: str, form: str = "contract") -> httpx.Response:
        headers = {"Content-Type": "application/xml"}
        return self.http.post(f"/forms/{form}/draft", content=xml.encode(), headers=headers)

    def phone(self, name: str = "Điều tra viên 1", forms: tuple[str, ...] = ("contract",)) -> Phone:
        user = self.http.post("/app-users", json={"displayName": name}).raise_for_status().json()
        for form in forms:
            self.http.post(f"/forms/{form}/assignments/app-user/{user['id']}").raise_for_status()
        return Phone(self.server, self.id, user)

    def submit(self, xml: str, form: str = "contract") -> httpx.Response:
        headers = {"Content-Type": "application/xml"}
        return self.http.post(f"/forms/{form}/submissions", content=xml.encode(), headers=headers)

    def received(self, count: int = 1, **answers: Any) -> list[str]:
        """The ids of `count` submissions, oldest first."""
        ids = [new_id() for _ in range(count)]
        for instance_id in ids:
            self.submit(submission_xml(instance_id, **answers)).raise_for_status()
        return ids

    def odata(self, form: str = "contract", table: str = "Submissions", etag: str | None = None, **options: Any) -> Any:
        """The answer for options given without their `$`: odata(top=2, filter="...")."""
        params = {f"${name}": str(value) for name, value in options.items()}
        headers = {"If-None-Match": etag} if etag else {}
        return self.http.get(f"/forms/{form}.svc/{table}", params=params, headers=headers)

    def rows(self, **options: Any) -> list[dict[str, Any]]:
        answer = self.odata(**{"expand": "*", **options})
        rows: list[dict[str, Any]] = answer.raise_for_status().json()["value"]
        return rows

    def ids(self, **options: Any) -> list[str]:
        return [row["__id"] for row in self.rows(**options)]

    def one(self, instance_id: str, rest: str = "", form: str = "contract") -> str:
        """The path of a submission, and of what hangs on it."""
        return f"/forms/{form}/submissions/{quote(instance_id, safe='')}{rest}"

    def review(self, instance_id: str, state: str | None) -> httpx.Response:
        return self.http.patch(self.one(instance_id), json={"reviewState": state})


class Kit:
    """The builders above, for test files (which cannot import a conftest)."""

    new_id = staticmethod(new_id)
    form_xml = staticmethod(form_xml)
    submission_xml = staticmethod(submission_xml)
    workbook = staticmethod(workbook)
    png = PNG
    xlsx_type = XLSX_TYPE

    @staticmethod
    def skiptoken(link: str) -> str:
        """The token of a next link: only this part is safe to use, its host is whatever the server believes."""
        return parse_qs(urlsplit(link).query)["$skiptoken"][0]

    @staticmethod
    def cursor(token: str) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(base64.b64decode(token[2:]))
        return decoded

    @staticmethod
    def refused(answer: httpx.Response, code: float, **details: Any) -> dict[str, Any]:
        """Asserts Central's refusal: the status is the code's whole part, and the details hold what is given."""
        body: dict[str, Any] = answer.json()
        assert (answer.status_code, body["code"]) == (int(code), code), answer.text
        assert body["message"]
        held = body.get("details") or {}
        assert {name: held.get(name) for name in details} == details, answer.text
        return body


@pytest.fixture(scope="session")
def kit() -> Kit:
    return Kit()


@pytest.fixture(
    scope="session", params=["stand_in", pytest.param("real", marks=pytest.mark.real_central)], ids=["stand_in", "real"]
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if request.param == "stand_in":
        state: Path = tmp_path_factory.mktemp("central") / "state.sqlite"
        with StandIn(state) as stand_in:
            yield Server("stand_in", stand_in.url, stand_in.user, stand_in.password)
        return
    url = os.environ.get("RASOAT_CENTRAL_URL")
    if not url:
        pytest.skip("RASOAT_CENTRAL_URL names no real Central")
    yield Server("real", url, os.environ["RASOAT_CENTRAL_USER"], os.environ["RASOAT_CENTRAL_PASSWORD"])


@pytest.fixture(scope="session")
def admin(server: Server) -> Iterator[httpx.Client]:
    with server.client(server.log_in()) as http:
        yield http


@pytest.fixture
def project(server: Server, admin: httpx.Client) -> Iterator[Project]:
    name = f"Contract {uuid.uuid4()}"
    number = admin.post("/projects", json={"name": name}).raise_for_status().json()["id"]
    yield Project(server, admin, number)
    admin.delete(f"/projects/{number}").raise_for_status()


@pytest.fixture
def survey(project: Project) -> Project:
    """A project with the tests' form published."""
    project.publish()
    return project


@pytest.fixture
def wait_for() -> Callable[[Callable[[], Any]], Any]:
    """Asks again until the answer is true: some of Central's work is done a little later, by a worker."""
    import time

    def wait(ask: Callable[[], Any], seconds: float = 60) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := ask()) and time.monotonic() < deadline:
            time.sleep(0.25)
        return found

    return wait
