"""What submissions do to entity lists: creations, updates, and updates that a phone made offline, in branches.

A phone that changes an entity again and again while offline numbers its changes in a branch of its own: `branchId`,
`trunkVersion` (the version at the server that it started from; none for an entity made offline) and `baseVersion`
(counted on the phone). Central puts them in order: a change whose predecessor has not arrived is held until it does.
"""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass

import orjson

from . import errors, xml
from .entities import CURRENT_SQL, Branch, change, insert, lists_from_text, normal_uuid
from .state import State
from .web import audit
from .xform import EntityList
from .xml import Node, local


@dataclass(frozen=True)
class Wish:
    """What one `meta/entity` of a submission asks for."""

    uuid: str
    label: str
    data: dict[str, str]
    creating: bool
    updating: bool
    base: int | None
    branch: str | None
    trunk: int | None


def from_submission(state: State, form: sqlite3.Row, root: Node, actor: sqlite3.Row, *, approved: bool = False) -> None:
    """What a new submission does to entity lists. What cannot be applied is logged, never refused, as in Central.

    A list with `approvalRequired` gets new entities only when the submission is approved, and then only those
    (`approved`); updates never wait.
    Central does this a little later, in a worker; here it is done when the submission is stored.
    """
    text: str = state.scalar("SELECT entityLists FROM form_defs WHERE id = ?", form["defId"])
    if text == "[]":
        return
    for wanted in lists_from_text(text):
        dataset = state.one(
            "SELECT * FROM datasets WHERE projectId = ? AND name = ? AND deletedAt IS NULL",
            *(form["projectId"], wanted.name),
        )
        for scope in _scopes(root, wanted.scope.split("/")[1:]):
            if dataset is None or (approved and not dataset["approvalRequired"]):
                continue
            try:
                wish = _wish(wanted, scope)
                if wish is not None:
                    _apply(state, dataset, wish, actor, approved)
            except errors.Problem as problem:
                details = {"errorMessage": problem.message, "problem": {"problemCode": float(problem.code)}}
                audit(state, actor, "entity.error", form["acteeId"], details)


def _scopes(node: Node, path: list[str]) -> list[Node]:
    if not path:
        return [node]
    return [scope for child in node.all(path[0]) for scope in _scopes(child, path[1:])]


def _wish(wanted: EntityList, scope: Node) -> Wish | None:
    meta = scope.child("meta")
    node = meta.child("entity") if meta else None
    if node is None:
        return None
    label = node.child("label")
    branch = xml.attribute(node, "branchId") or None
    updating = xml.attribute(node, "update") in ("1", "true")
    creating = xml.attribute(node, "create") in ("1", "true")
    if not (updating or creating):
        return None
    return Wish(
        uuid=normal_uuid(xml.attribute(node, "id")),
        label=label.text if label else "",
        data=dict(_values(scope, wanted.scope, wanted.properties)),
        creating=creating,
        updating=updating,
        base=_number(node, "baseVersion"),
        branch=None if branch is None else normal_uuid(branch),
        trunk=None if branch is None else _number(node, "trunkVersion"),
    )


def _number(node: Node, name: str) -> int | None:
    text = xml.attribute(node, name) or ""
    if text and not text.isdigit():
        raise errors.wrong_type(name, "integer")
    return int(text) if text else None


def _apply(state: State, dataset: sqlite3.Row, wish: Wish, actor: sqlite3.Row, approved: bool) -> None:
    if wish.creating and not wish.updating and bool(dataset["approvalRequired"]) != approved:
        return  # it waits for approval, or it was there already
    if wish.updating and approved:
        return
    current = state.one(CURRENT_SQL + " WHERE e.uuid = ? AND e.datasetId = ?", wish.uuid, dataset["id"])
    if wish.updating and (current is not None or wish.branch is not None) and wish.base is not None:
        if not _update(state, dataset, wish, current, actor):
            return
    elif wish.creating:
        if not wish.label.strip():
            raise errors.missing_parameter("label")
        branch = Branch(wish.branch, wish.trunk, None)
        insert(state, dataset, (wish.uuid, wish.label, wish.data), actor, None, {"submission": True}, branch)
    elif wish.base is None:
        raise errors.missing_parameter("baseVersion")
    else:
        raise errors.Problem(
            "404.8",
            f"The entity with UUID ({wish.uuid}) specified in the submission does not exist in the dataset "
            f"({dataset['name']}).",
        )
    _release(state, dataset, wish.uuid)


def _update(state: State, dataset: sqlite3.Row, wish: Wish, current: sqlite3.Row | None, actor: sqlite3.Row) -> bool:
    """Apply an update; False when it is held because what it follows has not arrived."""
    assert wish.base is not None
    base = wish.base if current is not None and wish.branch is None else _base_in_branch(state, wish, current)
    if base is None or current is None:
        state.insert(
            "held_entities",
            datasetId=dataset["id"],
            actorId=actor["id"],
            uuid=wish.uuid,
            branchId=wish.branch,
            branchBaseVersion=wish.base,
            change=orjson.dumps(asdict(wish)).decode(),
        )
        return False
    if wish.trunk is not None and wish.trunk > current["version"]:
        message = f"Base version (trunkVersion={wish.trunk}) does not exist for entity UUID ({wish.uuid})"
        raise errors.Problem("404.9", f"{message} in dataset ({dataset['name']}).")
    received = {**({"label": wish.label} if wish.label else {}), **wish.data}
    branch = Branch(wish.branch, wish.trunk, wish.base if wish.branch else None)
    change(state, dataset, current, received, actor, None, {"submission": True}, base, branch)
    return True


def _base_in_branch(state: State, wish: Wish, current: sqlite3.Row | None) -> int | None:
    """The version at the server that the change follows; None while that has not arrived."""
    if current is None:
        return None
    values: tuple[str | int | None, ...]
    if wish.base in (1, wish.trunk):
        where, values = "version = ?", (wish.base,)
    else:
        where, values = "branchId = ? AND branchBaseVersion = ?", (wish.branch, (wish.base or 0) - 1)
    sql = f"SELECT version FROM entity_defs WHERE entityId = ? AND {where}"  # noqa: S608
    found: int | None = state.scalar(sql, current["id"], *values)
    return found


def _release(state: State, dataset: sqlite3.Row, identity: str) -> None:
    """Apply the held change that follows the entity's current version, if it is here."""
    current = state.one(CURRENT_SQL + " WHERE e.uuid = ? AND e.datasetId = ?", identity, dataset["id"])
    assert current is not None
    follows = (current["branchBaseVersion"] or 0) + 1
    branch = current["branchId"]
    held = state.one(
        "SELECT * FROM held_entities WHERE uuid = ? AND branchBaseVersion = ? AND (? IS NULL OR branchId = ?)",
        *(identity, follows, branch, branch),
    )
    if held is None:
        return
    actor = state.one("SELECT * FROM actors WHERE id = ?", held["actorId"])
    assert actor is not None
    state.db.execute("DELETE FROM held_entities WHERE id = ?", (held["id"],))
    _apply(state, dataset, Wish(**orjson.loads(held["change"])), actor, False)


def _values(node: Node, path: str, properties: dict[str, str]) -> list[tuple[str, str]]:
    found = []
    for child in node.children:
        here = f"{path}/{local(child.name)}"
        if here in properties:
            found.append((properties[here], child.text))
        elif child.children:
            found += _values(child, here, properties)
    return found
