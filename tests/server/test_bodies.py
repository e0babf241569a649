"""Bodies that are too long or no bodies at all: refused with the reason, on pages and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from server.app import create_app
from server.database import Database, import_tables
from server.secrets import service as secrets
from server.settings import load_settings
from server.web.limits import LONGEST_BODY
from tests.server.people import csrf, open_browser

pytestmark = pytest.mark.filterwarnings("ignore::starlette.exceptions.StarletteDeprecationWarning")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("service")
    settings = load_settings({}, data={"dir": folder})
    database = Database(settings.database_url)
    import_tables().create_all(database.engine)
    secrets.set_up(database, settings)
    database.dispose()
    with open_browser(create_app(settings)) as opened:
        yield opened


@pytest.mark.parametrize("told", [True, False], ids=["its length told", "in pieces"])
def test_a_body_that_is_too_long_is_refused(client: TestClient, told: bool) -> None:
    long = b"username=" + b"a" * LONGEST_BODY
    pieces = (long[start : start + 65_536] for start in range(0, len(long), 65_536))
    answer = client.post("/login", content=long if told else pieces, headers=FORM)
    assert answer.status_code == 413
    assert "1 MB" in answer.text
    assert answer.headers["content-security-policy"]


def test_a_body_just_short_enough_is_read(client: TestClient) -> None:
    fields = f"csrf_token={csrf(client)}&username=".encode()
    answer = client.post("/login", content=fields + b"a" * (LONGEST_BODY - len(fields)), headers=FORM)
    assert answer.status_code == 422, "the field is too long, the body is not"


MALFORMED = {
    "no parts": (b"nonsense", "multipart/form-data; boundary=x"),
    "no boundary": (b"--x\r\n", "multipart/form-data"),
    "cut off": (
        b'--x\r\nContent-Disposition: form-data; name="code"\r\n\r\nlan',
        "multipart/form-data; boundary=x",
    ),
    "no JSON": (b'{"code": ', "application/json"),
    "deep JSON": (b"[" * 100_000, "application/json"),
    "no text": (b"code=%ff%fe&password=\xff\xfe", "application/x-www-form-urlencoded"),
    "too many fields": (b"&".join(b"a=1" for _ in range(5_000)), "application/x-www-form-urlencoded"),
    "no kind": (b"code=lan", ""),
    "a file for a word": (
        b'--x\r\nContent-Disposition: form-data; name="code"; filename="a.txt"\r\n\r\nlan\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
}


@pytest.mark.parametrize(("body", "kind"), MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_malformed_body_is_refused(client: TestClient, body: bytes, kind: str, accept: str) -> None:
    headers = {"Content-Type": kind, "Accept": accept, "X-CSRF-Token": csrf(client)}
    answer = client.post("/login/code", content=body, headers=headers)
    # What can be read holds no code that fits.
    assert answer.status_code in (400, 401, 422), answer.text
    assert "Traceback" not in answer.text
