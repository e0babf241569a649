"""An OData row of Central, as what the `submissions` table keeps of it.

Of a row's text only the few parts that concern its keeping are read; the text itself is kept as it came, to the letter.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

# gc=False: these hold text, numbers and times, no cycle can come of them, and there are many.
_Time = Annotated[datetime, msgspec.Meta(tz=True)]


class UnreadableRowError(Exception):
    """A row without the parts that every version of Central gives; `reason` holds no answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EncryptedRowError(Exception):
    """A row whose answers Central holds encrypted."""


class BrokenRowError(Exception):
    """The text is no whole JSON object."""


class Received(msgspec.Struct, frozen=True, gc=False):
    """One version of a submission as received; the fields are those of `server.submissions.tables.Submission`."""

    central_id: str
    version_id: str
    payload: bytes  # the text; packed (`server.submissions.packing`) before it is stored
    submitted_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None
    review_state: str
    edits: int
    form_version: str | None
    attachments_expected: int
    attachments_present: int


class _System(msgspec.Struct, gc=False):
    submission_date: _Time = msgspec.field(name="submissionDate")
    updated_at: _Time | None = msgspec.field(name="updatedAt", default=None)
    deleted_at: _Time | None = msgspec.field(name="deletedAt", default=None)
    status: str | None = None
    review_state: str | None = msgspec.field(name="reviewState", default=None)
    edits: int | None = None
    form_version: str | None = msgspec.field(name="formVersion", default=None)
    attachments_expected: int | None = msgspec.field(name="attachmentsExpected", default=None)
    attachments_present: int | None = msgspec.field(name="attachmentsPresent", default=None)


class _Meta(msgspec.Struct, gc=False):
    instance_id: str | None = msgspec.field(name="instanceID", default=None)


class _Row(msgspec.Struct, gc=False):
    id: Annotated[str, msgspec.Meta(min_length=1)] = msgspec.field(name="__id")
    system: _System = msgspec.field(name="__system")
    meta: _Meta | None = None


_decoder = msgspec.json.Decoder(_Row)


def read_row(text: bytes | memoryview) -> Received:
    """Read one OData row of the root table from its JSON text.

    Raises `BrokenRowError` for what is no whole JSON object, `EncryptedRowError` for answers under managed encryption
    (never stored as empty answers), and `UnreadableRowError` for a row without id or arrival.
    """
    try:
        row = _decoder.decode(text)
    except msgspec.ValidationError as error:
        # The message says what was expected and where (`$.__system.edits`); values do not stand in it.
        raise UnreadableRowError(str(error)) from None
    except msgspec.DecodeError:
        raise BrokenRowError from None
    system = row.system
    if system.status is not None:  # notDecrypted, or missing encrypted form data
        raise EncryptedRowError
    return Received(
        central_id=row.id,
        # Without a meta/instanceID Central makes an id of its own, which is then the only one.
        version_id=(row.meta and row.meta.instance_id) or row.id,
        payload=bytes(text),
        submitted_at=system.submission_date,
        updated_at=system.updated_at,
        deleted_at=system.deleted_at,
        review_state=system.review_state or "received",
        edits=system.edits or 0,
        form_version=system.form_version,
        attachments_expected=system.attachments_expected or 0,
        attachments_present=system.attachments_present or 0,
    )
