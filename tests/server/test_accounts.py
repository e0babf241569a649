"""Logging in, sessions, second step, links, tokens, administration: below the pages, on both databases."""

from __future__ import annotations

import base64
import re
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, select

from server.accounts import login, own, passwords, people, totp
from server.accounts.actor import Actor, AreaKind, Grant, Role
from server.accounts.errors import REFUSALS, Refused
from server.accounts.login import Accounts
from server.accounts.policy import AccountPolicy
from server.accounts.tables import (
    ApiToken,
    AreaCommune,
    Conflict,
    LoginAttempt,
    ResetLink,
    RoleGrant,
    User,
    UserSession,
)
from server.accounts.tokens import csrf_matches, csrf_token, new_token
from server.audit.service import verify
from server.audit.tables import AuditEntry, AuditHead
from server.database import Base, Database
from server.secrets.service import create_key_file, prepare
from server.secrets.tables import HouseholdKey, ServiceKey, StoredMasterKey

START = datetime(2026, 9, 1, 3, 0, tzinfo=UTC)
PASSWORD = "sáu con trâu qua cầu"
HERE = "192.0.2.7"
TABLES = (
    StoredMasterKey,
    ServiceKey,
    HouseholdKey,
    AuditEntry,
    AuditHead,
    User,
    RoleGrant,
    AreaCommune,
    UserSession,
    ApiToken,
    ResetLink,
    LoginAttempt,
    Conflict,
)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **of_time: float) -> None:
        self.now += timedelta(**of_time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(any_database: Database, tmp_path: Path, clock: Clock) -> Accounts:
    Base.metadata.create_all(any_database.engine, tables=[model.__table__ for model in TABLES])
    masters = create_key_file(tmp_path / "master.key")
    with any_database.session() as session:
        prepare(session, masters)
    return Accounts(any_database, masters, AccountPolicy(), clock)


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same argon2id with little memory and one pass: these tests log in a hundred times."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    monkeypatch.setattr(passwords, "_HASHER", cheap)
    monkeypatch.setattr(passwords, "_nobody", lambda: cheap.hash("nobody"))


def make_user(accounts: Accounts, username: str = "lan") -> str:
    """A user with `PASSWORD`, set through the link as a person does."""
    with accounts.database.session() as session:
        user_id, link = people.create_user(accounts, session, None, username=username, full_name="Trần Thị Lan")
    own.set_password_by_link(accounts, link, PASSWORD)
    return user_id


@pytest.fixture
def lan(accounts: Accounts) -> str:
    return make_user(accounts)


def actor_of(accounts: Accounts, token: str) -> Actor:
    actor = login.actor_of_session(accounts, token)
    assert actor is not None
    return actor


def refusal(of: pytest.ExceptionInfo[Refused]) -> str:
    return of.value.code


# -- logging in -------------------------------------------------------------------------------------------------


def test_a_person_logs_in_with_the_roles_of_the_day(accounts: Accounts, lan: str, clock: Clock) -> None:
    today = START.date()
    roles = [
        (Role.SUPERVISOR, "12001", today, None),
        (Role.CLERK, "12002", today - timedelta(days=9), today - timedelta(days=1)),
        (Role.PLANNER, "12003", today + timedelta(days=1), None),
    ]
    with accounts.database.session() as session:
        for role, code, first, last in roles:
            people.give_role(
                accounts, session, None, lan, role, AreaKind.COMMUNE, code, valid_from=first, valid_to=last or None
            )
    begun = login.log_in(accounts, "  LAN ", PASSWORD, HERE, None)
    actor = actor_of(accounts, begun.token)
    assert actor.grants == (Grant(Role.SUPERVISOR, AreaKind.COMMUNE, "12001"),)
    assert (actor.user_id, actor.scopes, actor.is_demo) == (lan, None, False)
    clock.pass_(hours=1)
    assert actor_of(accounts, begun.token).grants == actor.grants
    clock.pass_(days=1)
    again = login.log_in(accounts, "lan", PASSWORD, HERE, None)
    assert {grant.role for grant in actor_of(accounts, again.token).grants} == {Role.SUPERVISOR, Role.PLANNER}


def test_roles_change_at_midnight_in_viet_nam(accounts: Accounts, lan: str, clock: Clock) -> None:
    with accounts.database.session() as session:
        people.give_role(
            accounts, session, None, lan, Role.CLERK, AreaKind.COMMUNE, "12001", valid_from=date(2026, 9, 2)
        )
    clock.now = datetime(2026, 9, 1, 16, 59, tzinfo=UTC)
    token = login.log_in(accounts, "lan", PASSWORD, HERE, None).token
    assert actor_of(accounts, token).grants == ()
    clock.pass_(minutes=1)
    assert actor_of(accounts, token).grants != ()


@pytest.mark.parametrize(
    ("username", "password"),
    [("lan", "wrong password"), ("nobody", PASSWORD), ("", ""), ("lan\0", PASSWORD), ("lan", "x" * 5000)],
)
def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    accounts: Accounts, lan: str, username: str, password: str
) -> None:
    with pytest.raises(Refused) as refused:
        login.log_in(accounts, username, password, HERE, None)
    assert refusal(refused) == "login_failed"


