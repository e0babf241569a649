"""The forms resource over HTTP: creation, drafts, publishing, versions, fields, and form files."""

from __future__ import annotations

import mimetypes
import sqlite3
from typing import Any
from urllib.parse import unquote

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import datasets, errors, forms, phone_lists
from .state import State, md5, now
from .web import (
    FORM,
    PROJECT,
    actor_by_id,
    answer,
    extended,
    file_response,
    form_of,
    is_true,
    json_body,
    project_of,
    state_of,
    success,
)

STATES = ("open", "closing", "closed")


async def read_upload(request: Request) -> tuple[str, tuple[bytes, str] | None]:
    """(XForm XML, (workbook, its type) or None) of an upload in either format."""
    content = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind not in forms.XLS_TYPES:
        return content.decode("utf-8", "replace"), None
    fallback = unquote(request.headers.get("x-xlsform-formid-fallback", ""))
    ignore = is_true(request.query_params.get("ignoreWarnings"))
    text = forms.convert_xlsx(content, forms.XLS_TYPES[kind], fallback, ignore)
    return text, (content, kind)


def found(row: sqlite3.Row | None) -> sqlite3.Row:
    if row is None:
        raise errors.not_found()
    return row


def more(state: State, row: sqlite3.Row, of_version: bool = False) -> dict[str, Any]:
    """What X-Extended-Metadata adds to a form."""
    result: dict[str, Any] = {"excelContentType": row["xlsType"], "publishNotes": None}
    if of_version:
        return result | {"publishedBy": actor_by_id(state, row["publisherId"])}
    counted = state.all(
        "SELECT reviewState, count(*) AS n, max(createdAt) AS last FROM submissions "
        "WHERE formId = ? AND deletedAt IS NULL GROUP BY reviewState",
        row["id"],
    )
    by_state = {item["reviewState"]: item["n"] for item in counted}
    return result | {
        "submissions": sum(by_state.values()),
        "entityRelated": bool(forms.definition_lists(state, row["defId"])),
        "reviewStates": {
            "received": by_state.get(None, 0),
            "hasIssues": by_state.get("hasIssues", 0),
            "edited": by_state.get("edited", 0),
        },
        "lastSubmission": max((item["last"] for item in counted), default=None),
        "publicLinks": 0,
        "createdBy": actor_by_id(state, row["creatorId"]),
    }


def shown(request: Request, row: sqlite3.Row | None, of_version: bool = False) -> dict[str, Any]:
    row = found(row)
    result = forms.form_json(row)
    return result | more(state_of(request), row, of_version) if extended(request) else result


async def list_forms(request: Request) -> Response:
    state = state_of(request)
    project, _ = project_of(request, "form.list")
    gone = "IS NOT NULL" if is_true(request.query_params.get("deleted")) else "IS NULL"
    rows = state.all(
        forms.FORM_SQL + f" WHERE projectId = ? AND forms.deletedAt {gone} "
        "AND d.id = coalesce(currentDefId, draftDefId) ORDER BY coalesce(d.name, xmlFormId), forms.id",
        project["id"],
    )
    return answer([shown(request, row) for row in rows])


async def create_form(request: Request) -> Response:
    state = state_of(request)
    project, actor = project_of(request, "form.create")
    text, xls = await read_upload(request)
    with state.write():
        form_id = forms.create(state, project, actor, text, xls)
        if is_true(request.query_params.get("publish")):
            form = found(state.one("SELECT * FROM forms WHERE id = ?", form_id))
            forms.publish(state, form, actor, None, at_creation=True)
    return answer(shown(request, forms.load(state, form_id)))


async def get_form(request: Request) -> Response:
    form, _ = form_of(request, "form.read")
    return answer(shown(request, forms.load(state_of(request), form["id"])))


async def patch_form(request: Request) -> Response:
    state = state_of(request)
    form, _ = form_of(request, "form.update")
    body = await json_body(request)
    wanted = body.get("state", form["state"])
    if wanted not in STATES:
        raise errors.unexpected_value("state", wanted, "not a recognized state name")
    with state.write() as db:
        db.execute("UPDATE forms SET state = ?, updatedAt = ? WHERE id = ?", (wanted, now(), form["id"]))
    return answer(shown(request, forms.load(state, form["id"])))


