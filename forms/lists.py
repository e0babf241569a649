"""The lists that forms read on a phone: files uploaded beside a form, and entity lists that Central serves.

Both reach the phone as `<list>.csv` with the columns `name` and `label` first. A file changes with a publication;
an entity list has rows of its own at Central, which a phone gets anew whenever it has a signal.
"""

from __future__ import annotations

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
    # Created by the household form on the phone itself: who has been visited.
    "visits": ("household_code", "village_id", "outcome", "visited_at", "assignment_key"),
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
