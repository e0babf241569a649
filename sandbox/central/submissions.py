"""Receiving submissions: new ones, resent ones, edits, and their files. Storage only; HTTP is elsewhere."""

from __future__ import annotations

import mimetypes
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from . import entity_submissions, errors, forms
from .instance import Instance, Schema, file_names, rendered
from .state import State, now
from .web import audit


@dataclass(frozen=True)
class Sender:
    """Who sent it and with what."""

    actor: sqlite3.Row
    device: str | None = None
    agent: str | None = None


def sender_of(request: Request, actor: sqlite3.Row) -> Sender:
    agent = request.headers.get("user-agent") or None
    return Sender(actor, request.query_params.get("deviceID") or None, agent)


@dataclass(frozen=True)
class Received:
    """One submission as it arrived: its text, what was read from it, and the files beside it, by name."""

    xml: str
    instance: Instance
    files: Mapping[str, tuple[bytes, str | None]] = field(default_factory=dict)


class Schemas:
    """Field trees by definition, which never change once published."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.known: dict[int, Schema] = {}

    def of(self, definition: int) -> Schema:
        if definition not in self.known:
            self.known[definition] = forms.schema(self.state, definition)
        return self.known[definition]


def accepting(state: State, form_id: int, version: str) -> sqlite3.Row:
    """The form with the definition of this version. 404.6 for an unknown version, 409.2 for a closed form."""
    form = forms.load(state, form_id, "version", version)
    if form is None:
        raise errors.Problem(
            "404.6",
            f"The form version specified in this submission '{version}' does not exist.",
            {"formVersion": version},
        )
    if form["state"] == "closed":
        raise errors.Problem(
            "409.2",
            "This form is not currently accepting submissions. "
            "Please talk to your program staff if this is unexpected.",
        )
    return form


def out_of_date(deprecated: str | None) -> errors.Problem:
    return errors.Problem(
        "409.9",
        f"You tried to update a submission, but the copy you were editing ({deprecated or 'undefined'}) is now out of "
        "date. Please get the new version that has been submitted, and make your edits again.",
        {"deprecatedId": deprecated} if deprecated else {},
    )


def different_xml() -> errors.Problem:
    return errors.Problem(
        "409.1",
        "A submission already exists with this ID, but with different XML. Resubmissions to attach additional "
        "multimedia must resubmit an identical xml_submission_file.",
    )


def any_def(state: State, form_id: int, instance_id: str) -> sqlite3.Row | None:
    return state.one(
        "SELECT d.* FROM submission_defs d JOIN submissions s ON s.id = d.submissionId "
        "WHERE d.formId = ? AND d.instanceId = ? AND s.deletedAt IS NULL",
        *(form_id, instance_id),
    )


def accept(state: State, schemas: Schemas, form: sqlite3.Row, received: Received, sender: Sender) -> None:
    """What a phone's POST means: a new submission, the rest of its files, or an edit. In one transaction."""
    instance = received.instance
    form_id = form["id"]
    with state.write():
        if instance.deprecated_id is not None:
            before = any_def(state, form_id, instance.deprecated_id)
            if before is None:
                raise errors.Problem(
                    "404.5",
                    "You tried to update an existing submission, but we can't find that submission to update "
                    f"({instance.deprecated_id})",
                    {"deprecatedId": instance.deprecated_id},
                )
            if before["current"]:
                edit(state, schemas, form, before, received, sender)
                return
            usurper = any_def(state, form_id, instance.instance_id)
            if usurper is None or not usurper["current"]:
                raise out_of_date(instance.deprecated_id)
            if usurper["xml"] != received.xml:
                raise different_xml()
            add_files(state, usurper, received)
            return
        extant = any_def(state, form_id, instance.instance_id)
        if extant is None:
            create(state, schemas, form, received, sender, resent=True)
            return
        if not extant["current"]:
            raise out_of_date(None)
        if extant["xml"] != received.xml:
            raise different_xml()
        add_files(state, extant, received)


def create(
    state: State, schemas: Schemas, form: sqlite3.Row, received: Received, sender: Sender, *, resent: bool = False
) -> int:
    """Store a new submission; its id. A known instance id is 409.3, on a phone's way (`resent`) 409.18."""
    instance_id = received.instance.instance_id
    if len(instance_id) > 64:
        raise errors.Problem("400.13", "Length of value too long for a field")
    if state.one("SELECT 1 FROM submissions WHERE formId = ? AND instanceId = ?", form["id"], instance_id):
        if resent:
            raise errors.Problem("409.18", "This submission has been deleted. You may not resubmit it.")
        names = ["formId", "instanceId", "draft"]
        raise errors.already_exists("submissions", names, [str(form["id"]), instance_id, "f"])
    submission = state.insert(
        "submissions",
        formId=form["id"],
        instanceId=instance_id,
        submitterId=sender.actor["id"],
        deviceId=sender.device,
        userAgent=sender.agent,
        createdAt=now(),
        event=state.next_event(),
        formVersion=form["version"],
    )
    _add_def(state, schemas, form, submission, instance_id, received, sender, None)
    details = {"instanceId": instance_id, "submissionId": submission}
    audit(state, sender.actor, "submission.create", form["acteeId"], details, submission=submission)
    entity_submissions.from_submission(state, form, received.instance.root, sender.actor)
    return submission


