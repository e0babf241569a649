"""Submissions over OData: the table a product pulls, streamed row by row from what was rendered on arrival.

Rows are kept as JSON text in two pieces with `__system` between them, so that a whole form is served by joining
text, in constant memory. Only `$select`, unexpanded rows and repeats' own tables are rendered from XML on demand.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from . import edmx, errors, forms, xml
from .instance import Schema, odata_name, render
from .odata_filter import SUBMISSION_COLUMNS, Clause, filter_clause, order_clause
from .state import State
from .web import FORM, answer, domain_of, form_of, is_true, state_of

KNOWN_OPTIONS = {
    *("$top", "$skip", "$skiptoken", "$count", "$filter", "$expand", "$select", "$orderby", "$wkt"),
    *("$search", "$format", "$metadata"),
}
BATCH = 200
NEWEST_FIRST = "s.createdAt DESC, s.id DESC"
ROW_SQL = """
SELECT s.id, s.instanceId, s.createdAt, s.updatedAt, s.submitterId, a.displayName, s.present, s.expected, s.reviewState,
  s.deviceId, s.edits, s.formVersion, s.deletedAt, s.rowHead, s.rowTail, s.currentDefId, s.status
FROM submissions s LEFT JOIN actors a ON a.id = s.submitterId
"""
HEADERS = {"OData-Version": "4.0"}
MEDIA = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Query:
    """The options of one request. `after` is the cursor of `$skiptoken`."""

    top: int | None
    skip: int
    after: dict[str, Any] | None
    count: bool
    filter: str | None
    orderby: str | None
    expand: bool
    select: list[str] | None

    @property
    def paged(self) -> bool:
        return self.top is not None or self.skip > 0 or self.after is not None


def read_query(request: Request) -> Query:
    """Raises 501.1, 501.6 and 501.11 for what Central does not support, 400.35 for a `$skiptoken` that is none."""
    options = dict(request.query_params)
    for name in options:
        if name.startswith("$") and name not in KNOWN_OPTIONS:
            raise errors.unsupported(name)
    expand = options.get("$expand")
    if expand not in (None, "*"):
        raise errors.Problem(
            "501.6",
            f'The given OData expand expression is not supported by this server: "{expand}". Currently, only '
            '"$expand=*" is supported.',
            {"text": expand},
        )
    if expand and "$select" in options:
        raise errors.Problem("501.11", "This server doesn't support $select query parameter with $expand.")
    token = options.get("$skiptoken")
    if token and "$orderby" in options:
        raise errors.unsupported("using $orderby and $skiptoken together")
    chosen = options.get("$select")
    return Query(
        top=max(0, _whole(options["$top"])) if "$top" in options else None,
        skip=0 if token else max(0, _whole(options.get("$skip", "0"))),
        after=read_skiptoken(token) if token else None,
        count=is_true(options.get("$count")),
        filter=options.get("$filter"),
        orderby=options.get("$orderby"),
        expand=expand == "*",
        select=None if chosen in (None, "*") else [name.strip() for name in str(chosen).split(",")],
    )


def _whole(text: str) -> int:
    match = re.match(r"\s*[+-]?\d+", text)
    return int(match[0]) if match else 0


def read_skiptoken(token: str) -> dict[str, Any]:
    try:
        if not token.startswith("01"):
            raise ValueError
        cursor = orjson.loads(base64.b64decode(token[2:]))
        if not isinstance(cursor, dict):
            raise ValueError
    except ValueError as error:
        raise errors.Problem("400.35", "Invalid $skiptoken") from error
    return cursor


def next_link(request: Request, cursor: dict[str, Any]) -> str:
    """The address of the next page, on the domain this server believes it has, like Central's."""
    token = "01" + base64.b64encode(orjson.dumps(cursor)).decode()
    pairs = [(name, value) for name, value in parse_qsl(request.url.query, keep_blank_values=True)]
    kept = [pair for pair in pairs if pair[0] not in ("$skip", "$skiptoken")]
    return f"{domain_of(request)}{_path(request)}?{urlencode([*kept, ('$skiptoken', token)])}"


