"""For which purpose a household is read, as the access log keeps it."""

from __future__ import annotations

from server.accounts.actor import Actor, Role
from server.audit.service import Purpose

#: What a role reads households for, where no other purpose is given.
_DUTIES = {
    Role.SUPERVISOR: Purpose.REVIEW,
    Role.CLERK: Purpose.LINKAGE,
    Role.COMMUNE_LEADER: Purpose.DECISION,
}


def purpose_of(actor: Actor, given: Purpose | None) -> Purpose | None:
    """The purpose given, else the one that the person's role stands for."""
    if given is not None:
        return given
    return next((purpose for role, purpose in _DUTIES.items() if actor.has(role)), None)