async def delete_form(request: Request) -> Response:
    form, _ = form_of(request, "form.delete")
    with state_of(request).write() as db:
        db.execute("UPDATE forms SET deletedAt = ? WHERE id = ?", (now(), form["id"]))
        db.execute("DELETE FROM assignments WHERE acteeId = ?", (form["acteeId"],))
    return success()


def chosen(request: Request, verb: str = "form.read") -> sqlite3.Row:
    """The definition that the path means: a draft, a version (`___` is the unnamed one), else the current one."""
    state = state_of(request)
    form, _ = form_of(request, verb)
    if "version" in request.path_params:
        version = request.path_params["version"]
        return found(forms.load(state, form["id"], "version", "" if version == "___" else version))
    which = "draft" if request.url.path.split(f"/forms/{form['xmlFormId']}")[-1].startswith("/draft") else "any"
    return found(forms.load(state, form["id"], which))


async def get_definition(request: Request) -> Response:
    return answer(shown(request, chosen(request), "version" in request.path_params))


async def get_xml(request: Request) -> Response:
    row = chosen(request, "open_form.read")
    text = state_of(request).scalar("SELECT xml FROM form_defs WHERE id = ?", row["defId"])
    return Response(text, media_type="application/xml")


async def get_xls(request: Request) -> Response:
    row = chosen(request)
    definition = found(state_of(request).one("SELECT * FROM form_defs WHERE id = ?", row["defId"]))
    if definition["xls"] is None:
        raise errors.not_found()
    name = f"{row['xmlFormId']}{forms.XLS_TYPES[definition['xlsType']]}"
    return file_response(request, name, definition["xls"], definition["xlsType"], definition["sha"], False)


async def get_fields(request: Request) -> Response:
    text = state_of(request).scalar("SELECT fields FROM form_defs WHERE id = ?", chosen(request)["defId"])
    keys = ("path", "name", "type", "binary", "selectMultiple")
    return answer([{key: field[key] for key in keys} for field in orjson.loads(text)])


async def list_versions(request: Request) -> Response:
    state = state_of(request)
    form, _ = form_of(request, "form.read")
    rows = state.all(
        forms.FORM_SQL + " WHERE forms.id = ? AND d.publishedAt IS NOT NULL ORDER BY d.id DESC", form["id"]
    )
    return answer([shown(request, row, True) for row in rows])


async def create_draft(request: Request) -> Response:
    """A new draft from the upload; an empty body copies the current version."""
    state = state_of(request)
    form, _ = form_of(request, "form.update")
    text, xls = await read_upload(request)
    if not text and xls is None:
        current = found(state.one("SELECT * FROM form_defs WHERE id = ?", form["currentDefId"]))
        text = current["xml"]
        xls = (current["xls"], current["xlsType"]) if current["xls"] else None
    with state.write():
        forms.replace_draft(state, form, text, xls)
    return success()


async def publish_draft(request: Request) -> Response:
    state = state_of(request)
    form, actor = form_of(request, "form.update")
    with state.write():
        forms.publish(state, form, actor, request.query_params.get("version"))
    return success()


async def delete_draft(request: Request) -> Response:
    state = state_of(request)
    form, _ = form_of(request, "form.update")
    if form["draftDefId"] is None:
        raise errors.not_found()
    if form["currentDefId"] is None:
        raise errors.Problem(
            "409.7",
            "Could not delete draft, because the form has not been published. Either delete the whole form, or "
            "replace the draft.",
        )
    with state.write() as db:
        forms.drop_draft(state, form)
        db.execute("UPDATE forms SET draftDefId = NULL WHERE id = ?", (form["id"],))
    return success()


def attachment_json(row: sqlite3.Row) -> dict[str, Any]:
    result = {
        "name": row["name"],
        "type": row["type"],
        "hash": row["blobId"],
        "exists": row["blobId"] is not None or row["datasetId"] is not None,
        "blobExists": row["blobId"] is not None,
        "datasetExists": row["datasetId"] is not None,
    }
    return result | ({"updatedAt": row["updatedAt"]} if row["updatedAt"] else {})


async def list_attachments(request: Request) -> Response:
    rows = state_of(request).all(
        "SELECT * FROM form_attachments WHERE formDefId = ? ORDER BY name", chosen(request)["defId"]
    )
    return answer([attachment_json(row) for row in rows])


