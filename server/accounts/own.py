"""What a person does with the own account: password, second step, API tokens, declared conflicts of interest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy.orm import Session

from server.accounts import passwords, queries, totp
from server.accounts.access import TOKEN_SCOPES
from server.accounts.actor import Actor
from server.accounts.errors import Refused
from server.accounts.login import TOTP_PLACE, Accounts, account_hash, begin_anew, clean, subject_of
from server.accounts.tables import ApiToken, Conflict, User
from server.accounts.tokens import API_TOKEN_PREFIX, looks_like_token, new_token, token_hash
from server.audit.service import Event, append
from server.database import insert_or_skip
from server.secrets.service import open_vault


def set_password_by_link(accounts: Accounts, link_token: str, password: str) -> None:
    """Set a password with a link, once; every session and API token ends, and a lock after failed logins.

    Raises `Refused`: `link_bad` (unknown, used or expired), or what is wrong with the password, which leaves the
    link good.
    """
    now = accounts.clock()
    of_hash = token_hash(link_token) if looks_like_token(link_token) else ""
    with accounts.database.session() as session:
        user = queries.reset_link_user(session, of_hash, now)
    if user is None or user.disabled_at is not None:
        raise Refused("link_bad")
    passwords.check_new(password, user.username, accounts.policy)
    hashed = passwords.hash_password(password)
    with accounts.database.session() as session:
        if queries.use_reset_link(session, of_hash, now) is None:
            raise Refused("link_bad")
        current = _user(session, user.id)
        current.password_hash = hashed
        queries.revoke_sessions_of(session, user.id, now)
        queries.revoke_tokens_of(session, user.id, now)
        queries.forget_failures(session, account_hash(open_vault(session, accounts.masters), user.username))
        append(session, user.id, [Event("user.password_by_link", "user", user.id)], at=now)


def link_is_good(accounts: Accounts, link_token: str) -> bool:
    """Whether a link may still be used; looking does not use it."""
    if not looks_like_token(link_token):
        return False
    with accounts.database.session() as session:
        return queries.reset_link_user(session, token_hash(link_token), accounts.clock()) is not None


def change_password(accounts: Accounts, actor: Actor, old: str, new: str) -> str:
    """Change the own password; every session ends and the returned token begins a new one."""
    with accounts.database.session() as session:
        user = _user(session, actor.user_id)
    _check_password(accounts, user, old)
    passwords.check_new(new, user.username, accounts.policy)
    hashed = passwords.hash_password(new)
    with accounts.database.session() as session:
        _user(session, user.id).password_hash = hashed
        token = begin_anew(accounts, session, user.id)
        append(session, user.id, [Event("user.password", "user", user.id)], at=accounts.clock())
    return token


def begin_totp(accounts: Accounts, actor: Actor) -> str:
    """Make a secret for an authenticator app; it counts once a code of it is given. Returns its `otpauth:` address."""
    with accounts.database.session() as session:
        user = _user(session, actor.user_id)
        if user.totp_confirmed_at is not None:
            raise Refused("totp_on")
        secret = totp.new_secret()
        vault = open_vault(session, accounts.masters)
        user.totp_sealed = vault.encrypt(TOTP_PLACE, subject_of(user.id), secret.encode())
        return totp.enrolment_uri(secret, user.username)


def pending_totp(accounts: Accounts, actor: Actor) -> tuple[str, str] | None:
    """(secret, `otpauth:` address) of an enrolment that is not confirmed yet; a confirmed secret is never shown."""
    with accounts.database.session() as session:
        user = _user(session, actor.user_id)
        if user.totp_sealed is None or user.totp_confirmed_at is not None:
            return None
        vault = open_vault(session, accounts.masters)
        secret = vault.decrypt(TOTP_PLACE, subject_of(user.id), user.totp_sealed).decode()
        return secret, totp.enrolment_uri(secret, user.username)


def confirm_totp(accounts: Accounts, actor: Actor, code: str) -> None:
    """End the enrolment with a first code; from now on each login asks for one."""
    pending = pending_totp(accounts, actor)
    if pending is None:
        raise Refused("totp_none")
    now = accounts.clock()
    with accounts.database.session() as session:
        user = _user(session, actor.user_id)
        step = totp.matching_step(pending[0], code, now, user.totp_last_step)
        if step is None or not queries.use_totp_step(session, user.id, step):
            raise Refused("code_failed")
        user.totp_confirmed_at = now
        append(session, user.id, [Event("user.totp", "user", user.id)], at=now)


def end_totp(accounts: Accounts, actor: Actor, password: str) -> None:
    """Give the second step up; asks for the password."""
    with accounts.database.session() as session:
        user = _user(session, actor.user_id)
    _check_password(accounts, user, password)
    with accounts.database.session() as session:
        current = _user(session, user.id)
        current.totp_sealed, current.totp_confirmed_at = None, None
        append(session, user.id, [Event("user.totp_end", "user", user.id)], at=accounts.clock())


def create_token(accounts: Accounts, actor: Actor, name: str, scopes: Iterable[str], days: int) -> str:
    """Make an API token and return it: it is shown this once. It may do what its scopes and the person's roles allow.

    Raises `Refused`: `token_name`, `token_scopes` (none, or an unknown one), `token_days`.
    """
    wanted = sorted(set(scopes))
    token_name = clean(name, 80)
    if not token_name:
        raise Refused("token_name")
    if not wanted or not TOKEN_SCOPES.issuperset(wanted):
        raise Refused("token_scopes")
    if not 1 <= days <= accounts.policy.token_longest.days:
        raise Refused("token_days")
    now = accounts.clock()
    token = API_TOKEN_PREFIX + new_token()
    with accounts.database.session() as session:
        session.add(
            ApiToken(
                token_hash=token_hash(token),
                user_id=actor.user_id,
                name=token_name,
                scopes=" ".join(wanted),
                created_at=now,
                expires_at=now + timedelta(days=days),
            )
        )
        append(session, actor.user_id, [Event("token.create", "user", actor.user_id)], at=now)
    return token


def revoke_token(accounts: Accounts, actor: Actor, token_id: int) -> None:
    """Revoke one of the own tokens; another person's, or none, is `unknown_token` alike."""
    now = accounts.clock()
    with accounts.database.session() as session:
        if not queries.revoke_token(session, actor.user_id, token_id, now):
            raise Refused("unknown_token")
        append(session, actor.user_id, [Event("token.revoke", "user", actor.user_id)], at=now)


def declare_conflict(accounts: Accounts, session: Session, actor: Actor, kind: str, reference: str) -> None:
    """Declare a conflict of interest with a household (its code on the list) or an interview; it is not taken back
    by the person alone, so there is no function for that here."""
    of = clean(reference, 201)
    if kind not in ("household", "interview") or not of or len(of) > 200:
        raise Refused("conflict_form")
    now = accounts.clock()
    row = {"user_id": actor.user_id, "kind": kind, "reference": of, "declared_at": now}
    session.execute(insert_or_skip(session, Conflict), row)
    append(session, actor.user_id, [Event("conflict.declare", kind, of)], at=now)


def _check_password(accounts: Accounts, user: User, password: str) -> None:
    if not passwords.verify_password(password, user.password_hash, accounts.policy):
        raise Refused("password_wrong")


def _user(session: Session, user_id: str) -> User:
    user = session.get(User, user_id)
    if user is None:
        raise Refused("unknown_user")
    return user
