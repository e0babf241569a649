"""App users at Central: one for each person, named by the code alone, with its key and its forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from server.central.client import Central, part
from server.central.closing import EXTENDED
from server.central.errors import CentralError
from server.central.lists import KEY
from server.enumerators.tables import BACKCHECKER, INTERVIEWER

#: The forms that each role fills in, by the names of their sources.
FORMS_OF: dict[str, frozenset[str]] = {
    INTERVIEWER: frozenset({"household", "application", "village_meeting", "facility"}),
    BACKCHECKER: frozenset({"backcheck"}),
}


@dataclass(frozen=True)
class AppUser:
    """An app user as Central has it; key: its `assignment_key`, None where it is blank."""

    actor_id: int
    token: str
    key: str | None


def users_of(central: Central) -> dict[str, AppUser]:
    """The app users of the project that have a token, by name; the oldest where several share one."""
    listed = central.send("GET", f"{_project(central)}/app-users", "app users", headers=EXTENDED)
    return {
        user["displayName"]: AppUser(user["id"], user["token"], (user["properties"] or {}).get(KEY))
        for user in sorted(listed, key=lambda one: -one["id"])
        if user["token"]
    }


def ensure_user(
    central: Central, users: Mapping[str, AppUser], code: str, actor_id: int | None
) -> tuple[AppUser, Literal["made", "corrected", ""]]:
    """The app user of a code, made or given its key where need be, and what was done. Raises `CentralError`."""
    found = next((one for one in users.values() if one.actor_id == actor_id), None) or users.get(code)
    if found is None:
        body = {"displayName": code, "properties": {KEY: code}}
        made = central.send("POST", f"{_project(central)}/app-users", "app user", json=body)
        return AppUser(made["id"], made["token"], code), "made"
    if found.key == code:
        return found, ""
    body = {"properties": {KEY: code}}
    central.send("PATCH", f"{_project(central)}/app-users/{found.actor_id}", "app user", json=body)
    return AppUser(found.actor_id, found.token, code), "corrected"


def grant_forms(central: Central, forms: Mapping[str, str], roles: Mapping[int, str]) -> tuple[int, int]:
    """Give each app user (id -> role) the forms (name -> form id) of its role and no other; (given, taken)."""
    project = _project(central)
    held = {
        (one["actorId"], one["xmlFormId"])
        for one in central.get_json(f"{project}/assignments/forms/app-user", "assignments")
        if one["actorId"] in roles
    }
    wanted = {
        (actor, form_id) for actor, role in roles.items() for name, form_id in forms.items() if name in FORMS_OF[role]
    }
    ours = set(forms.values())
    surplus = {pair for pair in held - wanted if pair[1] in ours}
    for method, pairs in (("POST", wanted - held), ("DELETE", surplus)):
        for actor, form_id in sorted(pairs):
            path = f"{project}/forms/{part(form_id)}/assignments/app-user/{actor}"
            central.send(method, path, f"form {form_id}: app user")
    return len(wanted - held), len(surplus)


def remove_user(central: Central, actor_id: int) -> None:
    """Delete an app user: its token is refused from now on. One that is gone already is fine."""
    try:
        central.send("DELETE", f"{_project(central)}/app-users/{actor_id}", "app user")
    except CentralError as error:
        if error.code != "central_not_found":
            raise


def _project(central: Central) -> str:
    return f"projects/{central.project_id}"
