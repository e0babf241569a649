"""An entity list as a phone gets it: the file, and which of the rows it holds are gone."""

from __future__ import annotations

import csv
import io
import sqlite3

import orjson

from . import actor_properties, entities
from .state import State
from .web import verbs_of


def reader_of(state: State, actor: sqlite3.Row, project: sqlite3.Row) -> int | None:
    """Whose eyes a list is read with: None for who may list its entities, else the actor's, rules and all."""
    return None if "entity.list" in verbs_of(state, actor, project["acteeId"]) else actor["id"]


def phone_csv(state: State, dataset: int, reader: int | None) -> bytes:
    """The list as a form's file: name (the uuid), label, __version, then the properties; newest first."""
    condition, values = actor_properties.visible(reader)
    names = entities.property_names(state, dataset)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["name", "label", "__version", *names])
    where = f"WHERE e.datasetId = ? AND e.deletedAt IS NULL AND {condition} ORDER BY e.createdAt DESC, e.id DESC"
    for row in state.db.execute(f"{entities.CURRENT_SQL} {where}", (dataset, *values)):
        data = orjson.loads(row["data"])
        writer.writerow([row["uuid"], row["label"], row["version"], *(data.get(name, "") for name in names)])
    return out.getvalue().encode()


def gone_by_uuid(state: State, dataset: int, reader: int | None) -> dict[str, bool]:
    """Every entity that the list ever had: whether it was deleted, or is not the reader's to see."""
    condition, values = actor_properties.visible(reader)
    sql = f"{entities.CURRENT_SQL} WHERE e.datasetId = ? AND e.deletedAt IS NULL AND {condition}"
    seen = {row["uuid"] for row in state.all(sql, dataset, *values)}
    return {
        row["uuid"]: row["uuid"] not in seen
        for row in state.all("SELECT uuid FROM entities WHERE datasetId = ?", dataset)
    }
