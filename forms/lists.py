"""The lists that forms read on a phone: files uploaded beside a form, and entity lists that Central serves.

Both reach the phone as `<list>.csv` with the columns `name` and `label` first. A file changes with a publication;
an entity list has rows of its own at Central, which a phone gets anew whenever it has a signal.
"""

from __future__ import annotations

import uuid

_HOUSEHOLDS = uuid.UUID("0d6f8f0e-6a3c-4b52-9f0b-7f1f3e6b2c1d")

#: Lists that are uploaded with a form: name -> columns beside `name` and `label`.
FILE_LISTS: dict[str, tuple[str, ...]] = {
    "communes": ("area_class",),
    "villages": ("commune_code",),
}

#: Entity lists (datasets of Central): name -> properties, all text. `name` is the entity's uuid.
ENTITY_LISTS: dict[str, tuple[str, ...]] = {
    # Owned by the server: the households of the round that a phone may visit. No form saves to it.
    "households": (
        "household_code",
        "round_id",
        "commune_code",
        "village_id",
        "head_name",
        "head_birth_year",
        "member_count",
        "previous_class",
        "address",
        "assignment_key",
        "status",
        "returned_reason",
        "replaces",
    ),
    # Created by the household form on the phone itself: who has been visited. `visit_key`: the code of the household
    # and the interview to replace, if one was returned; so a returned household is to be visited again.
    "visits": ("household_code", "village_id", "outcome", "visited_at", "assignment_key", "visit_key"),
    # Owned by the server: the households drawn for a second interview. It never holds a first answer.
    "backchecks": (
        "household_code",
        "commune_code",
        "village_id",
        "head_name",
        "address",
        "assignment_key",
        "round_id",
    ),
}


def household_uuid(round_id: str, household_code: str) -> str:
    """The name of a household's row in `households`: the same whenever it is said, so that nothing must remember it."""
    # Central takes version 4 alone: the digest of version 5 with the other number.
    return str(uuid.UUID(bytes=uuid.uuid5(_HOUSEHOLDS, f"{round_id}/{household_code}").bytes, version=4))
