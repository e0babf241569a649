"""What phones ask for: the form list, a form's manifest, the entity lists' integrity, and the submission door."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from xml.sax.saxutils import escape

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import datasets, errors, forms, phone_lists
from .errors import openrosa_message
from .instance import read_instance
from .state import State, md5
from .submissions import Received, accept, accepting, sender_of
from .web import FORM, PROJECT, authenticate, domain_of, form_of, project_of, state_of, verbs_of

HEADERS = {"X-OpenRosa-Version": "1.0", "X-OpenRosa-Accept-Content-Length": "100000000"}
XML_PART = "xml_submission_file"
HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'


def openrosa(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Errors as OpenRosa messages; the protocol's version header is demanded and given."""

    async def wrapped(request: Request) -> Response:
        request.state.openrosa = True
        authenticate(request)
        if request.headers.get("x-openrosa-version") != "1.0":
            message = "An expected header field (X-OpenRosa-Version) did not match the expected format."
            raise errors.Problem("400.6", message, {"field": "X-OpenRosa-Version"})
        request.state.openrosa_headers = HEADERS
        response = await handler(request)
        response.headers.update(HEADERS)
        return response

    return wrapped


def base_url(request: Request) -> str:
    """The address that links in answers begin with, the app user's key included."""
    key = request.scope.get("field_key")
    return f"{domain_of(request)}/v1" + (f"/key/{key}" if key else "")


def xml_answer(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="text/xml")


async def form_list(request: Request) -> Response:
    """The published, open forms that the asker may fill in; a closing one only takes what phones still hold."""
    state = state_of(request)
    project, actor = project_of(request, "")
    wanted = request.query_params.get("formID")
    rows = state.all(
        forms.FORM_SQL + " WHERE projectId = ? AND d.id = currentDefId AND forms.deletedAt IS NULL "
        "AND state = 'open' ORDER BY forms.id",
        project["id"],
    )
    parts = [HEADER, '  <xforms xmlns="http://openrosa.org/xforms/xformsList">\n']
    for row in rows:
        verbs = verbs_of(state, actor, row["acteeId"], project["acteeId"])
        if "open_form.read" in verbs and wanted in (None, row["xmlFormId"]):
            parts.append(_listed(request, state, row))
    return xml_answer("".join([*parts, "  </xforms>"]))


def _listed(request: Request, state: State, row: sqlite3.Row) -> str:
    url = f"{base_url(request)}/projects/{row['projectId']}/forms/{escape(row['xmlFormId'])}"
    has_files = state.one("SELECT 1 FROM form_attachments WHERE formDefId = ?", row["defId"])
    manifest = f"      <manifestUrl>{url}/manifest</manifestUrl>\n" if has_files else ""
    return (
        "    <xform>\n"
        f"      <formID>{escape(row['xmlFormId'])}</formID>\n"
        f"      <name>{escape(row['name'] or row['xmlFormId'])}</name>\n"
        f"      <version>{escape(row['version'])}</version>\n"
        f"      <hash>md5:{row['hash']}</hash>\n"
        f"      <downloadUrl>{url}.xml</downloadUrl>\n{manifest}    </xform>\n"
    )


async def manifest(request: Request) -> Response:
    """The files of the form that are there, with the hashes by which a phone knows what changed."""
    state = state_of(request)
    form, actor = form_of(request, "open_form.read")
    project, _ = project_of(request, "")
    reader = phone_lists.reader_of(state, actor, project)
    if form["currentDefId"] is None:
        raise errors.not_found()
    url = f"{base_url(request)}/projects/{form['projectId']}"
    rows = state.all("SELECT * FROM form_attachments WHERE formDefId = ? ORDER BY name", form["currentDefId"])
    parts = [HEADER, '  <manifest xmlns="http://openrosa.org/xforms/xformsManifest">\n']
    for row in rows:
        digest, kind, integrity = row["blobId"], "", ""
        if row["datasetId"] is not None:
            digest = md5(phone_lists.phone_csv(state, row["datasetId"], reader))
            kind = ' type="entityList"'
            name = state.scalar("SELECT name FROM datasets WHERE id = ?", row["datasetId"])
            integrity = f"      <integrityUrl>{url}/datasets/{name}/integrity</integrityUrl>\n"
        if digest is None:
            continue
        file_url = f"{url}/forms/{escape(form['xmlFormId'])}/attachments/{escape(row['name'])}"
        parts.append(
            f"    <mediaFile{kind}>\n      <filename>{escape(row['name'])}</filename>\n"
            f"      <hash>md5:{digest}</hash>\n"
            f"      <downloadUrl>{file_url}</downloadUrl>\n{integrity}    </mediaFile>\n"
        )
    return xml_answer("".join([*parts, "  </manifest>"]))