def slot(request: Request, verb: str) -> sqlite3.Row:
    return found(
        state_of(request).one(
            "SELECT * FROM form_attachments WHERE formDefId = ? AND name = ?",
            *(chosen(request, verb)["defId"], request.path_params["name"]),
        )
    )


async def get_attachment(request: Request) -> Response:
    state = state_of(request)
    row = slot(request, "open_form.read")
    if row["datasetId"] is not None:
        project, actor = project_of(request, "")
        content = phone_lists.phone_csv(state, row["datasetId"], phone_lists.reader_of(state, actor, project))
        return file_response(request, row["name"], content, "text/csv; charset=utf-8", md5(content), False)
    if row["blobId"] is None:
        raise errors.not_found()
    return file_response(request, row["name"], state.blob(row["blobId"]), row["contentType"], row["blobId"], False)


async def put_attachment(request: Request) -> Response:
    """Fill a slot of the draft; only files that the form names have a slot."""
    state = state_of(request)
    row = slot(request, "form.update")
    content = await request.body()
    kind = request.headers.get("content-type") or mimetypes.guess_type(row["name"])[0] or "application/octet-stream"
    if kind == "text/csv":
        kind = "text/csv; charset=utf-8"
    with state.write():
        set_slot(state, row, state.keep_blob(content), kind, None)
    return answer(attachment_json(slot(request, "form.update")))


async def delete_attachment(request: Request) -> Response:
    state = state_of(request)
    row = slot(request, "form.update")
    if row["blobId"] is None and row["datasetId"] is None:
        raise errors.not_found()
    with state.write():
        set_slot(state, row, None, None, None)
    return success()


async def link_attachment(request: Request) -> Response:
    """Serve the slot from the entity list of the same name (`{"dataset": true}`), or stop doing so."""
    state = state_of(request)
    row = slot(request, "form.update")
    body = await json_body(request)
    if row["type"] != "file":
        raise errors.Problem("400.26", 'Dataset can only be linked to attachments with "Data File" type.')
    dataset = None
    if body.get("dataset"):
        form, _ = form_of(request, "form.update")
        name = row["name"].removesuffix(".csv")
        dataset = datasets.find(state, form["projectId"], name)["id"]
    with state.write():
        set_slot(state, row, None, None, dataset)
    return answer(attachment_json(slot(request, "form.update")))


def set_slot(state: State, row: sqlite3.Row, blob: str | None, kind: str | None, dataset: int | None) -> None:
    values = (blob, kind, dataset, now(), row["formDefId"], row["name"])
    state.db.execute(
        "UPDATE form_attachments SET blobId = ?, contentType = ?, datasetId = ?, updatedAt = ? "
        "WHERE formDefId = ? AND name = ?",
        values,
    )


routes = [
    Route(PROJECT + "/forms", list_forms, methods=["GET"]),
    Route(PROJECT + "/forms", create_form, methods=["POST"]),
    Route(FORM + "/draft", create_draft, methods=["POST"]),
    Route(FORM + "/draft", delete_draft, methods=["DELETE"]),
    Route(FORM + "/draft/publish", publish_draft, methods=["POST"]),
    Route(FORM + "/draft/attachments/{name}", put_attachment, methods=["POST", "PUT"]),
    Route(FORM + "/draft/attachments/{name}", delete_attachment, methods=["DELETE"]),
    Route(FORM + "/draft/attachments/{name}", link_attachment, methods=["PATCH"]),
    Route(FORM + "/versions", list_versions, methods=["GET"]),
    *[
        route
        for base in (FORM, FORM + "/draft", FORM + "/versions/{version}")
        for route in (
            Route(base + ".xml", get_xml, methods=["GET"]),
            Route(base + ".xlsx", get_xls, methods=["GET"]),
            Route(base + "/fields", get_fields, methods=["GET"]),
            Route(base + "/attachments", list_attachments, methods=["GET"]),
            Route(base + "/attachments/{name}", get_attachment, methods=["GET"]),
        )
    ],
    Route(FORM + "/draft", get_definition, methods=["GET"]),
    Route(FORM + "/versions/{version}", get_definition, methods=["GET"]),
    Route(FORM, get_form, methods=["GET"]),
    Route(FORM, patch_form, methods=["PATCH"]),
    Route(FORM, delete_form, methods=["DELETE"]),
]
