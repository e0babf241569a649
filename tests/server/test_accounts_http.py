"""The pages of accounts, jobs and the access log: cookies, the second token of forms, roles, redirects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pyotp
import pytest
from fastapi import Depends, FastAPI, Form
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select

from server.accounts import own, passwords, people
from server.accounts.actor import Actor, AreaKind, Grant, Role
from server.accounts.dependencies import EVERY_REQUEST, current_actor, require, safe_next
from server.accounts.install import install
from server.accounts.login import Accounts
from server.accounts.policy import AccountPolicy
from server.accounts.tables import RoleGrant, User
from server.audit.tables import AuditEntry
from server.database import Base, Database, import_tables
from server.jobs.service import enqueue
from server.jobs.tables import Job
from server.secrets.service import create_key_file, prepare
from server.web import errors
from server.web.headers import SecurityHeaders

START = datetime(2026, 9, 1, 3, 0, tzinfo=UTC)
PASSWORD = "sáu con trâu qua cầu"
POLICY = AccountPolicy(secure_cookies=False)
COOKIE = POLICY.cookie_name
pytestmark = pytest.mark.filterwarnings("ignore::starlette.exceptions.StarletteDeprecationWarning")


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    monkeypatch.setattr(passwords, "_HASHER", cheap)
    monkeypatch.setattr(passwords, "_nobody", lambda: cheap.hash("nobody"))
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    import_tables()
    Base.metadata.create_all(database.engine)
    masters = create_key_file(tmp_path / "master.key")
    with database.session() as session:
        prepare(session, masters)
    yield Accounts(database, masters, POLICY, clock)
    database.dispose()


def make_app(accounts: Accounts) -> FastAPI:
    app = FastAPI(dependencies=EVERY_REQUEST)
    errors.install(app)
    install(app, accounts)
    app.add_middleware(SecurityHeaders)

    @app.get("/read")
    def read(actor: Annotated[Actor, Depends(current_actor)]) -> dict[str, str]:
        return {"user": actor.user_id}

    @app.post("/write")
    def write(actor: Annotated[Actor, Depends(current_actor)], text: Annotated[str, Form()] = "") -> dict[str, str]:
        return {"user": actor.user_id, "text": text}

    @app.post("/review")
    def review(
        actor: Annotated[Actor, Depends(require(Role.SUPERVISOR, scope="review:write"))],
    ) -> dict[str, str]:
        return {"user": actor.user_id}

    return app


@pytest.fixture
def app(accounts: Accounts) -> FastAPI:
    return make_app(accounts)


@pytest.fixture
def browser(app: FastAPI) -> Iterator[Callable[[], TestClient]]:
    opened: list[TestClient] = []

    def open_browser() -> TestClient:
        client = TestClient(app, follow_redirects=False, headers={"Accept": "text/html"})
        opened.append(client)
        return client

    yield open_browser
    for client in opened:
        client.close()


def make_user(accounts: Accounts, username: str, *roles: Role) -> str:
    with accounts.database.session() as session:
        user_id, link = people.create_user(accounts, session, None, username=username, full_name=f"Người {username}")
        for role in roles:
            people.give_role(accounts, session, None, user_id, role, AreaKind.PROVINCE, "33")
    own.set_password_by_link(accounts, link, PASSWORD)
    return user_id


def token_in(page: Any) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text
    return found[1]


def post(client: TestClient, path: str, form_of: str, **fields: Any) -> Any:
    """Send a form as its page would."""
    return client.post(path, data={"csrf_token": token_in(client.get(form_of)), **fields})


def log_in(client: TestClient, username: str, **more: Any) -> Any:
    return post(client, "/login", "/login", username=username, password=PASSWORD, **more)


# -- logging in -------------------------------------------------------------------------------------------------


def test_a_browser_logs_in_goes_on_and_logs_out(accounts: Accounts, browser: Callable[[], TestClient]) -> None:
    user_id = make_user(accounts, "lan")
    client = browser()
    assert client.get("/read").headers["location"] == "/login?next=/read"
    visitor_cookie = client.get("/login").cookies[COOKIE]
    answer = log_in(client, "lan", next="/read?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/read?x=1")
    assert client.cookies[COOKIE] != visitor_cookie, "no fixation"
    assert client.get("/read").json() == {"user": user_id}
    assert client.get("/login").status_code == 303, "logged in already"
    session_cookie = client.cookies[COOKIE]
    assert post(client, "/logout", "/account").status_code == 303
    assert client.get("/read").status_code == 303
    client.cookies.set(COOKIE, session_cookie)
    assert client.get("/read").status_code == 303, "a replayed cookie opens nothing"


def test_a_failed_login_says_so_in_the_language_of_the_page(
    accounts: Accounts, browser: Callable[[], TestClient]
) -> None:
    make_user(accounts, "lan")
    client = browser()
    answer = post(client, "/login", "/login", username="lan", password="wrong password")
    assert answer.status_code == 401
    assert "Tên đăng nhập hoặc mật khẩu không đúng." in answer.text
    assert "wrong password" not in answer.text
    for _ in range(4):
        post(client, "/login", "/login", username="lan", password="wrong password")
    assert log_in(client, "lan").status_code == 429


def test_a_planted_cookie_is_never_a_session(accounts: Accounts, browser: Callable[[], TestClient]) -> None:
    make_user(accounts, "lan")
    attacker, victim = browser(), browser()
    attacker.get("/login")
    planted = attacker.cookies[COOKIE]
    victim.cookies.set(COOKIE, planted)
    assert log_in(victim, "lan").status_code == 303
    assert victim.get("/read").status_code == 200
    assert attacker.get("/read").status_code == 303


def test_the_second_step_in_the_browser(accounts: Accounts, browser: Callable[[], TestClient], clock: Clock) -> None:
    make_user(accounts, "lan")
    client = browser()
    log_in(client, "lan")
    assert client.get("/account/totp.svg").status_code == 409
    assert post(client, "/account/totp", "/account").status_code == 303
    page = client.get("/account")
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.text)
    assert secret is not None
    picture = client.get("/account/totp.svg")
    assert (picture.headers["content-type"], picture.headers["cache-control"]) == ("image/svg+xml", "no-store")
    app_on_phone = pyotp.TOTP(secret[1])
    assert post(client, "/account/totp/confirm", "/account", code=app_on_phone.at(clock.now)).status_code == 303
    assert secret[1] not in client.get("/account").text
    clock.now += timedelta(minutes=1)

    other = browser()
    page = log_in(other, "lan", next="/read")
    assert page.status_code == 200
    assert other.get("/read").status_code == 303, "not yet"
    wrong = other.post("/login/code", data={"csrf_token": token_in(page), "code": "12345"})
    assert wrong.status_code == 401
    code = {"csrf_token": token_in(wrong), "code": app_on_phone.at(clock.now), "next": "/read"}
    answer = other.post("/login/code", data=code)
    assert (answer.status_code, answer.headers["location"]) == (303, "/read")
    assert other.get("/read").status_code == 200


@given(st.text())
def test_after_logging_in_one_stays_on_this_service(address: str) -> None:
    going = safe_next(address)
    assert going.startswith("/")
    assert not going.startswith("//")
    assert "\\" not in going
    assert going.isprintable()


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example"])
def test_another_service_is_not_gone_to(address: str) -> None:
    assert safe_next(address) == "/"


# -- cookies and forms ------------------------------------------------------------------------------------------


def test_the_cookie_is_for_this_host_and_not_for_scripts(accounts: Accounts) -> None:
    secure = replace(accounts, policy=AccountPolicy())
    make_user(secure, "lan")
    with TestClient(make_app(secure), base_url="https://rasoat.example", follow_redirects=False) as client:
        client.headers["Accept"] = "text/html"
        for answer in (client.get("/login"), log_in(client, "lan")):
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith("__Host-rasoat=")
            assert {"httponly", "secure", "path=/", "samesite=lax"} <= set(cookie.lower().split("; "))
            assert "domain" not in cookie.lower()


def test_a_form_without_its_second_token_is_refused(accounts: Accounts, browser: Callable[[], TestClient]) -> None:
    make_user(accounts, "lan")
    client, other = browser(), browser()
    log_in(client, "lan")
    log_in(other, "lan")
    mine, of_other = token_in(client.get("/account")), token_in(other.get("/account"))
    for data in ({}, {"csrf_token": ""}, {"csrf_token": of_other}, {"csrf_token": client.cookies[COOKIE]}):
        answer = client.post("/write", data={"text": "x", **data})
        assert answer.status_code == 403, data
    assert client.post("/write", data={"csrf_token": mine, "text": "x"}).json()["text"] == "x"
    assert client.post("/write", headers={"X-CSRF-Token": mine}).status_code == 200, "as htmx sends it"
    assert client.post("/write", headers={"X-CSRF-Token": of_other}).status_code == 403
    assert client.post("/write", json={"csrf_token": mine}).status_code == 403, "the header for other bodies"
    # Logging in needs it too: nobody is logged in to another's account by a foreign form.
    assert browser().post("/login", data={"username": "lan", "password": PASSWORD}).status_code == 403


def test_a_program_gets_no_cookie(app: FastAPI) -> None:
    with TestClient(app) as client:
        answer = client.get("/read", headers={"Accept": "application/json"})
        assert answer.status_code == 401
        assert answer.json()["error"] == "not_logged_in"
        assert "set-cookie" not in answer.headers


def test_htmx_is_sent_to_the_login(browser: Callable[[], TestClient]) -> None:
    answer = browser().get("/read", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login")


# -- API tokens -------------------------------------------------------------------------------------------------


def test_a_token_reads_and_writes_only_where_its_scope_is_named(
    accounts: Accounts, browser: Callable[[], TestClient], app: FastAPI, clock: Clock
) -> None:
    user_id = make_user(accounts, "lan", Role.SUPERVISOR)
    client = browser()
    log_in(client, "lan")
    page = post(client, "/account/tokens", "/account", name="bảng", scopes=["aggregates:read"], days="30")
    narrow = re.search(r"<code>(rasoat_[\w-]+)</code>", page.text)
    assert narrow is not None
    assert narrow[1] not in client.get("/account").text, "shown once"
    page = post(client, "/account/tokens", "/account", name="duyệt", scopes=["review:write"], days="30")
    wide = re.search(r"<code>(rasoat_[\w-]+)</code>", page.text)
    assert wide is not None

    with TestClient(app) as program:

        def call(method: str, path: str, token: str) -> Any:
            return program.request(method, path, headers={"Authorization": f"Bearer {token}"})

        assert call("GET", "/read", narrow[1]).json() == {"user": user_id}
        assert call("POST", "/write", narrow[1]).status_code == 403, "no scope is named there"
        assert call("POST", "/review", narrow[1]).status_code == 403
        assert call("POST", "/review", wide[1]).json() == {"user": user_id}
        for path in ("/account", "/account/totp.svg", "/admin/users"):
            assert call("GET", path, wide[1]).status_code == 403, "pages are for people"
        for forged in ("rasoat_" + "a" * 43, "", "x", client.cookies[COOKIE]):
            assert call("GET", "/read", forged).status_code == 401
        # A bad token is refused even beside a good cookie: it is the program that asks.
        program.cookies.set(COOKIE, client.cookies[COOKIE])
        assert call("GET", "/read", "rasoat_forged").status_code == 401
        program.cookies.clear()
        clock.now += timedelta(days=30)
        assert call("GET", "/read", narrow[1]).status_code == 401, "expired"


def test_a_token_is_taken_back_on_the_page(accounts: Accounts, browser: Callable[[], TestClient]) -> None:
    make_user(accounts, "lan")
    client = browser()
    log_in(client, "lan")
    post(client, "/account/tokens", "/account", name="bảng", scopes=["aggregates:read"], days="30")
    assert post(client, "/account/tokens/1/revoke", "/account").status_code == 303
    assert post(client, "/account/tokens/1/revoke", "/account").status_code == 404
    assert post(client, "/account/tokens", "/account", name="x", scopes=["all"], days="30").status_code == 422


# -- own account ------------------------------------------------------------------------------------------------


def test_a_password_is_changed_and_other_browsers_are_out(
    accounts: Accounts, browser: Callable[[], TestClient]
) -> None:
    make_user(accounts, "lan")
    here, there = browser(), browser()
    log_in(here, "lan")
    log_in(there, "lan")
    new = "bảy con bò qua sông"
    wrong = post(here, "/account/password", "/account", old=PASSWORD, new=new, again="khác")
    assert wrong.status_code == 422
    assert "Hai lần nhập mật khẩu không giống nhau." in wrong.text
    assert post(here, "/account/password", "/account", old="sai", new=new, again=new).status_code == 403
    assert post(here, "/account/password", "/account", old=PASSWORD, new=new, again=new).status_code == 303
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 303


def test_a_conflict_of_interest_is_declared_and_logged(accounts: Accounts, browser: Callable[[], TestClient]) -> None:
    make_user(accounts, "lan", Role.SUPERVISOR)
    client = browser()
    log_in(client, "lan")
    for _ in range(2):
        assert post(client, "/account/conflicts", "/account", kind="household", reference="h7").status_code == 303
    assert "h7" in client.get("/account").text
    assert post(client, "/account/conflicts", "/account", kind="other", reference="h7").status_code == 422
    with accounts.database.session() as session:
        events = session.scalars(select(AuditEntry).where(AuditEntry.action == "conflict.declare")).all()
        assert events[0].object_id == "h7"


# -- links ------------------------------------------------------------------------------------------------------


def test_a_link_sets_a_password_in_the_browser(
    accounts: Accounts, browser: Callable[[], TestClient], clock: Clock
) -> None:
    make_user(accounts, "admin", Role.ADMINISTRATOR)
    administrator, person = browser(), browser()
    log_in(administrator, "admin")
    page = post(administrator, "/admin/users", "/admin/users", username="hoa", full_name="Lê Thị Hoa", enumerator="")
    link = re.search(r"<code>http://testserver(/reset/[\w-]+)</code>", page.text)
    assert link is not None
    form = person.get(link[1])
    assert form.headers["referrer-policy"] == "no-referrer"
    assert form.headers["cache-control"] == "no-store"
    assert post(person, link[1], link[1], password=PASSWORD, again="khác").status_code == 422
    assert post(person, link[1], link[1], password="ngắn", again="ngắn").status_code == 422
    assert post(person, link[1], link[1], password=PASSWORD, again=PASSWORD).headers["location"] == "/login"
    assert person.get(link[1]).status_code == 410
    assert log_in(person, "hoa").status_code == 303
    assert person.get("/reset/nonsense").status_code == 410


# -- administration, jobs, log ----------------------------------------------------------------------------------


def test_an_administrator_gives_roles_and_locks(accounts: Accounts, browser: Callable[[], TestClient]) -> None:
    make_user(accounts, "admin", Role.ADMINISTRATOR)
    lan = make_user(accounts, "lan")
    client, person = browser(), browser()
    log_in(client, "admin")
    log_in(person, "lan")
    area = {"area_kind": "commune", "area_code": "12001", "valid_from": "2026-09-01", "valid_to": ""}

    def send(path: str, **fields: str) -> int:
        return int(post(client, path, "/admin/users", **fields).status_code)

    assert send(f"/admin/users/{lan}/roles", role="supervisor", **area) == 303
    assert send(f"/admin/users/{lan}/roles", role="emperor", **area) == 422
    assert send(f"/admin/users/{lan}/roles", role="clerk", **area | {"valid_from": "1/9/2026"}) == 422
    assert send(f"/admin/users/{lan}/roles", role="administrator", **area) in (409, 422)
    assert "12001" in person.get("/account").text
    with accounts.database.session() as session:
        grant_id = session.scalar(select(RoleGrant.id).where(RoleGrant.user_id == lan))
    assert send(f"/admin/roles/{grant_id}/take") == 303
    assert send(f"/admin/roles/{grant_id}/take") == 404
    assert send(f"/admin/users/{lan}/disable") == 303
    assert person.get("/account").status_code == 303
    assert send(f"/admin/users/{lan}/enable") == 303
    assert send(f"/admin/users/{lan}/clear-totp") == 303
    assert send("/admin/users/nobody/disable") == 404
    assert "/reset/" in post(client, f"/admin/users/{lan}/link", "/admin/users").text
    assert send("/admin/users", username="Lan Anh", full_name="x", enumerator="") == 422


PAGES = {
    "/admin/users": {Role.ADMINISTRATOR},
    "/admin/jobs": {Role.ADMINISTRATOR},
    "/admin/audit": {Role.ADMINISTRATOR, Role.PROVINCE_OFFICER},
    "/account": set(Role),
}
WRITES = (
    "/admin/users",
    "/admin/users/x/link",
    "/admin/users/x/roles",
    "/admin/roles/1/take",
    "/admin/users/x/disable",
    "/admin/users/x/enable",
    "/admin/users/x/clear-totp",
    "/admin/jobs/1/retry",
)


def test_pages_are_closed_to_the_anonymous(browser: Callable[[], TestClient]) -> None:
    client = browser()
    for page in PAGES:
        assert client.get(page).headers["location"] == f"/login?next={page}"
    csrf = token_in(client.get("/login"))
    own_writes = ("/account/password", "/account/totp", "/account/tokens", "/account/conflicts")
    for page in (*WRITES, *own_writes):
        assert client.post(page, data={"csrf_token": csrf}).status_code == 401, page


@pytest.mark.parametrize("role", list(Role))
def test_pages_open_for_their_roles_alone(accounts: Accounts, browser: Callable[[], TestClient], role: Role) -> None:
    make_user(accounts, "lan", role)
    client = browser()
    log_in(client, "lan")
    for page, roles in PAGES.items():
        assert client.get(page).status_code == (200 if role in roles else 403), page
    if role is not Role.ADMINISTRATOR:
        for page in WRITES:
            assert post(client, page, "/account").status_code == 403, page


def test_a_dead_letter_is_tried_again_once(accounts: Accounts, browser: Callable[[], TestClient]) -> None:
    make_user(accounts, "admin", Role.ADMINISTRATOR)
    client = browser()
    log_in(client, "admin")
    assert "Chưa có công việc nào" in client.get("/admin/jobs").text
    with accounts.database.session() as session:
        job = enqueue(session, "sync", clock=accounts.clock)
        job.state, job.last_error = "dead", "central_down"
        job_id = job.id
    assert "central_down" in client.get("/admin/jobs").text
    assert post(client, f"/admin/jobs/{job_id}/retry", "/admin/users").status_code == 303
    assert post(client, f"/admin/jobs/{job_id}/retry", "/admin/users").status_code == 404
    with accounts.database.session() as session:
        assert session.scalars(select(Job.state)).one() == "queued"
        assert "job.retry" in session.scalars(select(AuditEntry.action)).all()


def test_the_log_is_read_page_by_page(accounts: Accounts, browser: Callable[[], TestClient]) -> None:
    make_user(accounts, "admin", Role.ADMINISTRATOR)
    client = browser()
    log_in(client, "admin")
    for _ in range(60):
        with accounts.database.session() as session:
            user_id = session.scalar(select(User.id))
            assert user_id is not None
            people.enable(accounts, session, None, user_id)
            people.create_reset_link(accounts, session, None, user_id)
    first = client.get("/admin/audit")
    older = re.search(r'href="/admin/audit\?before=(\d+)"', first.text)
    assert older is not None
    rest = client.get(f"/admin/audit?before={older[1]}")
    assert first.text.count("<tr>") + rest.text.count("<tr>") - 2 == 120 + 5
    assert client.get("/admin/audit?before=0").status_code == 422


def test_the_demo_has_a_visitor_who_has_no_account(accounts: Accounts) -> None:
    demo = Actor("demo", (Grant(Role.SUPERVISOR, AreaKind.PROVINCE, "33"),), "demo", is_demo=True)
    with TestClient(make_app(replace(accounts, demo_actor=demo)), follow_redirects=False) as client:
        client.headers["Accept"] = "text/html"
        assert client.get("/read").json() == {"user": "demo"}
        csrf = token_in(client.get("/login"))
        assert client.post("/write", data={"csrf_token": csrf}).json()["user"] == "demo"
        assert client.post("/write").status_code == 403
        for page in ("/account", "/admin/users"):
            assert client.get(page).status_code == 403
