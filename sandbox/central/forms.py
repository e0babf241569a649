"""Forms: drafts, publishing, versions, and the files that go with them (kept here, served by `form_routes`)."""

from __future__ import annotations

import re
import sqlite3
import tempfile
import uuid
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from . import entities, errors
from .instance import Schema, rendered, schema_of
from .state import State, new_token, now
from .xform import XForm, read_form
from .xml import read as read_xml

XLS_TYPES = {
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.ms-excel": ".xls",
}
FORM_SQL = """
SELECT forms.id, projectId, xmlFormId, state, acteeId, creatorId, currentDefId, draftDefId, forms.createdAt,
  forms.updatedAt, forms.deletedAt, d.id AS defId, d.version, d.hash, d.sha, d.sha256, d.draftToken, d.publishedAt,
  d.name, d.keyId, d.xlsType, d.publisherId
FROM forms JOIN form_defs d ON d.formId = forms.id
"""


@lru_cache(maxsize=16)
def convert_xlsx(content: bytes, kind: str, fallback_id: str, ignore_warnings: bool) -> str:
    """XForm XML of a workbook. `Problem` 400.15 when it is no valid XLSForm, 400.16 when it has warnings."""
    from pyxform.errors import PyXFormError  # half of the start's time, and few servers convert anything
    from pyxform.xls2xform import convert

    warnings: list[str] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            # pyxform gives a workbook without a form id the file's name: the client's proposal
            path = Path(folder) / f"{Path(fallback_id).name or 'form'}{kind}"
            path.write_bytes(content)
            result = convert(xlsform=path, validate=False, warnings=warnings)
    except (PyXFormError, ValueError, KeyError, OSError, AttributeError, TypeError) as error:
        raise errors.Problem(
            "400.15",
            "The given XLSForm file was not valid. Please see the error details for more information.",
            {"error": str(error), "warnings": None},
        ) from error
    if warnings and not ignore_warnings:
        raise errors.Problem(
            "400.16",
            "The Form is valid, but with warnings. Please check the warnings and if they are acceptable resubmit "
            "with ?ignoreWarnings=true",
            {"warnings": {"xlsFormWarnings": warnings}},
        )
    xform: str = result.xform
    return xform


def form_json(row: sqlite3.Row) -> dict[str, Any]:
    """A form as the API shows it; `row` comes from FORM_SQL."""
    result: dict[str, Any] = {
        "projectId": row["projectId"],
        "xmlFormId": row["xmlFormId"],
        "state": row["state"],
        "enketoId": None,
        "enketoOnceId": None,
        "createdAt": row["createdAt"],
        "updatedAt": row["updatedAt"],
        "webformsEnabled": True,
        "keyId": row["keyId"],
        "version": row["version"],
        "hash": row["hash"],
        "sha": row["sha"],
        "sha256": row["sha256"],
        "draftToken": row["draftToken"],
        "publishedAt": row["publishedAt"],
        "name": row["name"],
    }
    if row["deletedAt"]:
        result |= {"deletedAt": row["deletedAt"], "id": row["id"]}
    return result


def load(state: State, form_id: int, which: str = "any", version: str | None = None) -> sqlite3.Row | None:
    """A form with one of its definitions.

    `which`: "published" (the current one), "draft", "any" (published, else draft), "version" (a published version).
    """
    if which == "version":
        sql = " WHERE forms.id = ? AND d.version = ? AND d.publishedAt IS NOT NULL ORDER BY d.id DESC"
        return state.one(FORM_SQL + sql, form_id, version)
    column = {"published": "currentDefId", "draft": "draftDefId"}.get(which, "coalesce(currentDefId, draftDefId)")
    return state.one(FORM_SQL + f" WHERE forms.id = ? AND d.id = {column}", form_id)


def add_def(state: State, form_id: int, xform: XForm, text: str, xls: tuple[bytes, str] | None) -> int:
    """A new definition (a draft until it is published) with a slot for each file it refers to."""
    definition = state.insert(
        "form_defs",
        formId=form_id,
        version=xform.version,
        name=xform.name,
        xml=text,
        hash=xform.hash,
        sha=xform.sha,
        sha256=xform.sha256,
        xls=xls[0] if xls else None,
        xlsType=xls[1] if xls else None,
        fields=orjson.dumps(xform.fields).decode(),
        entityLists=entities.lists_to_text(xform.entity_lists),
        keyId=1 if xform.encrypted else None,
        draftToken=new_token(),
    )
    for name, kind in xform.attachments:
        state.insert("form_attachments", formDefId=definition, name=name, type=kind)
    return definition


def check_types(state: State, form_id: int, xform: XForm) -> None:
    """A field keeps its type from version to version, except that anything may become text (400.17)."""
    known: dict[str, str] = {}
    for row in state.all(
        "SELECT fields FROM form_defs WHERE formId = ? AND publishedAt IS NOT NULL ORDER BY id", form_id
    ):
        known |= {field["path"]: field["type"] for field in orjson.loads(row["fields"])}
    for field in xform.fields:
        before = known.get(field["path"], field["type"])
        if before != field["type"] and field["type"] != "string":
            raise errors.Problem(
                "400.17",
                f"The form you have uploaded attempts to change the type of the field at {field['path']}. In a "
                f"previous version, it had the type {before}. Please either return that field to its previous type, "
                "or rename the field so it lives at a new path.",
                {"path": field["path"], "type": before},
            )


