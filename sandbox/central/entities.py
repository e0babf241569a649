"""Entities: what the API and the phones' submissions write to entity lists. Storage only; HTTP is in `datasets`.

All values are text. A change made over the API must name the version it started from; one that comes in a
submission always applies, and a stale one marks the entity as in conflict.
"""

from __future__ import annotations

import re
import sqlite3
import uuid
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from . import errors
from .state import State, now
from .web import audit
from .xform import EntityList

_UUID4 = re.compile(r"(?:uuid:)?([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})", re.IGNORECASE)
CURRENT_SQL = """
SELECT e.*, d.id AS defId, d.label, d.data, d.dataReceived, d.version, d.baseVersion, d.creatorId AS editorId,
  d.userAgent, d.createdAt AS versionAt, d.current, d.conflicting, d.branchId, d.trunkVersion, d.branchBaseVersion
FROM entities e JOIN entity_defs d ON d.entityId = e.id AND d.current = 1
"""


@dataclass(frozen=True)
class Branch:
    """Where a version stands in the line of changes that a phone made offline; all None for any other."""

    branch: str | None = None
    trunk: int | None = None
    base: int | None = None


_NO_BRANCH = Branch()


def lists_to_text(lists: list[EntityList]) -> str:
    return orjson.dumps([asdict(item) for item in lists]).decode()


def lists_from_text(text: str) -> list[EntityList]:
    return [EntityList(**{**item, "actions": tuple(item["actions"])}) for item in orjson.loads(text)]


def publish_lists(state: State, project: int, lists: list[EntityList]) -> None:
    """What publishing a form does to the project's entity lists: new ones, and new properties."""
    for wanted in lists:
        dataset = state.scalar(
            "SELECT id FROM datasets WHERE projectId = ? AND name = ? AND deletedAt IS NULL", project, wanted.name
        )
        if dataset is None:
            dataset = create_list(state, project, wanted.name)
        for name in wanted.properties.values():
            add_property(state, dataset, name)


def create_list(state: State, project: int, name: str) -> int:
    moment = now()
    return state.insert(
        "datasets", projectId=project, name=name, acteeId=str(uuid.uuid4()), createdAt=moment, lastUpdate=moment
    )


def add_property(state: State, dataset: int, name: str) -> None:
    moment = now()
    state.db.execute(
        "INSERT OR IGNORE INTO properties (datasetId, name, publishedAt) VALUES (?, ?, ?)", (dataset, name, moment)
    )
    touch(state, dataset)


def touch(state: State, dataset: int) -> None:
    state.db.execute("UPDATE datasets SET lastUpdate = ? WHERE id = ?", (now(), dataset))


def property_names(state: State, dataset: int) -> list[str]:
    rows = state.all("SELECT name FROM properties WHERE datasetId = ? ORDER BY id", dataset)
    return [row["name"] for row in rows]


def normal_uuid(text: Any) -> str:
    match = _UUID4.fullmatch(str(text))
    if match is None:
        raise errors.wrong_type("uuid", "valid version 4 UUID")
    return match[1].lower()


def checked_data(properties: list[str], data: dict[str, Any]) -> dict[str, str]:
    """The values, all text and all of known properties. 400.11 and 400.28 otherwise."""
    for name, value in data.items():
        if not isinstance(value, str):
            raise errors.wrong_type(name, "string")
        if name not in properties:
            reason = f"You specified the dataset property [{name}] which does not exist."
            raise errors.Problem("400.28", f"The entity is invalid. {reason}", {"reason": reason})
    return data


def checked_new(properties: list[str], body: dict[str, Any]) -> tuple[str, str, dict[str, str]]:
    """(uuid, label, data) of an entity to create."""
    label = body.get("label")
    if label is None or label == "":
        raise errors.missing_parameter("label")
    if not isinstance(label, str):
        raise errors.wrong_type("label", "string")
    identity = normal_uuid(body["uuid"]) if body.get("uuid") else str(uuid.uuid4())
    return identity, label, checked_data(properties, body.get("data") or {})


