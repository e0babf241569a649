"""The public face of attachments: fetch, open, erase, tidy.

keeping = keep(settings)                                  # once, where settings are at hand
fetch_missing(database, central, keeping, source)         # after each pull of a form
open_content(session, keeping.store, attachment)          # of a row that was read within a scope
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from server.attachments import work
from server.attachments.fetch import (
    Fetched,
    Keeping,
    content_place,
    fetch_missing,
    keys_of,
    object_key,
    thumbnail_key,
    thumbnail_place,
)
from server.attachments.queries import of_interview
from server.attachments.store import ObjectStore, open_store
from server.attachments.tables import Attachment
from server.database import Database
from server.secrets.service import Place, interview_subject, vault_of
from server.settings import Settings

__all__ = [
    "Fetched",
    "Keeping",
    "destroy",
    "fetch_missing",
    "forget",
    "keep",
    "of_interview",
    "open_content",
    "open_store",
    "open_thumbnail",
    "tidy",
]

#: What lies in the store without a row is removed once it is this old: a file is written before its row is.
_LOOSE_FOR = timedelta(days=1)
_AT_ONCE = 500


def keep(settings: Settings) -> Keeping:
    """Where contents are kept under these settings, and which. Raises `UserError` where S3 is not set up."""
    return Keeping(open_store(settings), settings.attachments)


def open_content(session: Session, store: ObjectStore, of: Attachment) -> bytes | None:
    """The content of an attachment that was read within a scope; None when it is not kept (any more)."""
    if of.address is None:
        return None
    return _open(session, store.get(object_key(of.address)), content_place(of.address), of.central_id)


def open_thumbnail(session: Session, store: ObjectStore, of: Attachment) -> bytes | None:
    """The thumbnail (image/jpeg) of an attachment that was read within a scope; None without one."""
    if of.address is None or not of.has_thumbnail:
        return None
    return _open(session, store.get(thumbnail_key(of.address)), thumbnail_place(of.address), of.central_id)


def forget(session: Session, central_id: str) -> list[str]:
    """Part of an erasure: remove what is noted about a submission's files; what to `destroy` once that is committed."""
    return keys_of(work.forget(session, central_id))


def destroy(store: ObjectStore, keys: list[str]) -> None:
    """Remove contents; those of an erased household could not be opened any more anyway."""
    store.delete(keys)


def tidy(database: Database, store: ObjectStore, now: datetime | None = None) -> int:
    """Remove what lies in the store and belongs to no row (a killed fetch, an erasure cut short); how many."""
    before = (now or datetime.now(UTC)) - _LOOSE_FOR
    old = [key for key, written in store.written() if written < before]
    removed = 0
    for start in range(0, len(old), _AT_ONCE):
        some = old[start : start + _AT_ONCE]
        addresses = {key: key.rpartition("/")[2].partition(".")[0] for key in some}
        with database.session() as session:
            used = work.in_use(session, sorted(set(addresses.values())))
        loose = [key for key, address in addresses.items() if address not in used or key.endswith(".part")]
        store.delete(loose)
        removed += len(loose)
    return removed


def _open(session: Session, sealed: bytes | None, place: Place, central_id: str) -> bytes | None:
    if sealed is None:
        return None
    return vault_of(session).decrypt_many(place, [(interview_subject(central_id), sealed)])[0]