def _path(request: Request) -> str:
    raw: bytes = request.scope.get("full_path") or request.scope["raw_path"]
    return raw.decode("ascii").partition("?")[0]


def footer(request: Request, table: str, link: str | None, count: int | None) -> str:
    root = _path(request).partition(".svc/")[0] + ".svc"
    parts = [f'"@odata.context":"{domain_of(request)}{root}/$metadata#{table}"']
    if link is not None:
        parts.append(f'"@odata.nextLink":"{link}"')
    if count is not None:
        parts.append(f'"@odata.count":{count}')
    return ",".join(parts) + "}"


def published(request: Request) -> sqlite3.Row:
    form, _ = form_of(request, "submission.read")
    row = forms.load(state_of(request), form["id"], "published")
    if row is None:
        raise errors.not_found()
    return row


def system_of(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "submissionDate": row["createdAt"],
        "updatedAt": row["updatedAt"],
        "submitterId": None if row["submitterId"] is None else str(row["submitterId"]),
        "submitterName": row["displayName"],
        "attachmentsPresent": row["present"],
        "attachmentsExpected": row["expected"],
        "status": row["status"],
        "reviewState": row["reviewState"],
        "deviceId": row["deviceId"],
        "edits": row["edits"],
        "formVersion": row["formVersion"],
        "deletedAt": row["deletedAt"],
    }


def stored_row(row: sqlite3.Row) -> bytes:
    """The expanded row: two pieces of stored text and the state of the moment."""
    system = orjson.dumps(system_of(row))
    return b'%b,"__system":%b%b' % (row["rowHead"].encode(), system, row["rowTail"].encode())


def rendered_row(db: sqlite3.Connection, row: sqlite3.Row, schema: Schema, query: Query) -> bytes:
    """The row from its XML: without the repeats' rows, or with the `$select`ed answers only."""
    text = db.execute("SELECT xml FROM submission_defs WHERE id = ?", (row["currentDefId"],)).fetchone()[0]
    root = xml.read(text)
    assert root is not None
    if row["status"] is not None:
        return stored_row(row)  # encrypted: there is nothing else to show
    head, tail = render(root, schema, row["instanceId"], expand=query.expand)
    whole = {**head, "__system": system_of(row), **tail}
    return orjson.dumps(whole if query.select is None else pruned(whole, query.select))


