"""Fetching what Central has of the files that submissions name, and we have not.

Each version is listed when Central counts more files than we know of (a late photo shows in that count alone), and
each file that is there is fetched by itself: whole, looked at, sealed, written, and only then noted. Whatever stops in
between, the next run goes on with what is still noted as `present`. Central has no ranges (it ignores `Range`), so a
file that breaks off is fetched from its beginning.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from server.attachments import work
from server.attachments.media import TOO_LARGE, Judged, judge
from server.attachments.store import ObjectStore
from server.attachments.tables import EXPECTED, GONE, PRESENT, REFUSED, STORED, Attachment
from server.attachments.work import Version
from server.central.client import Central, Download, part
from server.central.errors import CentralError
from server.database import Database
from server.secrets.service import Place, Vault, interview_subject, vault_of
from server.settings import AttachmentsSettings
from server.submissions.service import Source

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

#: A file that failed is asked for again after 1, 2, 4 ... minutes, at most a day.
_LONGEST_WAIT = timedelta(days=1)
#: So many failures one after the other are Central's, not one file's.
_FAILURES_IN_A_ROW = 3
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Keeping:
    """Where contents are kept and which are."""

    store: ObjectStore
    settings: AttachmentsSettings


@dataclass
class Fetched:
    """What a run did with the files of one form."""

    listed: int = 0  # versions whose files were asked for
    stored: int = 0
    refused: int = 0
    failed: int = 0  # to be asked for again
    expected: int = 0  # named, and not at Central yet
    bytes: int = 0

    def as_json(self) -> dict[str, int]:
        """Plain values for `--json`."""
        return asdict(self)


def fetch_missing(
    database: Database,
    central: Central,
    keeping: Keeping,
    source: Source,
    progress: Progress = lambda _done, _total: None,
    now: datetime | None = None,
) -> Fetched:
    """Fetch every file of one form that Central has and we have not; of every version that is not erased or deleted.

    progress: called with (files done, files to fetch). Raises `CentralError`: what was fetched before it stays.
    """
    return _Fetch(database, central, keeping, source, now or datetime.now(UTC)).run(progress)


class _Fetch:
    def __init__(self, database: Database, central: Central, keeping: Keeping, source: Source, now: datetime) -> None:
        self._database = database
        self._central = central
        self._keeping = keeping
        self._source = source
        self._now = now
        self._fetched = Fetched()
        self._failures = 0

    def run(self, progress: Progress) -> Fetched:
        with self._database.session() as session:
            work.reconsider(session, self._source, self._keeping.settings, self._now)
            versions = work.to_list(session, self._source)
        for version in versions:
            self._tried(self._list, version)
        with self._database.session() as session:
            waiting = work.to_fetch(session, self._source, self._now)
        for done, (version, name) in enumerate(waiting):
            progress(done, len(waiting))
            if not self._tried(self._fetch, version, name):
                self._put_off(version, name)
        progress(len(waiting), len(waiting))
        with self._database.session() as session:
            self._fetched.expected = work.count_expected(session, self._source)
        if self._fetched.listed or waiting:
            counts = self._fetched
            log.info("attachments of %s: %d stored, %d refused, %d failed", self._source.form_id, counts.stored,
                     counts.refused, counts.failed)  # fmt: skip
        return self._fetched

    def _tried(self, step: Callable[..., None], *of: Any) -> bool:
        """Whether it worked. Trouble with one file is that file's; trouble with Central ends the run."""
        try:
            step(*of)
        except CentralError as error:
            self._failures += 1
            if not error.retryable or self._failures >= _FAILURES_IN_A_ROW or error.code in _NO_USE:
                raise
            self._fetched.failed += 1
            log.warning("an attachment of form %s failed: %s", self._source.form_id, error.code)
            return False
        self._failures = 0
        return True

    def _list(self, version: Version) -> None:
        """Note what a version names, and what of it Central has."""
        try:
            listed = self._central.get_json(f"{self._path(version)}/attachments", "attachments")
        except CentralError as error:
            if error.code == "central_not_found":  # deleted meanwhile: the next pull tells
                return
            raise
        if not isinstance(listed, list):
            raise CentralError("central_refused", what="attachments")
        there = {
            str(one["name"]): bool(one.get("exists"))
            for one in listed
            if isinstance(one, dict) and isinstance(one.get("name"), str) and 0 < len(one["name"]) <= _LONGEST_NAME
        }
        self._fetched.listed += 1
        with self._database.session() as session:
            known = work.of_version(session, version)
            for name in there.keys() - known.keys():
                self._add(session, version, name, there[name])
            for name, held in known.items():
                if held.state in (EXPECTED, PRESENT, GONE):
                    held.state = self._state(version, there.get(name, False), named=name in there)
                    held.changed_at = self._now

    def _add(self, session: Session, version: Version, name: str, exists: bool) -> None:
        session.add(
            Attachment(
                **version.key,
                name=name,
                state=self._state(version, exists, named=True),
                has_thumbnail=False,
                attempts=0,
                changed_at=self._now,
            )
        )

    @staticmethod
    def _state(version: Version, exists: bool, *, named: bool) -> str:
        if exists:
            return PRESENT
        # A phone sends the files of its newest version only: what an older one lacks will not come.
        return EXPECTED if named and version.is_current else GONE

    def _fetch(self, version: Version, name: str) -> None:
        limit = self._keeping.settings.max_bytes
        try:
            found = self._central.download(f"{self._path(version)}/attachments/{part(name)}", "attachment", limit)
        except CentralError as error:
            if error.code != "central_not_found":
                raise
            self._note(version, name, state=EXPECTED if version.is_current else GONE)
            return
        if found.content is None:
            self._refuse(version, name, found.size, Judged(found.media_type, TOO_LARGE))
            return
        judged = judge(found.content, name, self._keeping.settings)
        if judged.refused is not None:
            self._refuse(version, name, found.size, judged)
            return
        self._keep(version, name, found, judged)

    def _keep(self, version: Version, name: str, found: Download, judged: Judged) -> None:
        assert found.content is not None
        with self._database.session() as session:
            vault = vault_of(session)
            subject = interview_subject(version.central_id)
            # The key first, as an erasure takes it first: neither waits for what the other holds.
            if vault.hold([subject]):
                return
            self._update(
                session,
                version,
                name,
                state=STORED,
                media_type=judged.media_type,
                size=found.size,
                has_thumbnail=judged.thumbnail is not None,
            )
            # SQLite holds nothing before the first write: an erasure may have been in between.
            if vault.erased([subject]):
                session.rollback()
                return
            address = address_of(vault, subject, found.content)
            self._keeping.store.put(object_key(address), vault.encrypt(content_place(address), subject, found.content))
            if judged.thumbnail is not None:
                sealed = vault.encrypt(thumbnail_place(address), subject, judged.thumbnail)
                self._keeping.store.put(thumbnail_key(address), sealed)
            self._update(session, version, name, address=address)
        self._fetched.stored += 1
        self._fetched.bytes += found.size

    def _refuse(self, version: Version, name: str, size: int, judged: Judged) -> None:
        self._note(version, name, state=REFUSED, reason=judged.refused, media_type=judged.media_type, size=size)
        self._fetched.refused += 1

    def _put_off(self, version: Version, name: str) -> None:
        with self._database.session() as session:
            held = work.of_version(session, version)[name]
            held.attempts += 1
            wait = timedelta(minutes=2 ** min(held.attempts - 1, 20))
            held.retry_at = self._now + min(wait, _LONGEST_WAIT)

    def _note(self, version: Version, name: str, **values: Any) -> None:
        with self._database.session() as session:
            self._update(session, version, name, **values)

    def _update(self, session: Session, version: Version, name: str, **values: Any) -> None:
        work.change(session, version, name, changed_at=self._now, attempts=0, retry_at=None, **values)

    def _path(self, version: Version) -> str:
        return (
            f"projects/{self._source.project_id}/forms/{part(self._source.form_id)}"
            f"/submissions/{part(version.central_id)}/versions/{part(version.version_id)}"
        )


#: No other request would fare better now.
_NO_USE = frozenset({"central_down", "central_credentials", "central_not_set"})


def address_of(vault: Vault, subject: str, content: bytes) -> str:
    """Where a household's content lies: a keyed hash of both, 64 hex digits.

    Equal contents of one household (an edit carries its photos over) lie once; of two households never together, so
    that one can be erased without a look at the other, and nobody sees that two hold the same.
    """
    return vault.lookup("attachment", f"{subject}\0{hashlib.sha256(content).hexdigest()}")


def object_key(address: str) -> str:
    """The key of a content in the store."""
    return f"{address[:2]}/{address}"


def thumbnail_key(address: str) -> str:
    """The key of its thumbnail."""
    return f"{address[:2]}/{address}.thumb"


def content_place(address: str) -> Place:
    """What a sealed content is bound to, beside its household: a file put in another's place does not open."""
    return Place("attachments", address)


def thumbnail_place(address: str) -> Place:
    """The same of a thumbnail."""
    return Place("attachments", f"{address}.thumb")


def keys_of(addresses: Sequence[str]) -> list[str]:
    """Every key in the store that belongs to these addresses."""
    return [key for address in addresses for key in (object_key(address), thumbnail_key(address))]
