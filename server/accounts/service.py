"""The public face of accounts. What a person may see is in `server.accounts.access`; who asks, in `dependencies`."""

from __future__ import annotations

from server.accounts.access import (
    Action,
    Entity,
    Scope,
    home_of,
    may_review,
    needs_purpose,
    permitted,
    readable,
    reads,
    system_scope,
    system_work,
)
from server.accounts.actor import Actor, AreaKind, Grant, Role, demo_supervisor
from server.accounts.areas import import_areas
from server.accounts.errors import Refused
from server.accounts.login import Accounts, actor_of_session, actor_of_token, give_code, log_in, log_out
from server.accounts.own import declare_conflict
from server.accounts.people import create_reset_link, create_user, disable, enable, give_role, take_role
from server.accounts.policy import AccountPolicy
from server.accounts.queries import grants_of, replace_area_communes, user_id, usernames

__all__ = [
    "AccountPolicy",
    "Accounts",
    "Action",
    "Actor",
    "AreaKind",
    "Entity",
    "Grant",
    "Refused",
    "Role",
    "Scope",
    "actor_of_session",
    "actor_of_token",
    "create_reset_link",
    "create_user",
    "declare_conflict",
    "demo_supervisor",
    "disable",
    "enable",
    "give_code",
    "give_role",
    "grants_of",
    "home_of",
    "import_areas",
    "log_in",
    "log_out",
    "may_review",
    "needs_purpose",
    "permitted",
    "readable",
    "reads",
    "replace_area_communes",
    "system_scope",
    "system_work",
    "take_role",
    "user_id",
    "usernames",
]