def insert(
    state: State,
    dataset: sqlite3.Row,
    new: tuple[str, str, dict[str, str]],
    actor: sqlite3.Row,
    agent: str | None,
    source: dict[str, Any],
    branch: Branch = _NO_BRANCH,
) -> int:
    """A new entity; its id. 409.3 for a uuid in use, 409.19 for one that was deleted."""
    identity, label, data = new
    extant = state.one("SELECT deletedAt FROM entities WHERE uuid = ?", identity)
    if extant is not None and extant["deletedAt"] is not None:
        raise errors.Problem(
            "409.19",
            f"The following UUID(s) cannot be used because they are associated with deleted Entities: ({identity}).",
            {"entityUuids": [identity]},
        )
    if extant is not None:
        raise errors.already_exists("entities", ["uuid"], [identity])
    moment = now()
    entity = state.insert("entities", datasetId=dataset["id"], uuid=identity, creatorId=actor["id"], createdAt=moment)
    received = {"label": label, **data}
    _insert_def(state, entity, 1, None, label, data, received, actor, agent, source, moment, None, branch)
    details = {"entity": {"uuid": identity, "dataset": dataset["name"]}}
    audit(state, actor, "entity.create", dataset["acteeId"], details, entity=entity)
    touch(state, dataset["id"])
    return entity


def change(
    state: State,
    dataset: sqlite3.Row,
    current: sqlite3.Row,
    received: dict[str, str],
    actor: sqlite3.Row,
    agent: str | None,
    source: dict[str, Any],
    base: int | None = None,
    branch: Branch = _NO_BRANCH,
) -> None:
    """A new version over `current` (a row of CURRENT_SQL). `base` is the version the change started from.

    A base that is not current makes a conflict: "hard" when both changed the same value, else "soft". So does a
    change of a branch into which somebody else's version has come since its trunk.
    """
    moment = now()
    before = {"label": current["label"], **orjson.loads(current["data"])}
    base = current["version"] if base is None else base
    conflict, clashing = current["conflict"], None
    if base != current["version"]:
        clashing = _clashing(state, current["id"], base, before, received, dataset)
        conflict = "hard" if clashing or conflict == "hard" else "soft"
    elif branch.branch and _interrupted(state, current["id"], branch):
        conflict = conflict or "soft"
    after = {**before, **received}
    label = after.pop("label")
    state.db.execute("UPDATE entity_defs SET current = 0 WHERE id = ?", (current["defId"],))
    version = current["version"] + 1
    _insert_def(
        *(state, current["id"], version, base, label, after, received, actor, agent, source, moment, clashing, branch)
    )
    state.db.execute("UPDATE entities SET updatedAt = ?, conflict = ? WHERE id = ?", (moment, conflict, current["id"]))
    details = {"entity": {"uuid": current["uuid"], "dataset": dataset["name"]}}
    audit(state, actor, "entity.update.version", dataset["acteeId"], details, entity=current["id"])
    touch(state, dataset["id"])


def _clashing(
    state: State, entity: int, base: int, now_held: dict[str, str], received: dict[str, str], dataset: sqlite3.Row
) -> list[str]:
    """The values that changed since `base` and that the newcomer wants otherwise."""
    row = state.one("SELECT label, data FROM entity_defs WHERE entityId = ? AND version = ?", entity, base)
    if row is None:
        message = f"Base version ({base}) does not exist for the entity in dataset ({dataset['name']})."
        raise errors.Problem("404.9", message)
    then = {"label": row["label"], **orjson.loads(row["data"])}
    changed = {name for name, value in now_held.items() if then.get(name) != value}
    return [name for name, value in received.items() if name in changed and now_held[name] != value]


def _interrupted(state: State, entity: int, branch: Branch) -> bool:
    sql = "SELECT 1 FROM entity_defs WHERE entityId = ? AND branchId IS NOT ? AND version > ?"
    return state.one(sql, entity, branch.branch, branch.trunk or 1) is not None


def _insert_def(
    state: State,
    entity: int,
    version: int,
    base: int | None,
    label: str,
    data: dict[str, str],
    received: dict[str, str],
    actor: sqlite3.Row,
    agent: str | None,
    source: dict[str, Any],
    moment: str,
    clashing: list[str] | None,
    branch: Branch,
) -> None:
    state.insert(
        "entity_defs",
        entityId=entity,
        current=1,
        label=label,
        data=orjson.dumps(data).decode(),
        dataReceived=orjson.dumps(received).decode(),
        version=version,
        baseVersion=base,
        creatorId=actor["id"],
        conflicting=None if clashing is None else orjson.dumps(clashing).decode(),
        userAgent=agent,
        createdAt=moment,
        source=orjson.dumps(source).decode(),
        branchId=branch.branch,
        trunkVersion=branch.trunk,
        branchBaseVersion=branch.base,
    )
