"""Submissions over REST: reading, editing, review, comments, versions, files, deletion."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from . import diffs, entity_submissions, errors, forms, xml
from .instance import Instance, read_instance
from .state import State, now
from .submissions import Received, accepting, count_files, create, edit, out_of_date, put_file, sender_of
from .web import (
    FORM,
    actor_by_id,
    answer,
    audit,
    audit_json,
    extended,
    file_response,
    form_of,
    is_true,
    json_body,
    state_of,
    success,
)

REVIEW_STATES = ("hasIssues", "edited", "approved", "rejected")
ONE = FORM + "/submissions/{id}"


class MovedError(Exception):
    """The id is of a later version: the answer is a redirect to it, as Central's."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


async def redirect(_request: Request, error: Exception) -> Response:
    assert isinstance(error, MovedError)
    return RedirectResponse(error.url, 301)


def version_json(state: State, row: sqlite3.Row, more: bool) -> dict[str, Any]:
    result: dict[str, Any] = {
        "submitterId": row["submitterId"],
        "createdAt": row["createdAt"],
        "instanceName": row["instanceName"],
        "instanceId": row["instanceId"],
        "current": bool(row["current"]),
        "deviceId": row["deviceId"],
        "userAgent": row["userAgent"],
    }
    return result | ({"submitter": actor_by_id(state, row["submitterId"])} if more else {})


def submission_json(state: State, row: sqlite3.Row, more: bool) -> dict[str, Any]:
    current = state.one("SELECT * FROM submission_defs WHERE id = ?", row["currentDefId"])
    assert current is not None
    names = (
        *("instanceId", "submitterId", "deviceId", "createdAt", "updatedAt", "reviewState", "userAgent"),
        "deletedAt",
    )
    result: dict[str, Any] = {name: row[name] for name in names}
    if more:
        result["submitter"] = actor_by_id(state, row["submitterId"])
    return result | {"currentVersion": version_json(state, current, more)}


def submission_of(
    request: Request, verb: str, *, deleted: bool = False
) -> tuple[sqlite3.Row, sqlite3.Row, sqlite3.Row]:
    """(submission, form, actor). An id of a later version raises `MovedError` on reading."""
    state = state_of(request)
    form, actor = form_of(request, verb)
    instance_id = request.path_params["id"]
    row = state.one("SELECT * FROM submissions WHERE formId = ? AND instanceId = ?", form["id"], instance_id)
    if row is not None and (row["deletedAt"] is not None) == deleted:
        return row, form, actor
    root = state.scalar(
        "SELECT s.instanceId FROM submission_defs d JOIN submissions s ON s.id = d.submissionId "
        "WHERE d.formId = ? AND d.instanceId = ? AND s.deletedAt IS NULL AND s.instanceId != d.instanceId",
        *(form["id"], instance_id),
    )
    if root is None or request.method != "GET":
        raise errors.not_found()
    raw = request.scope["raw_path"].decode("ascii").partition("?")[0]
    before, _, after = raw.partition("/submissions/")
    rest = after.replace(quote(instance_id, safe=""), "", 1) if "%" in after else after.replace(instance_id, "", 1)
    raise MovedError(f"{before}/submissions/{quote(root, safe='')}/versions/{quote(instance_id, safe='')}{rest}")


async def list_submissions(request: Request) -> Response:
    state = state_of(request)
    form, _ = form_of(request, "submission.list")
    gone = "IS NOT NULL" if is_true(request.query_params.get("deleted")) else "IS NULL"
    limit = int(request.query_params.get("limit", -1))
    offset = int(request.query_params.get("offset", 0))
    rows = state.all(
        f"SELECT * FROM submissions WHERE formId = ? AND deletedAt {gone} "  # noqa: S608
        "ORDER BY createdAt DESC, id DESC LIMIT ? OFFSET ?",
        *(form["id"], limit, offset),
    )
    return answer([submission_json(state, row, extended(request)) for row in rows])


async def get_submission(request: Request) -> Response:
    row, _, _ = submission_of(request, "submission.read")
    return answer(submission_json(state_of(request), row, extended(request)))


async def get_xml(request: Request) -> Response:
    row, _, _ = submission_of(request, "submission.read")
    text = state_of(request).scalar("SELECT xml FROM submission_defs WHERE id = ?", row["currentDefId"])
    return Response(text, media_type="application/xml")


async def read_upload(request: Request, form: sqlite3.Row) -> tuple[bytes, Instance]:
    raw = await request.body()
    instance = read_instance(raw)
    if instance.form_id != form["xmlFormId"]:
        raise errors.unexpected_value("form id", instance.form_id, "did not match the form ID in the URL")
    return raw, instance


