"""Logging in: password, then code if the person has one; each attempt is counted before it is judged.

Every step is a transaction of its own: an attempt is committed before the counting, so that attempts made at the
same time count one another, and no lock of the database is held while argon2 works.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from server.accounts import passwords, queries, totp
from server.accounts.actor import Actor
from server.accounts.errors import Refused
from server.accounts.policy import AccountPolicy
from server.accounts.tables import LoginAttempt, User, UserSession
from server.accounts.tokens import API_TOKEN_PREFIX, looks_like_token, new_token, token_hash
from server.audit.service import ANONYMOUS, Event, append
from server.database import Database
from server.secrets.service import MasterKeys, Place, Vault, open_vault

VIET_NAM = ZoneInfo("Asia/Ho_Chi_Minh")
TOTP_PLACE = Place("users", "totp_sealed")
FULL, SECOND_STEP = "full", "totp"
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,59}")
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Accounts:
    """What accounts work with; one per process, at `app.state.accounts`.

    `demo_actor` is who everyone without a session is in the demo, and None in any other service.
    """

    database: Database
    masters: MasterKeys
    policy: AccountPolicy
    clock: Callable[[], datetime]
    demo_actor: Actor | None = None


@dataclass(frozen=True)
class Begun:
    """A session begun: the token for the cookie, and whether a code is still to be given."""

    token: str
    needs_code: bool
    user_id: str


def normal_username(text: str) -> str:
    """A username as it is stored: lower case, composed, without spaces around it."""
    return unicodedata.normalize("NFC", text).strip().lower()


def clean(text: str, longest: int) -> str:
    """Typed text in one line, composed, without characters that cannot be seen."""
    seen = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", text))
    return " ".join(seen.split())[:longest]


def log_in(accounts: Accounts, username: str, password: str, address: str, old_token: str | None) -> Begun:
    """Check name and password and begin a session under a new token; the token the browser came with ends.

    Raises `Refused`: `locked` (too many failures; the password is not even looked at), or `login_failed`, which
    says not whether the name or the password was wrong.
    """
    name = normal_username(username)[:60]
    counted_as = _count_attempt(accounts, name, address)
    with accounts.database.session() as session:
        user = queries.user_by_name(session, name) if USERNAME.fullmatch(name) else None
    stored = user.password_hash if user is not None and user.disabled_at is None else None
    if not passwords.verify_password(password, stored, accounts.policy) or user is None:
        _note(accounts, "login.failed", user)
        raise Refused("login_failed")
    now = accounts.clock()
    needs_code = user.totp_confirmed_at is not None
    with accounts.database.session() as session:
        _end(session, old_token, now)
        queries.drop_old_sessions(session, now)
        if not needs_code:
            queries.forget_failures(session, counted_as)
            append(session, user.id, [Event("login", "user", user.id)], at=now)
        token = _begin(session, user.id, SECOND_STEP if needs_code else FULL, now, accounts.policy)
    return Begun(token, needs_code, user.id)


def give_code(accounts: Accounts, token: str, code: str, address: str) -> Begun:
    """The second step: check the code and begin the full session under another new token.

    Raises `Refused`: `login_again` (no first step, or too long ago), `locked`, `code_failed`.
    """
    now = accounts.clock()
    with accounts.database.session() as session:
        found = _live(session, token, now, accounts.policy)
    if found is None or found[0].stage != SECOND_STEP:
        raise Refused("login_again")
    user = found[1]
    counted_as = _count_attempt(accounts, user.username, address)
    with accounts.database.session() as session:
        vault = open_vault(session, accounts.masters)
        if user.totp_sealed is None:
            raise Refused("login_again")
        secret = vault.decrypt(TOTP_PLACE, subject_of(user.id), user.totp_sealed).decode()
        step = totp.matching_step(secret, code, now, user.totp_last_step)
        good = step is not None and queries.use_totp_step(session, user.id, step)
        if good:
            _end(session, token, now)
            queries.forget_failures(session, counted_as)
            fresh = _begin(session, user.id, FULL, now, accounts.policy)
            append(session, user.id, [Event("login", "user", user.id)], at=now)
    if not good:
        _note(accounts, "login.code_failed", user)
        raise Refused("code_failed")
    return Begun(fresh, False, user.id)


def log_out(accounts: Accounts, token: str) -> None:
    """End the session of this token."""
    now = accounts.clock()
    with accounts.database.session() as session:
        found = _live(session, token, now, accounts.policy)
        _end(session, token, now)
        if found is not None:
            append(session, found[1].id, [Event("logout", "user", found[1].id)], at=now)


def actor_of_session(accounts: Accounts, token: str) -> Actor | None:
    """Who has the full session of this cookie, or None."""
    if not looks_like_token(token):
        return None
    now = accounts.clock()
    with accounts.database.session() as session:
        found = _live(session, token, now, accounts.policy)
        if found is None or found[0].stage != FULL:
            return None
        if now - found[0].last_seen_at >= _SEEN_EVERY:
            found[0].last_seen_at = now
        return _actor(session, found[1], now, None)


def actor_of_token(accounts: Accounts, token: str) -> Actor | None:
    """Whose API token this is, limited to its scopes, or None."""
    if not token.startswith(API_TOKEN_PREFIX):
        return None
    now = accounts.clock()
    with accounts.database.session() as session:
        found = queries.live_token(session, token_hash(token), now)
        return None if found is None else _actor(session, found[1], now, frozenset(found[0].scopes.split()))


def begin_anew(accounts: Accounts, session: Session, user_id: str) -> str:
    """End every session of the user and begin one: after the password was changed by the person at the browser."""
    now = accounts.clock()
    queries.revoke_sessions_of(session, user_id, now)
    return _begin(session, user_id, FULL, now, accounts.policy)


def account_hash(vault: Vault, username: str) -> str:
    """The keyed hash under which attempts on an account are counted."""
    return vault.lookup("username", username)


def subject_of(user_id: str) -> str:
    """The subject under whose key a user's secrets are sealed."""
    return f"user:{user_id}"


