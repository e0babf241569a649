"""Central, for the rest of the service: pull and derive, deliver, tell the phones. Publishing is `release`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from server.attachments import service as attachments
from server.cases import service as cases
from server.central.client import Central
from server.central.entities import Pushed
from server.central.errors import CentralError
from server.central.lease import only_one
from server.central.odata import SubmissionFeed
from server.central.outbox import Delivered, any_due, deliver
from server.central.pull import Pulled, pull, total
from server.database import Database
from server.enumerators import service as enumerators
from server.errors import UserError
from server.paradata import service as paradata
from server.rounds import service as rounds
from server.settings import CentralSettings
from server.submissions.comparison import Difference, compare
from server.submissions.service import Source, sync_state

#: Called with the name of a stage, and what of it is done of how much.
StageProgress = Callable[[str, int, int], None]


def silent(_stage: str, _done: int, _total: int) -> None:
    """Report to nobody."""


@dataclass(frozen=True)
class FormPulled:
    """One form of one round, and what its pull brought."""

    source: Source
    pulled: Pulled
    files: attachments.Fetched
    unknown_fields: dict[str, int]  # beyond what was published: path -> submissions with an answer in it
    missing_fields: dict[str, int]  # published and not there: path -> submissions without it


@dataclass(frozen=True)
class Synced:
    """What a sync did: each form's pull, the interviews derived, and what was told to Central."""

    forms: list[FormPulled]
    derived: int
    delivered: Delivered
    lists: list[tuple[str, Pushed]] = field(default_factory=list)  # of each round: what its phones now carry

    @property
    def pulled(self) -> Pulled:
        """What all forms brought together."""
        return total([one.pulled for one in self.forms])

    def as_json(self) -> dict[str, Any]:
        """Plain values for `--json`; the names are stable."""
        return {
            "rounds": sorted({one.source.round_id for one in self.forms}),
            "forms": [
                {"round": one.source.round_id, "form": one.source.name}
                | {"pulled": asdict(one.pulled), "files": one.files.as_json()}
                | {"unknown_fields": one.unknown_fields, "missing_fields": one.missing_fields}
                for one in self.forms
            ],
            "pulled": asdict(self.pulled),
            "derived": self.derived,
            "delivered": asdict(self.delivered),
            "lists": [{"round": of} | asdict(one) for of, one in self.lists],
        }


@dataclass(frozen=True)
class FormVerified:
    """One form of one round, held against Central."""

    source: Source
    difference: Difference


@dataclass(frozen=True)
class Verified:
    """What `verify` found, form by form."""

    forms: list[FormVerified]

    @property
    def equal(self) -> bool:
        """Whether every form holds what Central shows."""
        return all(one.difference.is_none for one in self.forms)

    def as_json(self) -> dict[str, Any]:
        """Plain values for `--json`; the names are stable. Ids, and no answers."""
        return {
            "equal": self.equal,
            "forms": [
                {
                    "round": one.source.round_id,
                    "form": one.source.name,
                    "equal": one.difference.is_none,
                    "at_central": one.difference.at_central,
                    "here": one.difference.here,
                    "erased": one.difference.erased,
                }
                | {
                    kind: {"count": len(ids), "ids": ids}
                    for kind, ids in ((kind, getattr(one.difference, kind)) for kind in Difference.KINDS)
                }
                for one in self.forms
            ],
        }


def sources(session: Session, round_id: str | None = None) -> list[Source]:
    """The published forms of a round, or of every open round; household forms come first within their round."""
    if round_id is None:
        chosen = [of.round_id for of in rounds.all_rounds(session) if of.status == "open"]
    else:
        chosen = [rounds.get(session, round_id).round_id]
    return [
        Source(form.project_id, form.form_id, form.round_id, form.name)
        for one in chosen
        for form in rounds.forms_of(session, one)
    ]