async def integrity(request: Request) -> Response:
    """Which entities of a list are gone, or no longer the asker's: what a phone asks before it drops rows it holds."""
    state = state_of(request)
    project, actor = project_of(request, "")
    dataset = datasets.find(state, project["id"], request.path_params["dataset"])
    linked = state.all(
        "SELECT f.acteeId FROM form_attachments a JOIN forms f ON f.currentDefId = a.formDefId "
        "WHERE a.datasetId = ? AND f.deletedAt IS NULL",
        dataset["id"],
    )
    if "open_form.read" not in verbs_of(state, actor, project["acteeId"], *(row["acteeId"] for row in linked)):
        raise errors.insufficient_rights()
    only = request.query_params.get("id")
    parts = [HEADER, "  <data>\n    <entities>\n"]
    states = phone_lists.gone_by_uuid(state, dataset["id"], phone_lists.reader_of(state, actor, project))
    for identity, gone in states.items():
        if only is None or identity in only.split(","):
            shown = "true" if gone else "false"
            parts.append(f'      <entity id="{identity}">\n        <deleted>{shown}</deleted>\n      </entity>\n')
    return xml_answer("".join([*parts, "    </entities>\n  </data>"]))


async def door(_request: Request) -> Response:
    return Response(status_code=204)


def missing_part() -> errors.Problem:
    message = f"Required multipart POST field {XML_PART} missing."
    return errors.Problem("400.7", message, {"field": XML_PART})


async def read_parts(request: Request) -> tuple[bytes, dict[str, tuple[bytes, str | None]]]:
    """(submission XML, files by field name): the field's name is the file's, as Collect sends it."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise missing_part()
    try:
        form = await request.form(max_files=10_000)
    except MultiPartException as error:
        raise errors.Problem("400.39", "Multipart form content failed to parse.") from error
    except Exception as error:
        if type(error).__name__ == "HTTPException":  # how Starlette reports a broken multipart body inside an app
            raise errors.Problem("400.39", "Multipart form content failed to parse.") from error
        raise
    text: bytes | None = None
    files: dict[str, tuple[bytes, str | None]] = {}
    for name, part in form.multi_items():
        if not isinstance(part, UploadFile):
            continue
        content = await part.read()
        if name == XML_PART:
            text = content if text is None else text
        else:
            files[name] = (content, part.content_type)
    if text is None:
        raise missing_part()
    return text, files


async def submit(request: Request) -> Response:
    """201 for a new submission, for the same one again, and for files that come later; the form is in the XML."""
    state = state_of(request)
    project, actor = project_of(request, "")
    text, files = await read_parts(request)
    instance = read_instance(text)
    form = state.one(
        "SELECT * FROM forms WHERE projectId = ? AND xmlFormId = ? AND deletedAt IS NULL",
        *(project["id"], instance.form_id),
    )
    if form is None:
        raise errors.not_found()
    definition = accepting(state, form["id"], instance.version)
    if "submission.create" not in verbs_of(state, actor, form["acteeId"], project["acteeId"]):
        raise errors.authentication_failed()
    received = Received(text.decode("utf-8", "replace"), instance, files)
    accept(state, request.app.state.schemas, definition, received, sender_of(request, actor))
    return xml_answer(openrosa_message("", "full submission upload was successful!"), 201)


routes = [
    Route(PROJECT + "/formList", openrosa(form_list), methods=["GET"]),
    Route(FORM + "/manifest", openrosa(manifest), methods=["GET"]),
    Route(PROJECT + "/datasets/{dataset}/integrity", openrosa(integrity), methods=["GET"]),
    Route(PROJECT + "/submission", openrosa(door), methods=["GET", "HEAD"]),
    Route(PROJECT + "/submission", openrosa(submit), methods=["POST"]),
]