async def post_submission(request: Request) -> Response:
    state = state_of(request)
    form, actor = form_of(request, "submission.create")
    raw, instance = await read_upload(request, form)
    definition = accepting(state, form["id"], instance.version)
    received = Received(raw.decode("utf-8", "replace"), instance)
    with state.write():
        created = create(state, request.app.state.schemas, definition, received, sender_of(request, actor))
    row = state.one("SELECT * FROM submissions WHERE id = ?", created)
    assert row is not None
    result = submission_json(state, row, False)
    return answer({name: value for name, value in result.items() if name not in ("reviewState", "deletedAt")})


async def put_submission(request: Request) -> Response:
    """An edit: the body names the current version in `deprecatedID` and has a new `instanceID`."""
    state = state_of(request)
    row, form, actor = submission_of(request, "submission.update")
    raw, instance = await read_upload(request, form)
    if instance.deprecated_id is None:
        raise errors.Problem(
            "400.19",
            "This PUT endpoint expects a deprecatedID metadata tag pointing at the current version instanceID. "
            "I cannot find that tag in your request.",
        )
    definition = accepting(state, form["id"], instance.version)
    current = state.one("SELECT * FROM submission_defs WHERE id = ?", row["currentDefId"])
    assert current is not None
    if current["instanceId"] != instance.deprecated_id:
        raise out_of_date(instance.deprecated_id)
    received = Received(raw.decode("utf-8", "replace"), instance)
    with state.write():
        sender = sender_of(request, actor)
        edit(state, request.app.state.schemas, definition, current, received, sender)
    fresh = state.one("SELECT * FROM submissions WHERE id = ?", row["id"])
    assert fresh is not None
    return answer(submission_json(state, fresh, False))


async def review(request: Request) -> Response:
    state = state_of(request)
    row, form, actor = submission_of(request, "submission.update")
    body = await json_body(request)
    wanted = body.get("reviewState")
    if wanted is not None and wanted not in REVIEW_STATES:
        raise errors.unexpected_value("state", wanted, "not a recognized state name")
    notes = request.headers.get("x-action-notes")
    with state.write() as db:
        db.execute(
            "UPDATE submissions SET reviewState = ?, updatedAt = ?, event = ? WHERE id = ?",
            (wanted, now(), state.next_event(), row["id"]),
        )
        details = {"reviewState": wanted, "submissionId": row["id"], "submissionDefId": row["currentDefId"]}
        text = unquote(notes) if notes else None
        audit(state, actor, "submission.update", form["acteeId"], details, submission=row["id"], notes=text)
        if wanted == "approved":
            create_approved_entities(state, row, actor)
    fresh = state.one("SELECT * FROM submissions WHERE id = ?", row["id"])
    assert fresh is not None
    result = submission_json(state, fresh, False)
    return answer({name: value for name, value in result.items() if name not in ("userAgent", "currentVersion")})


def create_approved_entities(state: State, row: sqlite3.Row, actor: sqlite3.Row) -> None:
    definition = state.one("SELECT * FROM submission_defs WHERE id = ?", row["currentDefId"])
    assert definition is not None
    form = state.one(forms.FORM_SQL + " WHERE d.id = ?", definition["formDefId"])
    root = xml.read(definition["xml"])
    assert form is not None
    assert root is not None
    entity_submissions.from_submission(state, form, root, actor, approved=True)


async def set_deleted(request: Request) -> Response:
    """DELETE, and POST to `/restore`: soft both ways, no date of the row changes but `deletedAt`."""
    state = state_of(request)
    restoring = request.method == "POST"
    action = "submission.restore" if restoring else "submission.delete"
    row, form, actor = submission_of(request, action, deleted=restoring)
    with state.write() as db:
        db.execute(
            "UPDATE submissions SET deletedAt = ?, event = ? WHERE id = ?",
            (None if restoring else now(), state.next_event(), row["id"]),
        )
        details = {"submissionId": row["id"], "instanceId": row["instanceId"]}
        audit(state, actor, action, form["acteeId"], details, submission=row["id"])
    return success()


async def comments(request: Request) -> Response:
    state = state_of(request)
    if request.method == "GET":
        row, _, _ = submission_of(request, "submission.read")
        found = state.all("SELECT * FROM comments WHERE submissionId = ? ORDER BY id DESC", row["id"])
        listed: list[dict[str, Any]] = [
            {"body": item["body"], "actorId": item["actorId"], "createdAt": item["createdAt"]} for item in found
        ]
        if extended(request):
            listed = [{**item, "actor": actor_by_id(state, item["actorId"])} for item in listed]
        return answer(listed)
    row, _, actor = submission_of(request, "submission.update")
    body = await json_body(request)
    if not body.get("body"):
        raise errors.missing_parameter("body")
    comment = {"body": body["body"], "actorId": actor["id"], "createdAt": now()}
    with state.write():
        state.insert("comments", submissionId=row["id"], **comment)
    return answer(comment)


