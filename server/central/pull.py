"""The pull: what is new, edited, reviewed, deleted or restored at Central, into `submissions`.

1. Arrivals, in windows of `submissionDate`, oldest first. Each window is stored whole or not at all, together with
   the mark of how far we are; a sync that breaks off goes on from there.
2. Changes: edits and review states, by `updatedAt`, of whatever age.
3. Deletions: Central's list of them, entire (it forgets after 30 days). Restoration shows nowhere; what we hold as
   deleted and Central no longer lists is asked for by id.
4. Attachments: a late photo shows nowhere either; every submission that waits for one is asked for by id.

Central's two times are in no commit order, so each pass begins `OVERLAP` before the mark; storing a row again
changes nothing.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from server.cases import service as cases
from server.central.client import Central
from server.central.errors import CentralError
from server.central.odata import DELETED, SubmissionFeed, arrived, changed
from server.database import Database
from server.submissions import service as submissions
from server.submissions.rows import Received
from server.submissions.service import Source, Stored

log = logging.getLogger(__name__)

#: A row may become visible this long after the time it bears (a slow transaction, a clock set back).
OVERLAP = timedelta(minutes=10)
#: Central purges deleted submissions after 30 days; beyond that, there is nothing to ask for.
_PURGED_AFTER = timedelta(days=31)
_SHORTEST_WINDOW = timedelta(milliseconds=2)
_STORE_AT_ONCE = 1000

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
    window: int = 20_000,
    progress: Progress = no_progress,
) -> Pulled:
    """Bring `submissions` up to what Central holds for one form.

    full: from the beginning, whatever was pulled before. window: about how many submissions to ask for at once.
    progress: called with (rows read, rows expected) of the arrivals.

    Raises `CentralError`; what was stored before it is whole, and the next pull goes on from there. The failure's code
    is kept in the form's sync state.
    """
    started = datetime.now(UTC)
    try:
        pulled = _Pull(database, central, source, window, progress).run(full=full)
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
        pulled.live = submissions.live_count(session, source)
    log.info(
        "pulled form %s: %d new, %d versions, %d updated", source.form_id, pulled.new, pulled.versions, pulled.updated
    )
    return pulled


class _Pull:
    def __init__(self, database: Database, central: Central, source: Source, window: int, progress: Progress) -> None:
        self._database = database
        self._central = central
        self._source = source
        self._feed = SubmissionFeed(central, source.project_id, source.form_id)
        self._window = window
        self._progress = progress
        self._pulled = Pulled()

    def run(self, *, full: bool) -> Pulled:
        self._feed.check_form()
        # Central's clock, not ours; its header has whole seconds, and the overlap swallows the rest.
        now = self._central_now()
        with self._database.session() as session:
            state = submissions.sync_state(session, self._source)
            submitted_until = None if full else state.submitted_until
            updated_until = None if full else state.updated_until
        self._arrivals(None if submitted_until is None else submitted_until - OVERLAP, now)
        # On a first pull, what changes while the windows are read is caught from its beginning on.
        self._changes((updated_until or now) - OVERLAP, now)
        self._deletions(now)
        self._attachments()
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
            # The last window is open at its end: what arrives meanwhile comes with it.
            for window in self._windows(first, now, total):
                self._store_window(*window, now=now, total=total)
        else:
            self._mark(submitted_until=now)
        self._progress(total, total)

    def _windows(self, first: datetime, now: datetime, total: int) -> Iterator[tuple[datetime, datetime | None]]:
        """Halve [first, now) until each window holds about as many as asked for; oldest first."""
        waiting: list[tuple[datetime, datetime | None, int]] = [(first, None, total)]
        while waiting:
            since, before, count = waiting.pop()
            # The header that `now` came from has whole seconds.
            end = before if before is not None else max(now, since) + timedelta(seconds=1)
            middle = since + (end - since) / 2
            if count <= self._window or end - since <= _SHORTEST_WINDOW:
                yield since, before
                continue
            earlier = self._feed.count(arrived(since, middle))
            waiting.append((middle, before, count - earlier))
            if earlier:
                waiting.append((since, middle, earlier))

    def _store_window(self, since: datetime, before: datetime | None, *, now: datetime, total: int) -> None:
        rows = self._feed.rows(arrived(since, before))
        reached = min(before, now) if before is not None else now
        self._store(rows, total=total, submitted_until=reached)
        self._pulled.windows += 1

    def _changes(self, since: datetime, now: datetime) -> None:
        self._store(self._feed.rows(changed(since)), updated_until=now)

    def _deletions(self, now: datetime) -> None:
        listed: set[str] = set()

        def noted(rows: Iterable[Received]) -> Iterator[Received]:
            for row in rows:
                listed.add(row.central_id)
                yield row

        self._store(noted(self._feed.rows(DELETED)))
        with self._database.session() as session:
            held = submissions.deleted_since(session, self._source, now - _PURGED_AFTER)
        restored = [one for one in held if one not in listed]
        if restored:
            self._store(self._feed.rows_by_id(restored))

    def _attachments(self) -> None:
        with self._database.session() as session:
            waiting = submissions.awaiting_attachments(session, self._source)
        if waiting:
            self._store(self._feed.rows_by_id(waiting))

    def _store(
        self,
        rows: Iterable[Received],
        *,
        total: int | None = None,
        submitted_until: datetime | None = None,
        updated_until: datetime | None = None,
    ) -> None:
        """Store rows and marks in one transaction: all of it, or nothing."""
        received = 0
        stored = Stored([])
        iterator = iter(rows)
        # A window is read before the first write: the embedded database has one writer, and a reviewer must not
        # wait for a slow line. Only what exceeds a window by far is written while it is read.
        waiting = list(itertools.islice(iterator, 2 * self._window))
        with self._database.session() as session:
            while waiting:
                for batch in _batched(waiting):
                    result = submissions.store(session, self._source, batch, datetime.now(UTC))
                    if self._source.has_interviews:
                        cases.mark_stale(session, self._source.round_id, result.changed)
                    stored.add(result)
                    received += len(batch)
                    if total is not None:
                        self._progress(min(self._pulled.received + received, total), total)
                waiting = list(itertools.islice(iterator, self._window))
            state = submissions.sync_state(session, self._source)
            if submitted_until is not None:
                state.submitted_until = submitted_until
            if updated_until is not None:
                state.updated_until = updated_until
        self._pulled.received += received
        self._pulled.add(stored)

    def _mark(self, submitted_until: datetime) -> None:
        with self._database.session() as session:
            submissions.sync_state(session, self._source).submitted_until = submitted_until


def _batched(rows: list[Received]) -> Iterator[list[Received]]:
    for start in range(0, len(rows), _STORE_AT_ONCE):
        yield rows[start : start + _STORE_AT_ONCE]