def edit(
    state: State,
    schemas: Schemas,
    form: sqlite3.Row,
    before: sqlite3.Row,
    received: Received,
    sender: Sender,
) -> None:
    """A new version over `before`, the current one. `__id` and the date of the submission stay; 409.8 for a used id."""
    instance_id = received.instance.instance_id
    if state.one("SELECT 1 FROM submission_defs WHERE formId = ? AND instanceId = ?", form["id"], instance_id):
        raise errors.Problem(
            "409.8",
            "You tried to update a submission, but the instanceID you provided already exists on this server. Please "
            "try again with a unique instanceID.",
        )
    submission = before["submissionId"]
    state.db.execute("UPDATE submission_defs SET current = 0 WHERE id = ?", (before["id"],))
    state.db.execute(
        "UPDATE submissions SET updatedAt = ?, reviewState = 'edited', edits = edits + 1, event = ? WHERE id = ?",
        (now(), state.next_event(), submission),
    )
    root_id: str = state.scalar("SELECT instanceId FROM submissions WHERE id = ?", submission)
    _add_def(state, schemas, form, submission, root_id, received, sender, before["id"])
    details = {"instanceId": instance_id, "submissionId": submission}
    audit(state, sender.actor, "submission.update.version", form["acteeId"], details, submission=submission)


def _add_def(
    state: State,
    schemas: Schemas,
    form: sqlite3.Row,
    submission: int,
    root_id: str,
    received: Received,
    sender: Sender,
    before: int | None,
) -> None:
    instance = received.instance
    definition = state.insert(
        "submission_defs",
        submissionId=submission,
        formId=form["id"],
        formDefId=form["defId"],
        instanceId=instance.instance_id,
        instanceName=instance.instance_name,
        submitterId=sender.actor["id"],
        deviceId=sender.device,
        userAgent=sender.agent,
        createdAt=now(),
        current=1,
        encryptedFile=instance.encrypted_file,
        xml=received.xml,
    )
    for name in file_names(instance, schemas.of(form["defId"])):
        state.insert("submission_attachments", defId=definition, name=name)
        if before is not None:
            state.db.execute(
                "UPDATE submission_attachments AS fresh SET blobId = old.blobId, contentType = old.contentType "
                "FROM submission_attachments AS old WHERE fresh.defId = ? AND fresh.name = ? AND old.defId = ? "
                "AND old.name = fresh.name",
                (definition, name, before),
            )
    head, tail = rendered(instance.root, schemas.of(form["currentDefId"]), root_id)
    state.db.execute(
        "UPDATE submissions SET currentDefId = ?, rowHead = ?, rowTail = ? WHERE id = ?",
        (definition, head, tail, submission),
    )
    _store_files(state, definition, received)
    count_files(state, submission)


def add_files(state: State, definition: sqlite3.Row, received: Received) -> None:
    """Files that came later. They change the counts and nothing else: neither `updatedAt` nor the ETag."""
    _store_files(state, definition["id"], received)
    count_files(state, definition["submissionId"])


def _store_files(state: State, definition: int, received: Received) -> None:
    for name, (content, kind) in received.files.items():
        put_file(state, definition, name, content, kind)


def put_file(state: State, definition: int, name: str, content: bytes, kind: str | None) -> None:
    """Store the file if the submission names it; others are dropped without a word."""
    if state.one("SELECT 1 FROM submission_attachments WHERE defId = ? AND name = ?", definition, name) is None:
        return
    media = kind or mimetypes.guess_type(name)[0] or "application/octet-stream"
    state.db.execute(
        "UPDATE submission_attachments SET blobId = ?, contentType = ? WHERE defId = ? AND name = ?",
        (state.keep_blob(content), media, definition, name),
    )


def count_files(state: State, submission: int) -> None:
    """How many files are there and expected; and whether an encrypted submission has its answers at all."""
    state.db.execute(
        "UPDATE submissions SET (present, expected) = (SELECT count(blobId), count(*) FROM submission_attachments "
        "WHERE defId = submissions.currentDefId), status = (SELECT CASE WHEN d.encryptedFile IS NULL THEN NULL "
        "WHEN a.blobId IS NULL THEN 'missingEncryptedFormData' ELSE 'notDecrypted' END FROM submission_defs d "
        "LEFT JOIN submission_attachments a ON a.defId = d.id AND a.name = d.encryptedFile "
        "WHERE d.id = submissions.currentDefId) WHERE id = ?",
        (submission,),
    )