def sync(
    database: Database,
    settings: CentralSettings,
    round_id: str | None = None,
    *,
    full: bool = False,
    keeping: attachments.Keeping | None = None,
    progress: StageProgress = silent,
) -> Synced:
    """Tell Central what was decided, pull what is new of every form with its files, and derive it.

    Stages: `pull`, `files`, `derive`, `lists`. keeping: where files are kept (`attachments.keep`); without it none is
    fetched. round_id: one round, open or not; without it every open round. A form that cannot be pulled does not keep
    the others from it: what came is derived, then its error is raised.

    Raises `CentralError`, `SyncRunningError` while another sync is at work, or `UserError` where no form was published.
    """
    found = _published(database, round_id)
    with only_one(database) as lease:

        def report(stage: str, done: int, total: int) -> None:
            lease.check()
            progress(stage, done, total)

        return _sync(database, settings, found, full, keeping, report)


def _sync(
    database: Database,
    settings: CentralSettings,
    found: list[Source],
    full: bool,
    keeping: attachments.Keeping | None,
    report: StageProgress,
) -> Synced:
    forms: list[FormPulled] = []
    failed: CentralError | None = None
    with Central(settings) as central:
        delivered = deliver(database, central)
        for source in found:
            try:
                pulled = pull(
                    database, central, source, full=full, window=settings.window, progress=partial(report, "pull")
                )
                files = attachments.Fetched()
                if keeping is not None:
                    files = attachments.fetch_missing(database, central, keeping, source, partial(report, "files"))
                    paradata.derive(database, keeping.store, source)
            except CentralError as error:
                failed = failed or error
                if error.stops_all:
                    break
            else:
                with database.session() as session:
                    state = sync_state(session, source)
                    forms.append(FormPulled(source, pulled, files, state.unknown_fields, state.missing_fields))
    derived = 0
    for one in dict.fromkeys(source.round_id for source in found):
        derived += cases.derive(database, one, partial(report, "derive"))
    if failed is not None:
        raise failed
    return Synced(forms, derived, delivered, _to_phones(database, settings, found, report))


def _to_phones(
    database: Database, settings: CentralSettings, found: list[Source], report: StageProgress
) -> list[tuple[str, Pushed]]:
    """Bring the lists of each round's phones to what is known now: returned interviews, applicants, the registry."""
    sent = []
    for round_id, project_id in {one.round_id: one.project_id for one in found}.items():
        with database.session() as session:
            if not enumerators.has_people(session, round_id):
                continue
        with Central(settings.model_copy(update={"project_id": project_id})) as central:
            lists = enumerators.send_lists(database, central, round_id, partial(report, "lists"))
        sent += [(round_id, one) for one in lists]
    return sent


def verify(
    database: Database,
    settings: CentralSettings,
    round_id: str | None = None,
    *,
    progress: StageProgress = silent,
) -> Verified:
    """Compare what is held with Central: ids, current versions, states, numbers of files. Nothing is changed.

    round_id as for `sync`. Stage: `compare`. Raises as `sync`.
    """
    found = _published(database, round_id)
    forms = []
    with only_one(database), Central(settings) as central:
        for number, source in enumerate(found):
            progress("compare", number, len(found))
            feed = SubmissionFeed(central, source.project_id, source.form_id)
            feed.check_form()
            with database.session() as session:
                forms.append(FormVerified(source, compare(session, source, feed.heads())))
    progress("compare", len(found), len(found))
    return Verified(forms)


def _published(database: Database, round_id: str | None) -> list[Source]:
    with database.session() as session:
        found = sources(session, round_id)
        if not found:
            of = rounds.choose(session, round_id)
            raise UserError(
                "round_unpublished",
                f"Phiếu của đợt {of.round_id} chưa phát hành. Chạy: rasoat forms publish.",
                f"The form of round {of.round_id} is not published. Run: rasoat forms publish.",
            )
    return found


def deliver_due(database: Database, settings: CentralSettings, now: datetime) -> Delivered:
    """Tell Central what is due; without anything due it is not even asked. Raises `CentralError` for the login."""
    with database.session() as session:
        if not any_due(session, now):
            return Delivered()
    with Central(settings) as central:
        return deliver(database, central, now)
