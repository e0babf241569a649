"""What an administrator does: accounts, roles, reset links, locks. Everything here goes into the access log."""

from __future__ import annotations

import re
import uuid
from datetime import date

from sqlalchemy.orm import Session

from server.accounts import queries
from server.accounts.actor import Actor, AreaKind, Role
from server.accounts.errors import Refused
from server.accounts.login import USERNAME, VIET_NAM, Accounts, account_hash, clean, normal_username
from server.accounts.tables import ResetLink, RoleGrant, User
from server.accounts.tokens import new_token, token_hash
from server.audit.service import SYSTEM, Event, append
from server.secrets.service import open_vault

_AREA_CODE = {
    AreaKind.PROVINCE: re.compile(r"\d{2}"),
    AreaKind.FORMER_DISTRICT: re.compile(r"\d{3}"),
    AreaKind.COMMUNE: re.compile(r"\d{5}"),
    AreaKind.VILLAGE: re.compile(r"[\w.:/-]{1,60}"),
}


def create_user(
    accounts: Accounts,
    session: Session,
    by: Actor | None,
    *,
    username: str,
    full_name: str,
    enumerator: str | None = None,
) -> tuple[str, str]:
    """Make an account without a password; return the user's id and the token of the link that sets one.

    `by` is None for the command line. Raises `Refused` with `username_form`, `name_missing`, `username_taken` or
    `enumerator_taken`.
    """
    name = normal_username(username)
    if not USERNAME.fullmatch(name):
        raise Refused("username_form")
    shown_name = clean(full_name, 120)
    if not shown_name:
        raise Refused("name_missing")
    if queries.user_by_name(session, name) is not None:
        raise Refused("username_taken")
    phone_name = clean(enumerator or "", 120) or None
    if phone_name is not None and queries.user_by_enumerator(session, phone_name) is not None:
        raise Refused("enumerator_taken")
    user = User(
        id=uuid.uuid4().hex,
        username=name,
        full_name=shown_name,
        enumerator=phone_name,
        created_at=accounts.clock(),
    )
    session.add(user)
    session.flush()
    _log(accounts, session, by, "user.create", user.id)
    return user.id, create_reset_link(accounts, session, by, user.id)


def create_reset_link(accounts: Accounts, session: Session, by: Actor | None, user_id: str) -> str:
    """The token of a link that sets the user's password once; links made before end."""
    _existing(session, user_id)
    now = accounts.clock()
    queries.void_reset_links(session, user_id, now)
    token = new_token()
    session.add(
        ResetLink(
            token_hash=token_hash(token),
            user_id=user_id,
            created_at=now,
            expires_at=now + accounts.policy.reset_link,
        )
    )
    session.flush()
    _log(accounts, session, by, "user.reset_link", user_id)
    return token


def give_role(
    accounts: Accounts,
    session: Session,
    by: Actor | None,
    user_id: str,
    role: Role,
    area_kind: AreaKind,
    area_code: str,
    *,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> None:
    """Give a role within an area. Raises `Refused`: `own_role` (nobody gives a role to themselves),
    `administrator_alone` (an administrator sees no household, so holds no other role), `area_form`, `dates_order`,
    `unknown_user`."""
    _existing(session, user_id)
    if by is not None and by.user_id == user_id:
        raise Refused("own_role")
    code = area_code.strip()
    if not _AREA_CODE[area_kind].fullmatch(code):
        raise Refused("area_form")
    today = accounts.clock().astimezone(VIET_NAM).date()
    first = valid_from or today
    if valid_to is not None and valid_to < first:
        raise Refused("dates_order")
    others = {Role(grant.role) for grant in queries.open_grants(session, user_id, today)} - {role}
    if others and (role is Role.ADMINISTRATOR or Role.ADMINISTRATOR in others):
        raise Refused("administrator_alone")
    session.add(
        RoleGrant(
            user_id=user_id,
            role=role.value,
            area_kind=area_kind.value,
            area_code=code,
            valid_from=first,
            valid_to=valid_to,
        )
    )
    session.flush()
    _log(accounts, session, by, f"user.grant.{role.value}", user_id)


def take_role(accounts: Accounts, session: Session, by: Actor | None, grant_id: int) -> None:
    """Take a role away, from now on."""
    grant = session.get(RoleGrant, grant_id)
    if grant is None:
        raise Refused("unknown_grant")
    if by is not None and by.user_id == grant.user_id:
        raise Refused("own_role")
    _log(accounts, session, by, f"user.ungrant.{grant.role}", grant.user_id)
    session.delete(grant)
    session.flush()


def disable(accounts: Accounts, session: Session, by: Actor | None, user_id: str) -> None:
    """Close an account: its sessions, tokens and links end at once. The account stays, for the log names it."""
    user = _existing(session, user_id)
    if by is not None and by.user_id == user_id:
        raise Refused("own_account")
    now = accounts.clock()
    user.disabled_at = now
    queries.revoke_sessions_of(session, user_id, now)
    queries.revoke_tokens_of(session, user_id, now)
    queries.void_reset_links(session, user_id, now)
    _log(accounts, session, by, "user.disable", user_id)


def enable(accounts: Accounts, session: Session, by: Actor | None, user_id: str) -> None:
    """Open a closed account again, and lift a lock after failed logins."""
    user = _existing(session, user_id)
    user.disabled_at = None
    queries.forget_failures(session, account_hash(open_vault(session, accounts.masters), user.username))
    _log(accounts, session, by, "user.enable", user_id)


def clear_totp(accounts: Accounts, session: Session, by: Actor | None, user_id: str) -> None:
    """Take the second step away from a person who lost the phone; all sessions end."""
    user = _existing(session, user_id)
    if by is not None and by.user_id == user_id:
        raise Refused("own_account")
    user.totp_sealed, user.totp_confirmed_at = None, None
    queries.revoke_sessions_of(session, user_id, accounts.clock())
    _log(accounts, session, by, "user.totp_clear", user_id)


def _existing(session: Session, user_id: str) -> User:
    user = session.get(User, user_id)
    if user is None:
        raise Refused("unknown_user")
    return user


def _log(accounts: Accounts, session: Session, by: Actor | None, action: str, user_id: str) -> None:
    actor = by.user_id if by is not None else SYSTEM
    append(session, actor, [Event(action, "user", user_id)], at=accounts.clock())