def create(state: State, project: sqlite3.Row, actor: sqlite3.Row, text: str, xls: tuple[bytes, str] | None) -> int:
    """A new form with its first draft; its id. 409.3 when the project has a form of this id."""
    xform = read_form(text)
    key = (project["id"], xform.form_id)
    if state.one("SELECT 1 FROM forms WHERE projectId = ? AND xmlFormId = ? AND deletedAt IS NULL", *key):
        raise errors.already_exists("forms", ["projectId", "xmlFormId"], [str(key[0]), key[1]])
    form = state.insert(
        "forms",
        projectId=project["id"],
        xmlFormId=xform.form_id,
        state="open",
        acteeId=str(uuid.uuid4()),
        creatorId=actor["id"],
        createdAt=now(),
    )
    definition = add_def(state, form, xform, text, xls)
    link_lists(state, project["id"], definition)
    state.db.execute("UPDATE forms SET draftDefId = ? WHERE id = ?", (definition, form))
    return form


def replace_draft(state: State, form: sqlite3.Row, text: str, xls: tuple[bytes, str] | None) -> None:
    """A new draft over the old; files of the version before it that are still named come along."""
    xform = read_form(text)
    if xform.form_id != form["xmlFormId"]:
        raise errors.unexpected_value("xmlFormId", xform.form_id, "does not match the form you are updating")
    check_types(state, form["id"], xform)
    before = form["draftDefId"] or form["currentDefId"]
    definition = add_def(state, form["id"], xform, text, xls)
    state.db.execute(
        "UPDATE form_attachments AS fresh SET blobId = old.blobId, contentType = old.contentType, "
        "datasetId = old.datasetId, updatedAt = old.updatedAt FROM form_attachments AS old "
        "WHERE fresh.formDefId = ? AND old.formDefId = ? AND old.name = fresh.name",
        (definition, before),
    )
    link_lists(state, form["projectId"], definition)
    drop_draft(state, form)
    values = (definition, now(), form["id"])
    state.db.execute("UPDATE forms SET draftDefId = ?, updatedAt = ? WHERE id = ?", values)


def link_lists(state: State, project: int, definition: int) -> None:
    """A file named like an entity list of the project (`households.csv`) is served from that list."""
    state.db.execute(
        "UPDATE form_attachments SET datasetId = (SELECT id FROM datasets WHERE projectId = ? AND deletedAt IS NULL "
        "AND name || '.csv' = form_attachments.name) WHERE formDefId = ? AND blobId IS NULL AND datasetId IS NULL",
        (project, definition),
    )


def drop_draft(state: State, form: sqlite3.Row) -> None:
    if form["draftDefId"]:
        state.db.execute("DELETE FROM form_attachments WHERE formDefId = ?", (form["draftDefId"],))
        state.db.execute("DELETE FROM form_defs WHERE id = ?", (form["draftDefId"],))


def publish(
    state: State, form: sqlite3.Row, actor: sqlite3.Row, version: str | None, *, at_creation: bool = False
) -> None:
    """The draft becomes the current version; `version` renames it first. 409.6 when that version was published."""
    draft = form["draftDefId"]
    if draft is None:
        raise errors.not_found()
    if version is not None:
        rename_version(state, draft, version)
    version = state.scalar("SELECT version FROM form_defs WHERE id = ?", draft)
    if load(state, form["id"], "version", version) is not None:
        raise errors.Problem(
            "409.6",
            f"You tried to publish the form '{form['xmlFormId']}' with version '{version}', but a published form has "
            "already existed in this project with those identifiers.",
            {"xmlFormId": form["xmlFormId"], "version": version},
        )
    moment = now()
    changed = None if at_creation else moment
    state.db.execute(
        "UPDATE form_defs SET publishedAt = ?, publisherId = ?, draftToken = NULL WHERE id = ?",
        (moment, actor["id"], draft),
    )
    state.db.execute(
        "UPDATE forms SET currentDefId = ?, draftDefId = NULL, updatedAt = ? WHERE id = ?",
        (draft, changed, form["id"]),
    )
    entities.publish_lists(state, form["projectId"], definition_lists(state, draft))
    render_again(state, form["id"], draft, form["currentDefId"])


def definition_lists(state: State, definition: int) -> list[Any]:
    text: str = state.scalar("SELECT entityLists FROM form_defs WHERE id = ?", definition)
    return entities.lists_from_text(text)


def rename_version(state: State, definition: int, version: str) -> None:
    old = state.one("SELECT xml, version FROM form_defs WHERE id = ?", definition)
    assert old is not None
    text = re.sub(
        r'(<[^<>]*\bid="[^"]*"[^<>]*\bversion=")[^"]*(")',
        lambda found: f"{found[1]}{version}{found[2]}",
        old["xml"],
        count=1,
    )
    fresh = read_form(text)
    state.db.execute(
        "UPDATE form_defs SET xml = ?, version = ?, hash = ?, sha = ?, sha256 = ? WHERE id = ?",
        (text, fresh.version, fresh.hash, fresh.sha, fresh.sha256, definition),
    )


def schema(state: State, definition: int) -> Schema:
    text: str = state.scalar("SELECT fields FROM form_defs WHERE id = ?", definition)
    return schema_of(orjson.loads(text))


def render_again(state: State, form_id: int, definition: int, before: int | None) -> None:
    """OData shows every submission with the fields of the current version: a changed one means new rows."""
    fields = "SELECT fields FROM form_defs WHERE id = ?"
    if before is None or state.scalar(fields, before) == state.scalar(fields, definition):
        return
    tree = schema(state, definition)
    rows = state.all(
        "SELECT s.id, s.instanceId, d.xml FROM submissions s JOIN submission_defs d ON d.id = s.currentDefId "
        "WHERE s.formId = ?",
        form_id,
    )
    for row in rows:
        root = read_xml(row["xml"])
        assert root is not None
        head, tail = rendered(root, tree, row["instanceId"])
        state.db.execute("UPDATE submissions SET rowHead = ?, rowTail = ? WHERE id = ?", (head, tail, row["id"]))
