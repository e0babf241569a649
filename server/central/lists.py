"""Entity lists of a round's project: there, with their properties, and each phone sees its own rows of them.

The one rule of every list is `assignment_key` of the entity = `assignment_key` of the app user. Central ORs several
rules, and drops without a word one that names an unknown property, which opens the list to everyone: so what Central
kept is read back, and nothing is sent to a list whose rule does not stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forms.lists import ENTITY_LISTS
from server.central.client import Central, part
from server.central.errors import CentralError

KEY = "assignment_key"
RULE = {"datasetProperty": KEY, "actorProperty": KEY}


def list_path(project_id: int, name: str) -> str:
    """Where Central keeps an entity list."""
    return f"projects/{project_id}/datasets/{part(name)}"


def ensure_lists(central: Central, names: Sequence[str]) -> int:
    """Bring the entity lists `names` of the project to their properties and their one rule; how much was written.

    What stands already is left alone. Raises `CentralError`; `central_list_open` when the rule does not hold.
    """
    project = f"projects/{central.project_id}"
    written = _ensure_key(central, project)
    held = {one["name"] for one in central.get_json(f"{project}/datasets", "entity lists")}
    for name in names:
        path, what = list_path(central.project_id, name), f"entity list {name}"
        if name not in held:
            central.send("POST", f"{project}/datasets", what, json={"name": name})
            written += 1
        shown = central.get_json(path, what)
        properties = {one["name"] for one in shown["properties"]}
        for missing in [one for one in ENTITY_LISTS[name] if one not in properties]:
            central.send("POST", f"{path}/properties", f"{what}: {missing}", json={"name": missing})
            written += 1
        if rules_of(shown) != [RULE]:
            rule = {"accessFilter": {"type": "property", "rules": [RULE]}}
            shown = central.send("PATCH", path, what, json=rule)
            written += 1
        if rules_of(shown) != [RULE]:
            raise CentralError("central_list_open", what=name)
    return written


def rules_of(shown: dict[str, Any]) -> list[dict[str, str]]:
    """The access rules of an entity list as Central shows it; without any, everybody sees everything."""
    access = shown.get("accessFilter") or {}
    rules: list[dict[str, str]] = access.get("rules") or []
    return rules


def _ensure_key(central: Central, project: str) -> int:
    path = f"{project}/actor-properties"
    try:
        held = central.get_json(path, "actor properties")
    except CentralError as error:
        if error.code == "central_not_found":
            central.get_json(project, f"project {central.project_id}")
            raise CentralError("central_no_access_rules", url=central.url) from None
        raise
    if any(one["name"] == KEY for one in held):
        return 0
    central.send("POST", path, "actor properties", json={"name": KEY})
    return 1
