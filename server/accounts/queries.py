"""Statements over accounts. Times are arguments: nothing here reads a clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from server.accounts.access import Scope
from server.accounts.actor import AreaKind, Grant, Role
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

_NO_SYNC = {"synchronize_session": False}


# -- people -----------------------------------------------------------------------------------------------------


def user_by_name(session: Session, username: str) -> User | None:
    return session.scalars(select(User).where(User.username == username)).one_or_none()


def user_id(session: Session, username: str) -> str | None:
    """The id of an account, as the access log names it; None when there is none of this name."""
    return session.scalars(select(User.id).where(User.username == username.strip().lower())).one_or_none()


def user_by_enumerator(session: Session, enumerator: str) -> User | None:
    return session.scalars(select(User).where(User.enumerator == enumerator)).one_or_none()


def users(session: Session, scope: Scope) -> Sequence[User]:
    """Every account, for whom the scope shows accounts."""
    return [] if scope.is_empty else session.scalars(select(User).order_by(User.username)).all()


def usernames(session: Session, ids: Collection[str]) -> dict[str, str]:
    """User names by id, of colleagues who did something that others may see."""
    return {row[0]: row[1] for row in session.execute(select(User.id, User.username).where(User.id.in_(ids)))}


def grants_of(session: Session, user_id: str, on: date) -> tuple[Grant, ...]:
    """The roles that hold on a day."""
    rows = session.scalars(
        select(RoleGrant)
        .where(
            RoleGrant.user_id == user_id,
            RoleGrant.valid_from <= on,
            or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= on),
        )
        .order_by(RoleGrant.id)
    )
    return tuple(Grant(Role(row.role), AreaKind(row.area_kind), row.area_code) for row in rows)


def all_grants(session: Session, scope: Scope) -> Sequence[RoleGrant]:
    """Every role given, past ones too, for whom the scope shows accounts."""
    return [] if scope.is_empty else session.scalars(select(RoleGrant).order_by(RoleGrant.id)).all()


def open_grants(session: Session, user_id: str, on: date) -> Sequence[RoleGrant]:
    """Roles that hold on a day or will."""
    return session.scalars(
        select(RoleGrant).where(
            RoleGrant.user_id == user_id, or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= on)
        )
    ).all()


def replace_area_communes(session: Session, kind: AreaKind, rows: Iterable[tuple[str, str]]) -> None:
    """Say which communes make up the areas of one kind: (area code, commune code) pairs."""
    session.execute(delete(AreaCommune).where(AreaCommune.area_kind == kind.value), execution_options=_NO_SYNC)
    session.add_all(
        AreaCommune(area_kind=kind.value, area_code=area, commune_code=commune) for area, commune in sorted(set(rows))
    )
    session.flush()


# -- sessions ---------------------------------------------------------------------------------------------------


def live_session(
    session: Session, of_hash: str, now: datetime, idle_since: datetime
) -> tuple[UserSession, User] | None:
    """A session that is neither revoked nor expired nor idle too long, with its user who is not disabled."""
    row = session.execute(
        select(UserSession, User)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.token_hash == of_hash,
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > now,
            UserSession.last_seen_at > idle_since,
            User.disabled_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def revoke_session(session: Session, of_hash: str, now: datetime) -> None:
    session.execute(
        update(UserSession)
        .where(UserSession.token_hash == of_hash, UserSession.revoked_at.is_(None))
        .values(revoked_at=now),
        execution_options=_NO_SYNC,
    )


def revoke_sessions_of(session: Session, user_id: str, now: datetime) -> None:
    session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=now),
        execution_options=_NO_SYNC,
    )


def drop_old_sessions(session: Session, before: datetime) -> None:
    session.execute(delete(UserSession).where(UserSession.expires_at < before), execution_options=_NO_SYNC)


# -- attempts ---------------------------------------------------------------------------------------------------


def failures(session: Session, account_hash: str, address_hash: str, since: datetime) -> tuple[int, int]:
    """Attempts since a time that did not succeed (yet): on the account, and from the address."""
    counted = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.at > since)
    on_account = counted.where(LoginAttempt.account_hash == account_hash)
    from_address = counted.where(LoginAttempt.address_hash == address_hash)
    return session.scalar(on_account) or 0, session.scalar(from_address) or 0


def drop_attempts(session: Session, *, before: datetime) -> None:
    session.execute(delete(LoginAttempt).where(LoginAttempt.at < before), execution_options=_NO_SYNC)


def forget_failures(session: Session, account_hash: str) -> None:
    """After a login, or when an administrator unlocks the account."""
    session.execute(delete(LoginAttempt).where(LoginAttempt.account_hash == account_hash), execution_options=_NO_SYNC)


# -- links and tokens -------------------------------------------------------------------------------------------


def use_reset_link(session: Session, of_hash: str, now: datetime) -> str | None:
    """Use a link up; the user's id, or None when it is unknown, used or expired. Of two at once one gets it."""
    return session.scalars(
        update(ResetLink)
        .where(ResetLink.token_hash == of_hash, ResetLink.used_at.is_(None), ResetLink.expires_at > now)
        .values(used_at=now)
        .returning(ResetLink.user_id),
        execution_options=_NO_SYNC,
    ).one_or_none()


def reset_link_user(session: Session, of_hash: str, now: datetime) -> User | None:
    """Whose link this is, while it is good; using it is another thing."""
    return session.scalars(
        select(User)
        .join(ResetLink, ResetLink.user_id == User.id)
        .where(ResetLink.token_hash == of_hash, ResetLink.used_at.is_(None), ResetLink.expires_at > now)
    ).one_or_none()


def void_reset_links(session: Session, user_id: str, now: datetime) -> None:
    session.execute(
        update(ResetLink).where(ResetLink.user_id == user_id, ResetLink.used_at.is_(None)).values(used_at=now),
        execution_options=_NO_SYNC,
    )


def live_token(session: Session, of_hash: str, now: datetime) -> tuple[ApiToken, User] | None:
    """An API token that is neither revoked nor expired, with its user who is not disabled."""
    row = session.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(
            ApiToken.token_hash == of_hash,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > now,
            User.disabled_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def tokens_of(session: Session, user_id: str) -> Sequence[ApiToken]:
    return session.scalars(
        select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None)).order_by(ApiToken.id)
    ).all()


def revoke_token(session: Session, user_id: str, token_id: int, now: datetime) -> bool:
    """Revoke one of the user's own tokens."""
    found = session.scalars(
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ApiToken.id),
        execution_options=_NO_SYNC,
    )
    return found.one_or_none() is not None


def revoke_tokens_of(session: Session, user_id: str, now: datetime) -> None:
    session.execute(
        update(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None)).values(revoked_at=now),
        execution_options=_NO_SYNC,
    )


def conflicts_of(session: Session, user_id: str) -> Sequence[Conflict]:
    return session.scalars(
        select(Conflict).where(Conflict.user_id == user_id).order_by(Conflict.declared_at.desc())
    ).all()


def use_totp_step(session: Session, user_id: str, step: int) -> bool:
    """Use a code's step up; False when another request was first with it."""
    found = session.scalars(
        update(User)
        .where(User.id == user_id, User.totp_last_step < step)
        .values(totp_last_step=step)
        .returning(User.id),
        execution_options=_NO_SYNC,
    )
    return found.one_or_none() is not None