def _count_attempt(accounts: Accounts, username: str, address: str) -> str:
    """Count an attempt before it is judged; return the keyed hash it is counted under. Raises `Refused("locked")`."""
    now, policy = accounts.clock(), accounts.policy
    since = now - policy.attempt_window
    with accounts.database.session() as session:
        vault = open_vault(session, accounts.masters)
        by_account, by_address = account_hash(vault, username), vault.lookup("address", address)
        on_account, from_address = queries.failures(session, by_account, by_address, since)
        locked = on_account >= policy.attempts_per_account or from_address >= policy.attempts_per_address
        if not locked:
            # An attempt on a locked account is not counted: the lock ends by itself.
            session.add(LoginAttempt(at=now, account_hash=by_account, address_hash=by_address))
            queries.drop_attempts(session, before=now - timedelta(days=1))
    if not locked:
        with accounts.database.session() as session:
            on_account, from_address = queries.failures(session, by_account, by_address, since)
        locked = on_account > policy.attempts_per_account or from_address > policy.attempts_per_address
    if locked:
        with accounts.database.session() as session:
            append(session, ANONYMOUS, [Event("login.locked", "username", by_account)], at=now)
        raise Refused("locked")
    return by_account


def _note(accounts: Accounts, action: str, user: User | None) -> None:
    with accounts.database.session() as session:
        append(session, ANONYMOUS, [Event(action, "user", user.id if user else None)], at=accounts.clock())


def _begin(session: Session, user_id: str, stage: str, now: datetime, policy: AccountPolicy) -> str:
    token = new_token()
    longest = policy.session_longest if stage == FULL else policy.second_step
    session.add(
        UserSession(
            token_hash=token_hash(token),
            user_id=user_id,
            stage=stage,
            created_at=now,
            last_seen_at=now,
            expires_at=now + longest,
        )
    )
    session.flush()
    return token


def _end(session: Session, token: str | None, now: datetime) -> None:
    if token:
        queries.revoke_session(session, token_hash(token), now)


def _live(session: Session, token: str, now: datetime, policy: AccountPolicy) -> tuple[UserSession, User] | None:
    return queries.live_session(session, token_hash(token), now, now - policy.session_idle)


def _actor(session: Session, user: User, now: datetime, scopes: frozenset[str] | None) -> Actor:
    today = now.astimezone(VIET_NAM).date()
    return Actor(
        user_id=user.id,
        grants=queries.grants_of(session, user.id, today),
        username=user.username,
        enumerator=user.enumerator,
        scopes=scopes,
    )