def test_an_account_without_a_password_or_disabled_is_closed(accounts: Accounts, lan: str) -> None:
    with accounts.database.session() as session:
        people.create_user(accounts, session, None, username="new", full_name="N")
    for name in ("new", "lan"):
        if name == "lan":
            token = login.log_in(accounts, "lan", PASSWORD, HERE, None).token
            with accounts.database.session() as session:
                people.disable(accounts, session, None, lan)
            assert login.actor_of_session(accounts, token) is None
        with pytest.raises(Refused) as refused:
            login.log_in(accounts, name, PASSWORD, HERE, None)
        assert refusal(refused) == "login_failed"


def test_letters_typed_decomposed_are_the_same_password(accounts: Accounts, lan: str) -> None:
    import unicodedata

    assert login.log_in(accounts, "lan", unicodedata.normalize("NFD", PASSWORD), HERE, None).user_id == lan


def test_five_failures_lock_the_account_even_for_the_right_password(accounts: Accounts, lan: str, clock: Clock) -> None:
    for _ in range(5):
        with pytest.raises(Refused, match="không đúng"):
            login.log_in(accounts, "lan", "wrong password", HERE, None)
    for address in (HERE, "198.51.100.1"):
        with pytest.raises(Refused) as refused:
            login.log_in(accounts, "lan", PASSWORD, address, None)
        assert refusal(refused) == "locked"
    other = make_user(accounts, "minh")
    assert login.log_in(accounts, "minh", PASSWORD, HERE, None).user_id == other, "others are not locked"
    clock.pass_(minutes=15, seconds=1)
    assert login.log_in(accounts, "lan", PASSWORD, HERE, None).user_id == lan


def test_a_login_forgets_failures_and_an_administrator_lifts_a_lock(accounts: Accounts, lan: str) -> None:
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(Refused):
                login.log_in(accounts, "lan", "wrong password", HERE, None)
        login.log_in(accounts, "lan", PASSWORD, HERE, None)
    for _ in range(5):
        with pytest.raises(Refused):
            login.log_in(accounts, "lan", "wrong password", HERE, None)
    with accounts.database.session() as session:
        people.enable(accounts, session, None, lan)
    assert login.log_in(accounts, "lan", PASSWORD, HERE, None).user_id == lan


def test_one_address_cannot_try_every_name(accounts: Accounts, lan: str) -> None:
    accounts = replace(accounts, policy=AccountPolicy(attempts_per_address=3))
    for n in range(3):
        with pytest.raises(Refused):
            login.log_in(accounts, f"name{n}", "wrong password", HERE, None)
    with pytest.raises(Refused) as refused:
        login.log_in(accounts, "lan", PASSWORD, HERE, None)
    assert refusal(refused) == "locked"
    assert login.log_in(accounts, "lan", PASSWORD, "198.51.100.1", None).user_id == lan


def test_attempts_at_the_same_time_count_one_another(
    accounts: Accounts, lan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(
        passwords, "verify_password", lambda password, stored, policy: tried.append(password) is not None
    )
    start = threading.Barrier(12)

    def guess(n: int) -> None:
        start.wait()
        with pytest.raises(Refused):
            login.log_in(accounts, "lan", f"guess {n}", HERE, None)

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tried) <= 5


def test_what_is_stored_of_attempts_names_nobody(accounts: Accounts, lan: str) -> None:
    with pytest.raises(Refused):
        login.log_in(accounts, "my password typed as name", "x", HERE, None)
    with accounts.database.session() as session:
        for row in session.scalars(select(LoginAttempt)):
            assert len(row.account_hash) == len(row.address_hash) == 64
            assert int(row.account_hash, 16) >= 0
        entries = session.scalars(select(AuditEntry)).all()
        assert entries[-1].action == "login.failed"
        assert entries[-1].object_id is None
        assert verify(session).broken_seq is None


