"""Files of interviews as a fetch would have kept them, without a Central."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from server.attachments.fetch import address_of, content_place, object_key, thumbnail_key, thumbnail_place
from server.attachments.media import judge
from server.attachments.store import ObjectStore
from server.attachments.tables import STORED, Attachment
from server.cases import service as cases
from server.database import Database
from server.paradata import service as paradata
from server.secrets.service import interview_subject, vault_of
from server.settings import AttachmentsSettings
from server.submissions.service import Source
from server.submissions.tables import Submission

AT = datetime(2026, 9, 4, tzinfo=UTC)
#: A visit of twenty minutes at night, half an hour's pause in it, with a personal number and an income corrected.
_NIGHT = int(datetime(2026, 9, 3, 15, 10, tzinfo=UTC).timestamp() * 1000)
_ROWS = [
    ("form start", "", 0, None, "", ""),
    ("group questions", "/data/place", 0, 240, "", ""),
    ("question", "/data/place/commune_code", 0, 240, "", "11953"),
    ("group questions", "/data/member[1]/person/identity", 240, 540, "", ""),
    ("question", "/data/member[1]/person/identity/cccd", 240, 540, "033160000000", "033160000999"),
    ("form exit", "", 540, None, "", ""),
    ("form resume", "", 2340, None, "", ""),
    ("group questions", "/data/income", 2340, 2940, "", ""),
    ("question", "/data/income/income_wage", 2340, 2940, "120000000", "12000000"),
]
LOG = "\n".join(
    ["event,node,start,end,old-value,new-value"]
    + [
        f"{event},{node},{_NIGHT + start * 1000},{'' if end is None else _NIGHT + end * 1000},{old},{new}"
        for event, node, start, end, old, new in _ROWS
    ]
).encode()


def keep_file(database: Database, store: ObjectStore, interview_id: str, name: str, content: bytes) -> str:
    """Keep a file of the interview's current version; its address."""
    judged = judge(content, name, AttachmentsSettings())
    with database.session() as session:
        vault, subject = vault_of(session), interview_subject(interview_id)
        address = address_of(vault, subject, content)
        store.put(object_key(address), vault.encrypt(content_place(address), subject, content))
        if judged.thumbnail is not None:
            store.put(thumbnail_key(address), vault.encrypt(thumbnail_place(address), subject, judged.thumbnail))
    note_file(
        database, interview_id, name, STORED, address=address, media_type=judged.media_type, size=len(content),
        has_thumbnail=judged.thumbnail is not None,
    )  # fmt: skip
    return address


def note_file(database: Database, interview_id: str, name: str, state: str, **more: object) -> None:
    """Note what became of a file of the interview's current version."""
    with database.session() as session:
        of = session.scalars(
            select(Submission).where(Submission.central_id == interview_id, Submission.is_current)
        ).one()
        values = {"has_thumbnail": False, "attempts": 0, "changed_at": AT} | more
        session.add(
            Attachment(
                form_id=of.form_id, central_id=of.central_id, version_id=of.version_id, name=name, state=state, **values
            )
        )  # fmt: skip


def measure_logs(database: Database, store: ObjectStore, source: Source) -> None:
    """Measure the logs that are kept, and derive their interviews."""
    paradata.derive(database, store, source)
    cases.derive(database, source.round_id)
