"""Central, for the rest of the service: pull and derive, publish, deliver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from server.cases import service as cases
from server.central.client import Central
from server.central.outbox import Delivered, any_due, deliver
from server.central.publish import Published, build_round_form, publish
from server.central.pull import Pulled, pull
from server.database import Database
from server.errors import UserError
from server.rounds import service as rounds
from server.settings import CentralSettings
from server.submissions.service import Source

#: Called with the name of a stage, and what of it is done of how much.
StageProgress = Callable[[str, int, int], None]


def silent(_stage: str, _done: int, _total: int) -> None:
    """Report to nobody."""


@dataclass(frozen=True)
class Synced:
    """What a sync did: the pull, the interviews derived, and what was told to Central."""

    round_id: str
    pulled: Pulled
    derived: int
    delivered: Delivered

    def as_json(self) -> dict[str, Any]:
        """Plain values for `--json`; the names are stable."""
        return {
            "round": self.round_id,
            "pulled": asdict(self.pulled),
            "derived": self.derived,
            "delivered": asdict(self.delivered),
        }


def sync(
    database: Database,
    settings: CentralSettings,
    round_id: str | None = None,
    *,
    full: bool = False,
    progress: StageProgress = silent,
) -> Synced:
    """Tell Central what was decided, pull what is new, and derive it. Stages: `pull`, `derive`.

    Raises `CentralError`, or `UserError` for a round whose form was never published.
    """
    with database.session() as session:
        of = rounds.choose(session, round_id)
        if of.project_id is None or of.form_id is None:
            raise UserError(
                "round_unpublished",
                f"Phiếu của đợt {of.round_id} chưa phát hành. Chạy: rasoat forms publish.",
                f"The form of round {of.round_id} is not published. Run: rasoat forms publish.",
            )
        source = Source(of.project_id, of.form_id, of.round_id)
    with Central(settings) as central:
        delivered = deliver(database, central)
        pulled = pull(
            database,
            central,
            source,
            full=full,
            window=settings.window,
            progress=lambda done, total: progress("pull", done, total),
        )
    derived = cases.derive(database, source.round_id, lambda done, total: progress("derive", done, total))
    return Synced(source.round_id, pulled, derived, delivered)


def deliver_due(database: Database, settings: CentralSettings, now: datetime) -> Delivered:
    """Tell Central what is due; without anything due it is not even asked. Raises `CentralError` for the login."""
    with database.session() as session:
        if not any_due(session, now):
            return Delivered()
    with Central(settings) as central:
        return deliver(database, central, now)


def publish_round(
    database: Database, settings: CentralSettings, out_dir: Path, round_id: str | None = None
) -> Published:
    """Build a round's form and bring Central to it; the round then takes its interviews from there.

    Raises `CentralError` or `UserError`.
    """
    with database.session() as session:
        of = rounds.choose(session, round_id)
        form = build_round_form(session, of.round_id, out_dir)
        if of.project_id is not None:  # a round stays in the project where it began
            settings = settings.model_copy(update={"project_id": of.project_id})
    with Central(settings) as central:
        with database.session() as session:
            rounds.check_form_free(session, of.round_id, central.project_id, form.built.form_id)
        published = publish(central, form)
    with database.session() as session:
        rounds.attach_form(session, of.round_id, published.project_id, published.form_id)
    return published