# -- sessions ---------------------------------------------------------------------------------------------------


def test_a_session_never_keeps_the_token_the_browser_came_with(accounts: Accounts, lan: str) -> None:
    planted = new_token()
    begun = login.log_in(accounts, "lan", PASSWORD, HERE, planted)
    assert begun.token != planted
    assert login.actor_of_session(accounts, planted) is None
    again = login.log_in(accounts, "lan", PASSWORD, HERE, begun.token)
    assert login.actor_of_session(accounts, begun.token) is None, "the session before ends"
    assert login.actor_of_session(accounts, again.token) is not None


def test_a_session_ends_when_idle_and_at_its_longest(accounts: Accounts, lan: str, clock: Clock) -> None:
    token = login.log_in(accounts, "lan", PASSWORD, HERE, None).token
    for _ in range(11):
        clock.pass_(hours=1)
        assert login.actor_of_session(accounts, token) is not None
    clock.pass_(hours=1)
    assert login.actor_of_session(accounts, token) is None, "twelve hours at the longest"
    token = login.log_in(accounts, "lan", PASSWORD, HERE, None).token
    clock.pass_(hours=2)
    assert login.actor_of_session(accounts, token) is None, "two hours idle"


def test_logging_out_ends_the_session_for_good(accounts: Accounts, lan: str) -> None:
    token = login.log_in(accounts, "lan", PASSWORD, HERE, None).token
    other = login.log_in(accounts, "lan", PASSWORD, HERE, None).token
    login.log_out(accounts, token)
    assert login.actor_of_session(accounts, token) is None, "a replayed cookie opens nothing"
    assert login.actor_of_session(accounts, other) is not None
    login.log_out(accounts, token)
    login.log_out(accounts, "nonsense")


@pytest.mark.parametrize("forged", ["", "x", "\0", "a" * 43, "a" * 10_000, "../../etc", "é" * 43])
def test_a_forged_token_is_nobody(accounts: Accounts, lan: str, forged: str) -> None:
    assert login.actor_of_session(accounts, forged) is None
    assert login.actor_of_token(accounts, forged) is None
    assert login.actor_of_token(accounts, "rasoat_" + forged) is None
    assert not own.link_is_good(accounts, forged)


def test_the_database_holds_no_token_and_no_password(accounts: Accounts, lan: str) -> None:
    token = login.log_in(accounts, "lan", PASSWORD, HERE, None).token
    with accounts.database.session() as session:
        assert session.scalar(select(func.count()).where(UserSession.token_hash == token)) == 0
        stored = session.scalar(select(User.password_hash))
        assert stored is not None
        assert stored.startswith("$argon2id$")


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_second_token_belongs_to_its_cookie(one: str, other: str) -> None:
    one, other = one.encode("utf-8", "replace").decode(), other.encode("utf-8", "replace").decode()
    assert csrf_matches(one, csrf_token(one))
    assert csrf_matches(other, csrf_token(one)) == (one == other)
    assert not csrf_matches(one, one)


# -- second step ------------------------------------------------------------------------------------------------