def pruned(row: dict[str, Any], select: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in row.items():
        inner = [path.partition("/")[2] for path in select if path.partition("/")[0] == name]
        if "" in inner:
            result[name] = value
        elif inner and isinstance(value, dict):
            result[name] = {key: value[key] for key in value if key in inner}
    return result


def check_select(schema: Schema, select: list[str] | None) -> None:
    system = {"__id", "__system", "__system/status"} | {f"__system/{name}" for name in edmx.SYSTEM_FIELDS}
    for path in select or []:
        node: Schema | None = schema
        for name in path.split("/"):
            children = {} if node is None else {odata_name(child.name): child for child in node.children.values()}
            node = children.get(name)
        if node is None and path not in system:
            raise errors.Problem("400.23", f"Could not find a property named '{path}'", {"property": path})


class Selection:
    """The rows that a request means, as SQL: the form, the filter, the cursor, the order and the page."""

    def __init__(self, form_id: int, query: Query, *, whole: bool = False) -> None:
        clause: Clause = filter_clause(query.filter, SUBMISSION_COLUMNS)
        self.where = f" WHERE s.formId = ? AND ({clause.sql})"
        self.values: list[Any] = [form_id, *clause.values]
        self.order = " ORDER BY " + order_clause(query.orderby, SUBMISSION_COLUMNS, NEWEST_FIRST, "s.id")
        self.cursor, self.cursor_values = "", list[Any]()
        if query.after is not None and "repeatId" not in query.after:
            self.cursor = (
                " AND (s.createdAt, s.id) < (SELECT createdAt, id FROM submissions WHERE formId = ? AND instanceId = ?)"
            )
            self.cursor_values = [form_id, query.after.get("instanceId")]
        self.page, self.page_values = "", list[Any]()
        if not whole and (query.top is not None or query.skip):
            self.page = " LIMIT ? OFFSET ?"
            self.page_values = [-1 if query.top is None else query.top, query.skip]

    def rows(self, columns: str) -> tuple[str, list[Any]]:
        sql = columns + self.where + self.cursor + self.order + self.page
        return sql, [*self.values, *self.cursor_values, *self.page_values]

    def total(self, db: sqlite3.Connection, *, after_cursor: bool) -> int:
        cursor, values = (self.cursor, self.cursor_values) if after_cursor else ("", [])
        count = "SELECT count(*) FROM submissions s"
        value: int = db.execute(count + self.where + cursor, [*self.values, *values]).fetchone()[0]
        return value

    def etag(self, db: sqlite3.Connection) -> str:
        """Over the events of the rows: new, edited, reviewed, deleted and restored ones change it, files do not."""
        sql, values = self.rows("SELECT s.event FROM submissions s")
        digest = hashlib.md5(usedforsecurity=False)
        found = False
        for row in db.execute(sql, values):
            digest.update(b"%d," % row[0])
            found = True
        return f'W/"eventhash:{digest.hexdigest() if found else "0" * 32}"'


async def table(request: Request) -> Response:
    """`Submissions`, or a repeat's own table (`Submissions.member`)."""
    state = state_of(request)
    row = published(request)
    name = request.path_params["table"]
    query = read_query(request)
    schema = forms.schema(state, row["defId"])
    if query.top == 0 and name == "Submissions":
        count = Selection(row["id"], query).total(state.db, after_cursor=False) if query.count else None
        return Response('{"value":[],' + footer(request, name, None, count), media_type=MEDIA, headers=HEADERS)
    selection = Selection(row["id"], query, whole=name != "Submissions")
    etag = selection.etag(state.db)
    headers = {**HEADERS, "ETag": etag}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if name != "Submissions":
        return Response(_subtable(request, selection, query, schema, name), media_type=MEDIA, headers=headers)
    check_select(schema, query.select)
    chunks = _stream(request, state, selection, query, schema)
    return StreamingResponse(chunks, media_type=MEDIA, headers=headers)


async def _stream(
    request: Request, state: State, selection: Selection, query: Query, schema: Schema
) -> AsyncIterator[bytes]:
    """The answer in pieces, from a connection of its own: one moment's view, a batch in memory at a time."""
    db = state.connect()
    try:
        db.execute("BEGIN")
        total = selection.total(db, after_cursor=False) if query.count else None
        left = selection.total(db, after_cursor=True) if query.paged else 0
        sql, values = selection.rows(ROW_SQL)
        cursor = db.execute(sql, values)
        last: str | None = None
        sent = 0
        while batch := cursor.fetchmany(BATCH):
            if query.expand:
                parts = [stored_row(row) for row in batch]
            else:
                parts = [rendered_row(db, row, schema, query) for row in batch]
            yield (b'{"value":[' if sent == 0 else b",") + b",".join(parts)
            sent += len(batch)
            last = batch[-1]["instanceId"]
            await asyncio.sleep(0)  # let other requests in
        link = next_link(request, {"instanceId": last}) if left - sent > 0 else None
        yield (b"]," if sent else b'{"value":[],') + footer(request, "Submissions", link, total).encode()
    finally:
        db.close()


def _subtable(request: Request, selection: Selection, query: Query, schema: Schema, name: str) -> bytes:
    """A repeat's table. Slow on purpose like Central's own: every submission is read for every page."""
    path = name.split(".")[1:]
    node: Schema | None = schema
    for part in path:
        names = {} if node is None else {odata_name(child.name): child for child in node.children.values()}
        node = names.get(part)
    if name.split(".")[0] != "Submissions" or node is None or node.type != "repeat":
        raise errors.not_found()
    state = state_of(request)
    sql, values = selection.rows(ROW_SQL)
    found = [bag for row in state.db.execute(sql, values) for bag in _bags(state, row, schema, path)]
    start = query.skip
    if query.after is not None:
        places = [place for place, bag in enumerate(found) if bag["__id"] == query.after.get("repeatId")]
        if not places:
            raise errors.Problem("400.34", "Record associated with the provided $skiptoken not found.")
        start = places[0] + 1
    page = found[start:] if query.top is None else found[start : start + query.top]
    more = start + len(page) < len(found) and query.top is not None
    link = next_link(request, {"repeatId": page[-1]["__id"] if page else None}) if more else None
    count = len(found) if query.count else None
    body = b'{"value":' + orjson.dumps(page if query.expand else [_links_only(bag) for bag in page]) + b","
    return body + footer(request, name, link, count).encode()


def _bags(state: State, row: sqlite3.Row, schema: Schema, path: list[str]) -> Iterator[dict[str, Any]]:
    text = state.scalar("SELECT xml FROM submission_defs WHERE id = ?", row["currentDefId"])
    root = xml.read(text)
    assert root is not None
    head, tail = render(root, schema, row["instanceId"], expand=True)
    parents = [("Submissions", row["instanceId"], {**head, **tail})]
    trail = ["Submissions"]
    for part in path:
        trail.append(part)
        fresh = []
        for key, parent, value in parents:
            inner = value.get(part)
            if isinstance(inner, dict):
                fresh.append((key, parent, inner))
            for bag in inner if isinstance(inner, list) else []:
                fields = {name: item for name, item in bag.items() if "@" not in name and not _is_repeat(item)}
                rest = {name: item for name, item in bag.items() if name not in fields}
                fresh.append(("-".join(trail), bag["__id"], {**fields, f"__{key}-id": parent, **rest}))
        parents = fresh
    yield from (value for _, _, value in parents)


def _is_repeat(value: Any) -> bool:
    return isinstance(value, list)


def _links_only(bag: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in bag.items() if not _is_repeat(value)}


async def single(request: Request) -> Response:
    """One submission by its `__id`: `Submissions('uuid:...')`."""
    state = state_of(request)
    row = published(request)
    query = read_query(request)
    schema = forms.schema(state, row["defId"])
    check_select(schema, query.select)
    found = state.one(
        ROW_SQL + " WHERE s.formId = ? AND s.instanceId = ? AND s.deletedAt IS NULL",
        *(row["id"], request.path_params["id"]),
    )
    if found is None:
        raise errors.not_found()
    body = stored_row(found) if query.expand else rendered_row(state.db, found, schema, query)
    return Response(
        b'{"value":[' + body + b"]," + footer(request, "Submissions", None, 1 if query.count else None).encode(),
        media_type=MEDIA,
        headers=HEADERS,
    )


async def service_document(request: Request) -> Response:
    row = published(request)
    fields = orjson.loads(state_of(request).scalar("SELECT fields FROM form_defs WHERE id = ?", row["defId"]))
    names = ["Submissions"]
    for field in fields:
        if field["type"] == "repeat":
            names.append(".".join(["Submissions", *map(odata_name, field["path"].split("/")[1:])]))
    value = [{"name": name, "kind": "EntitySet", "url": name} for name in names]
    context = f"{domain_of(request)}{quote(_path(request), safe='/%')}/$metadata"
    response = answer({"@odata.context": context, "value": value})
    response.headers.update({**HEADERS, "Content-Type": f"{MEDIA}; odata.metadata=minimal"})
    return response


async def metadata(request: Request) -> Response:
    row = published(request)
    text = edmx.submissions(row["xmlFormId"], forms.schema(state_of(request), row["defId"]))
    return Response(text, media_type="application/xml", headers=HEADERS)


routes = [
    Route(FORM + ".svc", service_document, methods=["GET"]),
    Route(FORM + ".svc/$metadata", metadata, methods=["GET"]),
    Route(FORM + ".svc/Submissions('{id}')", single, methods=["GET"]),
    Route(FORM + ".svc/{table}", table, methods=["GET"]),
]
