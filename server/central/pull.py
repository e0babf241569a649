"""The pull: what is new, edited, reviewed, deleted or restored at Central, into `submissions`.

1. Arrivals, in windows of `submissionDate`, oldest first. Each piece of a window is stored together with the mark of
   how far we are; a sync that breaks off goes on from there.
2. Changes: edits and review states, by `updatedAt`, of whatever age.
3. Deletions: Central's list of them, entire (it forgets after 30 days). Restoration shows nowhere; what we hold as
   deleted and Central no longer lists is asked for by id.
4. Attachments: a late photo shows nowhere either; every submission that waits for one is asked for by id.
5. History: versions that were replaced before we saw them, one by one.
6. In step: Central counts as many live submissions as we hold, and knows of a change as late as our latest. Where it
   does not (it was restored to an older backup, or we were; a submission was purged; a clock was set), and once a day
   anyway, ids and versions are compared, all of them, and what differs is read again.

Central's two times are in no commit order, so each pass begins `OVERLAP` before the mark; storing a row again
changes nothing. Rows are read a few pieces ahead of what is being stored, and never more: memory stays flat, and the
embedded database's one writer is held for a moment at a time, not for as long as a slow line takes.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import NamedTuple

from msgspec.structs import replace

from server.cases import service as cases
from server.central.client import Central
from server.central.errors import CentralError
from server.central.history import fetch_history
from server.central.odata import DELETED, SubmissionFeed, arrived, changed
from server.database import Database
from server.sqlite_log import LogWriter
from server.submissions import service as submissions
from server.submissions.comparison import compare, mark_purged, newest_change
from server.submissions.fields import FieldCount, fields_to_count, fields_wanted
from server.submissions.packing import pack, unpack
from server.submissions.rows import Received
from server.submissions.service import Source, Stored

log = logging.getLogger(__name__)

#: A row may become visible this long after the time it bears (a slow transaction, a clock set back).
OVERLAP = timedelta(minutes=10)
#: Central purges deleted submissions after 30 days; beyond that, there is nothing to ask for.
_PURGED_AFTER = timedelta(days=31)
#: How often ids and versions are compared although nothing hints at a difference.
_COMPARE_EVERY = timedelta(days=1)
_SHORTEST_WINDOW = timedelta(milliseconds=2)
_STORE_AT_ONCE = 2000
#: Pieces read before they are asked for, 5 MB each: the reader never stops for as long as storing takes longer now and
#: then, and what it does not take from the line Central does not send.
_AHEAD = 5

Progress = Callable[[int, int], None]


def no_progress(_done: int, _total: int) -> None:
    """Report to nobody."""


@dataclass
class Pulled:
    """What a pull brought."""

    received: int = 0  # rows read, repeats included
    new: int = 0
    versions: int = 0
    updated: int = 0
    live_at_central: int = 0
    live: int = 0  # live submissions of the form, here
    erased: int = 0  # rows of erased households, which are not kept
    windows: int = 0
    changed: int = 0  # submissions to derive again
    history: int = 0  # versions that were replaced before we saw them
    compared: int = 0  # whether ids and versions were compared (1) or not (0)
    healed: int = 0  # submissions that were not as Central shows them
    purged: int = 0  # submissions that Central no longer knows

    def add(self, stored: Stored) -> None:
        self.new += stored.new
        self.versions += stored.versions
        self.updated += stored.updated
        self.erased += stored.erased
        self.changed += len(stored.changed)


def total(of: Sequence[Pulled]) -> Pulled:
    """What several pulls brought together."""
    return Pulled(**{field.name: sum(getattr(one, field.name) for one in of) for field in fields(Pulled)})


def pull(
    database: Database,
    central: Central,
    source: Source,
    *,
    full: bool = False,
    window: int = 50_000,
    progress: Progress = no_progress,
) -> Pulled:
    """Bring `submissions` up to what Central holds for one form.

    full: from the beginning, whatever was pulled before, and compared in the end. window: about how many submissions to
    ask for at once.
    progress: called with (rows read, rows expected) of the arrivals.

    Raises `CentralError`; what was stored before it is whole, and the next pull goes on from there. The failure's code
    is kept in the form's sync state.
    """
    started = datetime.now(UTC)
    try:
        with LogWriter(database) as log_writer:
            pulled = _Pull(database, central, source, window, progress, log_writer).run(full=full)
    except CentralError as error:
        log.warning("pull of form %s failed: %s", source.form_id, error.code)
        with database.session() as session:
            state = submissions.sync_state(session, source)
            state.last_attempt_at = started
            state.last_error_code = error.code
        raise
    with database.session() as session:
        state = submissions.sync_state(session, source)
        state.last_attempt_at = started
        state.last_success_at = started
        state.last_error_code = None
        state.live_at_central = pulled.live_at_central
        if pulled.compared:
            state.compared_at = started
        pulled.live = state.live_here = submissions.live_count(session, source)
        state.awaiting_files = len(submissions.awaiting_attachments(session, source))
    log.info(
        "pulled form %s: %d new, %d versions, %d updated", source.form_id, pulled.new, pulled.versions, pulled.updated
    )
    return pulled


class _Piece(NamedTuple):
    """Rows that are stored together, and how far the arrivals are stored then."""

    rows: list[Received]
    until: datetime | None = None


class _Pull:
    def __init__(
        self,
        database: Database,
        central: Central,
        source: Source,
        window: int,
        progress: Progress,
        log_writer: LogWriter,
    ) -> None:
        self._database = database
        self._log_writer = log_writer
        self._central = central
        self._source = source
        self._feed = SubmissionFeed(central, source.project_id, source.form_id)
        self._window = window
        self._progress = progress
        self._pulled = Pulled()
        self._fields: FieldCount | None = None

    def run(self, *, full: bool) -> Pulled:
        version = self._feed.check_form()
        with self._database.session() as session:
            asks = fields_wanted(session, self._source, version)
        if asks:
            there = self._feed.fields()
            with self._database.session() as session:
                self._fields = fields_to_count(session, self._source, version, there)
        # Central's clock, not ours; its header has whole seconds, and the overlap swallows the rest.
        now = self._central_now()
        with self._database.session() as session:
            state = submissions.sync_state(session, self._source)
            submitted_until = None if full else state.submitted_until
            updated_until = None if full else state.updated_until
            compared_at = state.compared_at
        self._arrivals(None if submitted_until is None else submitted_until - OVERLAP, now)
        # On a first pull, what changes while the windows are read is caught from its beginning on.
        self._changes((updated_until or now) - OVERLAP, now)
        self._deletions(now)
        self._attachments()
        if full or not self._in_step(compared_at, now):
            self._compare(now)
        self._pulled.history = fetch_history(self._database, self._central, self._source)
        self._pulled.live_at_central = self._feed.count()
        return self._pulled

    def _central_now(self) -> datetime:
        header = self._central.clock()
        if header is None:
            raise CentralError("central_refused", what="Date")
        return parsedate_to_datetime(header).astimezone(UTC)

    def _arrivals(self, since: datetime | None, now: datetime) -> None:
        total = self._feed.count(arrived(since, None))
        self._progress(0, total)
        if total:
            first = since if since is not None else self._feed.first_arrival()
            assert first is not None  # there are `total` of them
            for piece in _read_ahead(self._by_windows(first, now, total)):
                if piece.rows:
                    self._store(piece)
                    self._progress(min(self._pulled.received, total), total)
                else:
                    self._mark(submitted_until=piece.until)
                    self._pulled.windows += 1
        else:
            self._mark(submitted_until=now)
        self._progress(total, total)

    def _by_windows(self, first: datetime, now: datetime, total: int) -> Iterator[_Piece]:
        """The windows' rows in pieces, and a piece without rows at the end of each window."""
        # The last window is open at its end: what arrives meanwhile comes with it.
        for since, before in self._windows(first, now, total):
            for piece in _pieces(self._feed.rows(arrived(since, before))):
                # Rows come oldest first: what arrived before the last of a piece is stored with it, or was before.
                yield piece._replace(until=min(piece.rows[-1].submitted_at, now))
            yield _Piece([], until=min(before, now) if before is not None else now)

    def _windows(self, first: datetime, now: datetime, total: int) -> Iterator[tuple[datetime, datetime | None]]:
        """Halve [first, now) until each window holds about as many as asked for; oldest first."""
        if total <= self._window:
            yield first, None
            return
        waiting: list[tuple[datetime, datetime | None, int]] = [(first, None, total)]
        # Dates may lie beyond `now`, when Central's clock was set; and its header has whole seconds.
        last = max(now, self._feed.last_arrival() or now) + timedelta(seconds=1)
        while waiting:
            since, before, count = waiting.pop()
            end = before if before is not None else last
            middle = since + (end - since) / 2
            if count <= self._window or end - since <= _SHORTEST_WINDOW:
                yield since, before
                continue
            earlier = self._feed.count(arrived(since, middle))
            waiting.append((middle, before, count - earlier))
            if earlier:
                waiting.append((since, middle, earlier))

    def _changes(self, since: datetime, now: datetime) -> None:
        for piece in _read_ahead(_pieces(self._feed.rows(changed(since)))):
            self._store(piece)
        self._mark(updated_until=now)

    def _deletions(self, now: datetime) -> None:
        listed: set[str] = set()
        for piece in _read_ahead(_pieces(self._feed.rows(DELETED))):
            self._store(piece)
            listed.update(row.central_id for row in piece.rows)
        with self._database.session() as session:
            held = submissions.deleted_since(session, self._source, now - _PURGED_AFTER)
        self._ask_again([one for one in held if one not in listed])

    def _attachments(self) -> None:
        with self._database.session() as session:
            waiting = submissions.awaiting_attachments(session, self._source)
        self._ask_again(waiting)

    def _ask_again(self, ids: Sequence[str], *, final: bool = False) -> None:
        for piece in _read_ahead(_pieces(self._feed.rows_by_id(ids))):
            self._store(piece, final=final)

    def _in_step(self, compared_at: datetime | None, now: datetime) -> bool:
        """Whether nothing hints at a difference that the passes cannot see, and the last comparison is recent."""
        # What arrived since it was asked is no difference yet: asked again, it is here too.
        if not self._counts_agree():
            self._arrivals(now - OVERLAP, self._central_now())
            if not self._counts_agree():
                return False
        with self._database.session() as session:
            newest = newest_change(session, self._source)
        if newest is not None and not self._feed.count(changed(newest)):
            return False
        if compared_at is None:  # all of it has just been read
            self._pulled.compared = 1
            return True
        return datetime.now(UTC) - compared_at < _COMPARE_EVERY

    def _counts_agree(self) -> bool:
        with self._database.session() as session:
            erased = submissions.sync_state(session, self._source).erased_at_central
            here = submissions.live_count(session, self._source)
        return self._feed.count() == here + erased

    def _compare(self, now: datetime) -> None:
        with self._database.session() as session:
            found = compare(session, self._source, self._feed.heads())
        if not found.is_none:
            numbers = {kind: len(getattr(found, kind)) for kind in found.KINDS}
            log.warning("form %s differs from Central: %s", self._source.form_id, numbers)
        self._ask_again(found.to_read, final=True)
        listed: set[str] = set()
        for piece in _read_ahead(_pieces(self._feed.rows_by_id(found.extra, deleted=True))):
            self._store(piece)
            listed.update(row.central_id for row in piece.rows)
        gone = [one for one in found.extra if one not in listed]
        with self._database.session() as session:
            state = submissions.hold_sync_state(session, self._source)
            state.erased_at_central = found.erased
            purged = mark_purged(session, self._source, gone, now)
            if self._source.has_interviews:
                cases.mark_stale(session, self._source.round_id, purged)
        self._pulled.changed += len(purged)
        self._pulled.purged = len(purged)
        self._pulled.healed = len(found.to_read) + len(found.extra)
        self._pulled.compared = 1

    def _store(self, piece: _Piece, *, final: bool = False) -> None:
        """Store some rows, and the mark that goes with them, in one transaction: all of it, or nothing."""
        with self._database.session() as session:
            state = submissions.hold_sync_state(session, self._source)
            stored = submissions.store(session, self._source, piece.rows, datetime.now(UTC), final=final)
            if self._source.has_interviews:
                cases.mark_stale(session, self._source.round_id, stored.changed)
            if self._fields is not None:
                self._fields.add(
                    state, (unpack(row.payload) for row in piece.rows if row.central_id in stored.inserted)
                )
            if piece.until is not None:
                state.submitted_until = piece.until
        self._log_writer.committed()
        self._pulled.received += len(piece.rows)
        self._pulled.add(stored)

    def _mark(self, *, submitted_until: datetime | None = None, updated_until: datetime | None = None) -> None:
        with self._database.session() as session:
            state = submissions.hold_sync_state(session, self._source)
            state.submitted_until = submitted_until or state.submitted_until
            state.updated_until = updated_until or state.updated_until


def _pieces(rows: Iterator[Received]) -> Iterator[_Piece]:
    while some := list(islice(rows, _STORE_AT_ONCE)):
        yield _Piece([replace(row, payload=pack(row.payload)) for row in some])


def _read_ahead(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """`pieces`; while one is stored, the next ones are read in a thread. What reading raises is raised here."""
    reader = ThreadPoolExecutor(1, "pull")
    try:
        coming = deque(reader.submit(next, pieces, None) for _ in range(_AHEAD))
        while (piece := coming.popleft().result()) is not None:
            coming.append(reader.submit(next, pieces, None))
            yield piece
    finally:
        reader.shutdown(cancel_futures=True)