async def audits(request: Request) -> Response:
    state = state_of(request)
    row, _, _ = submission_of(request, "submission.read")
    found = state.all("SELECT * FROM audits WHERE submissionId = ? ORDER BY id DESC", row["id"])
    return answer([audit_json(state, item, extended(request)) for item in found])


def versions_of(state: State, submission: int) -> list[sqlite3.Row]:
    return state.all("SELECT * FROM submission_defs WHERE submissionId = ? ORDER BY id DESC", submission)


async def list_versions(request: Request) -> Response:
    state = state_of(request)
    row, _, _ = submission_of(request, "submission.read")
    listed = []
    for item in versions_of(state, row["id"]):
        shown = version_json(state, item, extended(request))
        if extended(request):
            shown["formVersion"] = state.scalar("SELECT version FROM form_defs WHERE id = ?", item["formDefId"])
        listed.append(shown)
    return answer(listed)


def version_of(request: Request) -> sqlite3.Row:
    row, _, _ = submission_of(request, "submission.read")
    found = state_of(request).one(
        "SELECT * FROM submission_defs WHERE submissionId = ? AND instanceId = ?",
        *(row["id"], request.path_params["version"]),
    )
    if found is None:
        raise errors.not_found()
    return found


async def get_version(request: Request) -> Response:
    return answer(version_json(state_of(request), version_of(request), extended(request)))


async def get_version_xml(request: Request) -> Response:
    return Response(version_of(request)["xml"], media_type="application/xml")


async def list_diffs(request: Request) -> Response:
    """Per version but the first, by its id: the changes from the version before."""
    state = state_of(request)
    row, form, _ = submission_of(request, "submission.read")
    schema = forms.schema(state, form["currentDefId"])
    rows = versions_of(state, row["id"])
    pairs = pairwise(rows)
    return answer({new["instanceId"]: diffs.changes(old["xml"], new["xml"], schema) for new, old in pairs})


def definition_of(request: Request, verb: str = "submission.read") -> tuple[int, int]:
    """(definition, submission) whose files the path means."""
    if "version" in request.path_params:
        version = version_of(request)
        return version["id"], version["submissionId"]
    row, _, _ = submission_of(request, verb)
    return row["currentDefId"], row["id"]


async def list_files(request: Request) -> Response:
    definition, _ = definition_of(request)
    rows = state_of(request).all("SELECT * FROM submission_attachments WHERE defId = ? ORDER BY name", definition)
    return answer([{"name": row["name"], "exists": row["blobId"] is not None} for row in rows])


async def file(request: Request) -> Response:
    """GET, POST (only for a name that the submission has) and DELETE of one file."""
    state = state_of(request)
    name = request.path_params["name"]
    definition, submission = definition_of(
        request, "submission.read" if request.method == "GET" else "submission.update"
    )
    row = state.one("SELECT * FROM submission_attachments WHERE defId = ? AND name = ?", definition, name)
    if row is None or (row["blobId"] is None and request.method != "POST"):
        raise errors.not_found()
    if request.method == "GET":
        return file_response(request, name, state.blob(row["blobId"]), row["contentType"], row["blobId"], True)
    content = await request.body()
    with state.write() as db:
        if request.method == "POST":
            put_file(state, definition, name, content, request.headers.get("content-type"))
        else:
            db.execute(
                "UPDATE submission_attachments SET blobId = NULL WHERE defId = ? AND name = ?", (definition, name)
            )
        count_files(state, submission)
    return success()


routes = [
    Route(FORM + "/submissions", list_submissions, methods=["GET"]),
    Route(FORM + "/submissions", post_submission, methods=["POST"]),
    Route(ONE + "/comments", comments, methods=["GET", "POST"]),
    Route(ONE + "/audits", audits, methods=["GET"]),
    Route(ONE + "/diffs", list_diffs, methods=["GET"]),
    Route(ONE + "/restore", set_deleted, methods=["POST"]),
    Route(ONE + "/attachments", list_files, methods=["GET"]),
    Route(ONE + "/attachments/{name}", file, methods=["GET", "POST", "DELETE"]),
    Route(ONE + "/versions", list_versions, methods=["GET"]),
    Route(ONE + "/versions/{version}.xml", get_version_xml, methods=["GET"]),
    Route(ONE + "/versions/{version}/attachments", list_files, methods=["GET"]),
    Route(ONE + "/versions/{version}/attachments/{name}", file, methods=["GET"]),
    Route(ONE + "/versions/{version}", get_version, methods=["GET"]),
    Route(ONE + ".xml", get_xml, methods=["GET"]),
    Route(ONE, get_submission, methods=["GET"]),
    Route(ONE, put_submission, methods=["PUT"]),
    Route(ONE, review, methods=["PATCH"]),
    Route(ONE, set_deleted, methods=["DELETE"]),
]
