"""An entity list at Central brought to what the server says: changed rows only, each from the version it was read at.

The list is the server's: a row that is not wanted is removed. Rows are found by their uuid, which follows from what
they stand for, so that nothing need be remembered. A removed row keeps its uuid: wanted again, it is restored; once
Central has purged it, or another project has that uuid, the row gets the next one of its line.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from forms.lists import ENTITY_LISTS
from server.central.client import Central
from server.central.errors import CentralError
from server.central.lists import list_path

_AT_ONCE = 1000
T = TypeVar("T")
#: uuids tried for one row: its own, then those of its line.
_LINE = 4


@dataclass(frozen=True)
class Row:
    """A row as it shall be: the uuid of what it stands for, its label, its properties (text, blank = nothing)."""

    uuid: str
    label: str
    data: Mapping[str, str]


@dataclass(frozen=True)
class Held:
    """A row as Central holds it."""

    uuid: str
    label: str
    data: Mapping[str, str]
    version: int


@dataclass
class Pushed:
    """What was written to a list, in rows; `conflicts`: uuids that somebody else kept changing, left as they are."""

    name: str
    created: int = 0
    restored: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    conflicts: list[str] = field(default_factory=list)

    @property
    def written(self) -> int:
        """Rows that were touched."""
        return self.created + self.restored + self.updated + self.removed


def read_list(central: Central, name: str, properties: Sequence[str], *, deleted: bool = False) -> list[Held]:
    """The rows of a list, or those removed from it, as of one moment. Raises `CentralError`."""
    what = f"entity list {name}"
    params = {"$filter": "__system/deletedAt ne null"} if deleted else {}
    with central.stream(f"{list_path(central.project_id, name)}.svc/Entities", what, params) as pieces:
        content = b"".join(pieces)
    try:
        return [_held(row, properties) for row in orjson.loads(content)["value"]]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise CentralError("central_half_document", url=central.url, what=what) from None


def push(
    central: Central,
    name: str,
    wanted: Sequence[Row],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Pushed:
    """Bring the list `name` to `wanted`. Run again it writes nothing; what broke off is finished by the next run.

    A row changed by somebody else meanwhile is read again and written once more, then left and named in `conflicts`.
    Raises `CentralError`.
    """
    path, properties = list_path(central.project_id, name), ENTITY_LISTS[name]
    done = Pushed(name)
    owner = {one: row.uuid for row in wanted for one in _line(central.project_id, row.uuid)}
    held: dict[str, Held] = {}
    surplus: list[str] = []
    for one in read_list(central, name, properties):
        of = owner.get(one.uuid)
        if of is None or of in held:
            surplus.append(one.uuid)
        else:
            held[of] = one
    missing = [row for row in wanted if row.uuid not in held]
    if missing:
        back = _restore(central, path, name, {row.uuid for row in missing}, owner)
        held |= back
        done.restored = len(back)
        missing = [row for row in missing if row.uuid not in held]
    changed = [row for row in wanted if row.uuid in held and _differences(row, held[row.uuid])]
    done.unchanged = len(held) - len(changed)
    total, count = len(missing) + len(changed) + len(surplus), 0
    progress(0, total)
    for batch in _batches(missing):
        _create(central, path, name, batch)
        done.created += len(batch)
        count += len(batch)
        progress(count, total)
    for row in changed:
        if _update(central, path, name, row, held[row.uuid]):
            done.updated += 1
        else:
            done.conflicts.append(row.uuid)
        count += 1
        progress(count, total)
    for gone in _batches(surplus):
        answer = central.send("POST", f"{path}/entities/bulk-delete", f"entity list {name}", json={"ids": gone})
        done.removed += int(answer["count"])
        count += len(gone)
        progress(count, total)
    return done


def _held(row: dict[str, Any], properties: Sequence[str]) -> Held:
    data = {name: str(row.get(name) or "") for name in properties}
    return Held(str(row["__id"]), str(row["label"]), data, int(row["__system"]["version"]))


def _line(project_id: int, first: str) -> list[str]:
    """The uuids that a row may have, its own first. Central takes version 4 alone."""
    base = uuid.UUID(first)
    later = [uuid.uuid5(base, f"{project_id}/{number}").bytes for number in range(1, _LINE)]
    return [first, *(str(uuid.UUID(bytes=one, version=4)) for one in later)]


def _restore(central: Central, path: str, name: str, wanted: set[str], owner: Mapping[str, str]) -> dict[str, Held]:
    """Those of the wanted rows that were removed earlier, put back: by the uuid of the row."""
    back: dict[str, Held] = {}
    for one in read_list(central, name, ENTITY_LISTS[name], deleted=True):
        of = owner.get(one.uuid)
        if of in wanted and of is not None and of not in back:
            back[of] = one
    for batch in _batches([one.uuid for one in back.values()]):
        central.send("POST", f"{path}/entities/bulk-restore", f"entity list {name}", json={"ids": batch})
    return back


def _create(central: Central, path: str, name: str, rows: Sequence[Row]) -> None:
    """All rows in one request, which Central takes whole or not at all; where a uuid is taken, row by row."""
    what = f"entity list {name}"
    body = {"entities": [_entity(row, row.uuid) for row in rows], "source": {"name": "rasoat", "size": len(rows)}}
    try:
        central.send("POST", f"{path}/entities", what, json=body)
    except CentralError as error:
        if error.code != "central_conflict":
            raise
        for row in rows:
            _create_one(central, path, what, row)


def _create_one(central: Central, path: str, what: str, row: Row) -> None:
    line = _line(central.project_id, row.uuid)
    for one in line:
        try:
            central.send("POST", f"{path}/entities", what, json=_entity(row, one))
        except CentralError as error:
            if error.code != "central_conflict" or one == line[-1]:
                raise
        else:
            return


def _entity(row: Row, identity: str) -> dict[str, object]:
    return {"uuid": identity, "label": row.label, "data": dict(row.data)}


def _update(central: Central, path: str, name: str, row: Row, held: Held) -> bool:
    """Write what differs; once more from a fresh reading if it had moved on. False when it moves on again."""
    where, what = f"{path}/entities/{held.uuid}", f"entity list {name}"
    for last in (False, True):
        change = _differences(row, held)
        if not change:
            return True
        try:
            central.send("PATCH", where, what, json=change, params={"baseVersion": str(held.version)})
        except CentralError as error:
            if error.code != "central_conflict":
                raise
            if last:
                return False
            now = central.get_json(where, what)["currentVersion"]
            data = {name: str(now["data"].get(name) or "") for name in row.data}
            held = Held(held.uuid, str(now["label"]), data, int(now["version"]))
        else:
            return True
    return False


def _differences(row: Row, held: Held) -> dict[str, object]:
    """The body of an update: what is not yet as wanted; empty when all is."""
    data = {name: value for name, value in row.data.items() if held.data.get(name, "") != value}
    change: dict[str, object] = {} if row.label == held.label else {"label": row.label}
    return change | ({"data": data} if data else {})


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