# RFC 6238, appendix B, SHA-1: the last six of the eight digits.
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
RFC_VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.mark.parametrize(("seconds", "code"), RFC_VECTORS)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert totp.matching_step(RFC_SECRET, code, at, 0) == seconds // 30
    assert totp.matching_step(RFC_SECRET, code, at, seconds // 30) is None, "good once"
    assert totp.matching_step(RFC_SECRET, code, at + timedelta(seconds=30), 0) == seconds // 30
    assert totp.matching_step(RFC_SECRET, code, at + timedelta(seconds=61), 0) is None
    assert totp.matching_step(RFC_SECRET, f"{code[:3]} {code[3:]}", at, 0) is not None


@given(st.text())
def test_anything_but_six_digits_is_no_code(text: str) -> None:
    if not ("".join(text.split()).isascii() and "".join(text.split()).isdigit()):
        assert totp.matching_step(RFC_SECRET, text, START, 0) is None


@pytest.fixture
def secret(accounts: Accounts, lan: str, clock: Clock) -> str:
    """Lan's second step switched on; the secret of her app."""
    actor = actor_of(accounts, login.log_in(accounts, "lan", PASSWORD, HERE, None).token)
    uri = own.begin_totp(accounts, actor)
    made = pyotp.parse_uri(uri)
    assert isinstance(made, pyotp.TOTP)
    with pytest.raises(Refused):
        own.confirm_totp(accounts, actor, "000000" if made.at(clock.now) != "000000" else "111111")
    assert not login.log_in(accounts, "lan", PASSWORD, HERE, None).needs_code, "not asked for until confirmed"
    own.confirm_totp(accounts, actor, made.at(clock.now))
    assert own.pending_totp(accounts, actor) is None, "a confirmed secret is never shown"
    clock.pass_(minutes=1)
    return made.secret


def test_the_code_is_asked_for_and_good_once(accounts: Accounts, lan: str, clock: Clock, secret: str) -> None:
    begun = login.log_in(accounts, "lan", PASSWORD, HERE, None)
    assert begun.needs_code
    assert login.actor_of_session(accounts, begun.token) is None, "the password alone opens nothing"
    code = pyotp.TOTP(secret).at(clock.now)
    full = login.give_code(accounts, begun.token, code, HERE)
    assert full.token != begun.token
    assert actor_of(accounts, full.token).user_id == lan
    with pytest.raises(Refused) as refused:
        login.give_code(accounts, begun.token, code, HERE)
    assert refusal(refused) == "login_again"
    second = login.log_in(accounts, "lan", PASSWORD, HERE, None)
    with pytest.raises(Refused) as refused:
        login.give_code(accounts, second.token, code, HERE)
    assert refusal(refused) == "code_failed", "a code seen over the shoulder is used up"


def test_the_first_step_does_not_last(accounts: Accounts, clock: Clock, secret: str) -> None:
    begun = login.log_in(accounts, "lan", PASSWORD, HERE, None)
    clock.pass_(minutes=5)
    with pytest.raises(Refused) as refused:
        login.give_code(accounts, begun.token, pyotp.TOTP(secret).at(clock.now), HERE)
    assert refusal(refused) == "login_again"


def test_a_full_session_is_no_first_step(accounts: Accounts, lan: str) -> None:
    token = login.log_in(accounts, "lan", PASSWORD, HERE, None).token
    with pytest.raises(Refused):
        login.give_code(accounts, token, "123456", HERE)


def test_codes_cannot_be_guessed_by_giving_the_password_again(accounts: Accounts, clock: Clock, secret: str) -> None:
    right = pyotp.TOTP(secret)
    seen = []
    for n in range(6):
        try:
            begun = login.log_in(accounts, "lan", PASSWORD, HERE, None)
            wrong = next(f"{k:06d}" for k in range(n, n + 9) if f"{k:06d}" not in near(right, clock))
            login.give_code(accounts, begun.token, wrong, HERE)
        except Refused as error:
            seen.append(error.code)
    assert seen.count("code_failed") <= 3
    assert seen[-1] == "locked"


def near(app: pyotp.TOTP, clock: Clock) -> set[str]:
    return {app.at(clock.now + timedelta(seconds=30 * drift)) for drift in (-1, 0, 1)}


def test_the_secret_is_sealed_and_can_be_given_up(accounts: Accounts, lan: str, secret: str, clock: Clock) -> None:
    with accounts.database.session() as session:
        sealed = session.scalar(select(User.totp_sealed).where(User.id == lan))
        assert sealed is not None
        assert secret.encode() not in sealed
    begun = login.log_in(accounts, "lan", PASSWORD, HERE, None)
    actor = actor_of(accounts, login.give_code(accounts, begun.token, pyotp.TOTP(secret).at(clock.now), HERE).token)
    with pytest.raises(Refused) as refused:
        own.end_totp(accounts, actor, "wrong password")
    assert refusal(refused) == "password_wrong"
    own.end_totp(accounts, actor, PASSWORD)
    assert not login.log_in(accounts, "lan", PASSWORD, HERE, None).needs_code


def test_the_qr_code_is_an_svg_without_scripts() -> None:
    picture = totp.qr_svg(totp.enrolment_uri(RFC_SECRET, "lan"))
    assert picture.lstrip().startswith((b"<?xml", b"<svg"))
    assert b"<script" not in picture


# -- links and passwords ----------------------------------------------------------------------------------------


def test_a_link_is_good_once_and_ends_what_was_open(accounts: Accounts, lan: str) -> None:
    token = login.log_in(accounts, "lan", PASSWORD, HERE, None).token
    api = own.create_token(accounts, actor_of(accounts, token), "script", ["aggregates:read"], 30)
    with accounts.database.session() as session:
        link = people.create_reset_link(accounts, session, None, lan)
    assert own.link_is_good(accounts, link)
    own.set_password_by_link(accounts, link, "another long secret")
    assert not own.link_is_good(accounts, link)
    with pytest.raises(Refused) as refused:
        own.set_password_by_link(accounts, link, "yet another secret")
    assert refusal(refused) == "link_bad"
    assert login.actor_of_session(accounts, token) is None
    assert login.actor_of_token(accounts, api) is None
    assert login.log_in(accounts, "lan", "another long secret", HERE, None).user_id == lan


def test_a_link_expires_and_a_newer_one_replaces_it(accounts: Accounts, lan: str, clock: Clock) -> None:
    with accounts.database.session() as session:
        first = people.create_reset_link(accounts, session, None, lan)
        second = people.create_reset_link(accounts, session, None, lan)
    assert not own.link_is_good(accounts, first)
    clock.pass_(hours=24)
    with pytest.raises(Refused):
        own.set_password_by_link(accounts, second, "another long secret")


def test_a_bad_password_leaves_the_link_good(accounts: Accounts, lan: str) -> None:
    with accounts.database.session() as session:
        link = people.create_reset_link(accounts, session, None, lan)
    with pytest.raises(Refused) as refused:
        own.set_password_by_link(accounts, link, "short")
    assert refusal(refused) == "password_short"
    assert own.link_is_good(accounts, link)


def test_of_two_who_use_a_link_at_once_one_wins(accounts: Accounts, lan: str) -> None:
    with accounts.database.session() as session:
        link = people.create_reset_link(accounts, session, None, lan)
    won, start = [], threading.Barrier(3)

    def use(n: int) -> None:
        start.wait()
        try:
            own.set_password_by_link(accounts, link, f"a long secret of {n}")
            won.append(n)
        except Refused:
            pass

    threads = [threading.Thread(target=use, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert login.log_in(accounts, "lan", f"a long secret of {won[0]}", HERE, None).user_id == lan


def test_changing_the_password_ends_every_other_session(accounts: Accounts, lan: str) -> None:
    here, there = (login.log_in(accounts, "lan", PASSWORD, HERE, None).token for _ in range(2))
    actor = actor_of(accounts, here)
    with pytest.raises(Refused) as refused:
        own.change_password(accounts, actor, "wrong password", "another long secret")
    assert refusal(refused) == "password_wrong"
    fresh = own.change_password(accounts, actor, PASSWORD, "another long secret")
    assert login.actor_of_session(accounts, here) is None
    assert login.actor_of_session(accounts, there) is None
    assert login.actor_of_session(accounts, fresh) is not None


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_short"),
        ("x" * 201, "password_long"),
        ("tranthilan2026", "password_guessable"),
        ("Matkhau@123456", "password_guessable"),
        ("aaaaaaaaaaaaaa", "password_guessable"),
    ],
)
def test_a_weak_password_is_refused(password: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        passwords.check_new(password, "tranthilan", AccountPolicy())
    assert refusal(refused) == code


def test_hashing_costs_a_guesser_memory_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    memory, passes = re.search(r"\$m=(\d+),t=(\d+),", passwords.hash_password(PASSWORD)).groups()  # type: ignore[union-attr]
    assert int(memory) >= 19 * 1024  # KiB, with two passes: OWASP's least for argon2id
    assert int(passes) >= 2


def test_a_long_phrase_is_taken() -> None:
    passwords.check_new(PASSWORD, "lan", AccountPolicy())
    passwords.check_new("lan đi chợ mua cá", "lan", AccountPolicy())


# -- API tokens -------------------------------------------------------------------------------------------------


def test_an_api_token_has_its_scopes_until_it_expires(accounts: Accounts, lan: str, clock: Clock) -> None:
    actor = actor_of(accounts, login.log_in(accounts, "lan", PASSWORD, HERE, None).token)
    token = own.create_token(accounts, actor, "script", ["aggregates:read", "aggregates:read"], 30)
    program = login.actor_of_token(accounts, token)
    assert program is not None
    assert program.scopes == frozenset({"aggregates:read"})
    assert login.actor_of_session(accounts, token) is None, "a token is no cookie"
    assert login.actor_of_token(accounts, token[:-1]) is None
    clock.pass_(days=30)
    assert login.actor_of_token(accounts, token) is None


def test_a_revoked_token_and_one_of_another_person(accounts: Accounts, lan: str) -> None:
    make_user(accounts, "minh")
    mine = actor_of(accounts, login.log_in(accounts, "lan", PASSWORD, HERE, None).token)
    other = actor_of(accounts, login.log_in(accounts, "minh", PASSWORD, HERE, None).token)
    token = own.create_token(accounts, mine, "script", ["aggregates:read"], 30)
    with accounts.database.session() as session:
        token_id = session.scalar(select(ApiToken.id))
        assert token_id is not None
    with pytest.raises(Refused) as refused:
        own.revoke_token(accounts, other, token_id)
    assert refusal(refused) == "unknown_token"
    assert login.actor_of_token(accounts, token) is not None
    own.revoke_token(accounts, mine, token_id)
    assert login.actor_of_token(accounts, token) is None


@pytest.mark.parametrize(
    ("name", "scopes", "days", "code"),
    [
        ("", ["aggregates:read"], 30, "token_name"),
        ("x", [], 30, "token_scopes"),
        ("x", ["everything"], 30, "token_scopes"),
        ("x", ["aggregates:read"], 0, "token_days"),
        ("x", ["aggregates:read"], 366, "token_days"),
    ],
)
def test_a_token_without_bounds_is_refused(
    accounts: Accounts, lan: str, name: str, scopes: list[str], days: int, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        own.create_token(accounts, Actor(lan), name, scopes, days)
    assert refusal(refused) == code


# -- administration ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "full_name", "code"),
    [("l", "Lan", "username_form"), ("Lần", "Lan", "username_form"), ("minh", " ", "name_missing")],
)
def test_a_malformed_account_is_refused(accounts: Accounts, username: str, full_name: str, code: str) -> None:
    with accounts.database.session() as session, pytest.raises(Refused) as refused:
        people.create_user(accounts, session, None, username=username, full_name=full_name)
    assert refusal(refused) == code


def test_a_name_is_taken_once(accounts: Accounts, lan: str) -> None:
    with accounts.database.session() as session:
        with pytest.raises(Refused) as refused:
            people.create_user(accounts, session, None, username="LAN", full_name="L")
        assert refusal(refused) == "username_taken"
        people.create_user(accounts, session, None, username="minh", full_name="M", enumerator="RSV 07")
        with pytest.raises(Refused) as refused:
            people.create_user(accounts, session, None, username="hoa", full_name="H", enumerator="RSV 07")
        assert refusal(refused) == "enumerator_taken"


def test_separation_of_duties(accounts: Accounts, lan: str) -> None:
    administrator = Actor(lan, (Grant(Role.ADMINISTRATOR, AreaKind.PROVINCE, "33"),))
    minh = make_user(accounts, "minh")

    def give(by: Actor | None, user_id: str, role: Role, code: str = "33") -> str | None:
        try:
            with accounts.database.session() as session:
                people.give_role(accounts, session, by, user_id, role, AreaKind.PROVINCE, code)
        except Refused as error:
            return error.code
        return None

    assert give(administrator, lan, Role.PROVINCE_OFFICER) == "own_role"
    assert give(None, lan, Role.ADMINISTRATOR) is None
    assert give(None, lan, Role.PROVINCE_OFFICER) == "administrator_alone"
    assert give(administrator, minh, Role.SUPERVISOR) is None
    assert give(administrator, minh, Role.ADMINISTRATOR) == "administrator_alone"
    assert give(administrator, minh, Role.CLERK, "12001") == "area_form"
    assert give(administrator, "nobody", Role.CLERK) == "unknown_user"
    with accounts.database.session() as session:
        grant_id = session.scalar(select(RoleGrant.id).where(RoleGrant.user_id == minh))
        assert grant_id is not None
        own_grant = session.scalar(select(RoleGrant.id).where(RoleGrant.user_id == lan))
        assert own_grant is not None
        with pytest.raises(Refused):
            people.take_role(accounts, session, administrator, own_grant)
        with pytest.raises(Refused):
            people.disable(accounts, session, administrator, lan)
        people.take_role(accounts, session, administrator, grant_id)
        assert session.get(RoleGrant, grant_id) is None


def test_everything_done_to_accounts_is_in_the_log(accounts: Accounts, lan: str) -> None:
    with accounts.database.session() as session:
        people.clear_totp(accounts, session, None, lan)
        people.disable(accounts, session, None, lan)
        actions = set(session.scalars(select(AuditEntry.action)))
        assert {"user.create", "user.reset_link", "user.password_by_link", "user.totp_clear", "user.disable"} <= actions
        assert verify(session).broken_seq is None


def test_every_refusal_is_said_in_both_languages() -> None:
    for code, (status, vi, en) in REFUSALS.items():
        assert 400 <= status < 500
        assert vi != en
        assert Refused(code).status == status
