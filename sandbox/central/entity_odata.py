"""An entity list over OData: `/datasets/NAME.svc/Entities`, for reading a whole list with its values at once."""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import entities
from .datasets import LIST, dataset_of
from .instance import odata_name
from .odata import HEADERS, MEDIA, footer, next_link, read_query
from .odata_filter import ENTITY_COLUMNS, filter_clause, order_clause
from .web import actor_by_id, state_of


def row_json(row: sqlite3.Row, creator: dict[str, Any] | None, names: list[str]) -> dict[str, Any]:
    data = orjson.loads(row["data"])
    system = {
        "createdAt": row["createdAt"],
        "creatorId": str(row["creatorId"]),
        "creatorName": creator["displayName"] if creator else None,
        "updates": row["version"] - 1,
        "updatedAt": row["updatedAt"],
        "deletedAt": row["deletedAt"],
        "version": row["version"],
        "conflict": row["conflict"],
    }
    values = {odata_name(name): data.get(name) for name in names}
    return {"__id": row["uuid"], "label": row["label"], "__system": system, **values}


async def table(request: Request) -> Response:
    state = state_of(request)
    dataset, _ = dataset_of(request, "entity.list")
    query = read_query(request)
    clause = filter_clause(query.filter, ENTITY_COLUMNS)
    where, values = f" WHERE e.datasetId = ? AND ({clause.sql})", [dataset["id"], *clause.values]
    count = "SELECT count(*) FROM entities e"
    total: int = state.scalar(count + where, *values)
    after, cursor = "", list[Any]()
    if query.after is not None:
        after = " AND (e.createdAt, e.id) < (SELECT createdAt, id FROM entities WHERE uuid = ?)"
        cursor = [query.after.get("uuid")]
    left: int = state.scalar(count + where + after, *values, *cursor)
    order = order_clause(query.orderby, ENTITY_COLUMNS, "e.createdAt DESC, e.id DESC", "e.id")
    page = [-1 if query.top is None else query.top, query.skip]
    rows = state.all(f"{entities.CURRENT_SQL}{where}{after} ORDER BY {order} LIMIT ? OFFSET ?", *values, *cursor, *page)
    names = entities.property_names(state, dataset["id"])
    listed = [row_json(row, actor_by_id(state, row["creatorId"]), names) for row in rows]
    link = next_link(request, {"uuid": rows[-1]["uuid"]}) if rows and query.paged and left > len(rows) else None
    body = b'{"value":' + orjson.dumps(listed) + b","
    return Response(
        body + footer(request, "Entities", link, total if query.count else None).encode(),
        media_type=MEDIA,
        headers=HEADERS,
    )


routes = [Route(LIST + ".svc/Entities", table, methods=["GET"])]
