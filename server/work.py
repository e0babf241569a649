"""What the workers do: every kind of job with its handler, and the schedules that make them.

The nouns know each other by their services alone; this is where their long work is handed to `server.jobs`.

- `sync` tells Central, pulls and derives every open round whose form is published, every `RASOAT_WORKER_SYNC_MINUTES`;
- `reconcile` links a round with last year's list anew, when somebody asked for it at the desk;
- `recount` counts movements again, when somebody said at a page whose a household is;
- `deliver` tells Central what was decided and can no longer be undone, every `RASOAT_WORKER_DELIVER_SECONDS`;
- `tidy` removes jobs that were done a week ago and contents that belong to nothing, daily at 02:00 in Viet Nam.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from server.jobs.service import Handlers, JobContext, JobFailed, ensure_schedule, prune

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from server.settings import Settings

_DAY_SECONDS = 24 * 3600
_TWO_AT_NIGHT = 19 * 3600  # 02:00 in Viet Nam, in seconds of the UTC day
_KEEP_DONE = timedelta(days=7)


def make_handlers(settings: Settings) -> Handlers:
    """The handlers of every kind of job; each may run twice for one job without harm."""
    from server.attachments import service as attachments
    from server.central import service as central
    from server.central.errors import CentralError
    from server.central.lease import SyncRunningError
    from server.errors import UserError
    from server.linkage import service as linkage
    from server.registry import service as registry

    handlers = Handlers()

    @handlers.handles("sync")
    def sync(context: JobContext, args: dict[str, Any]) -> None:
        with context.database.session() as session:
            if not central.sources(session):
                return
        try:
            central.sync(
                context.database,
                settings.central,
                full=bool(args.get("full", False)),
                keeping=attachments.keep(settings),
                progress=lambda _stage, _done, _total: context.check(),
            )
        except SyncRunningError as error:
            # A long pull outlasts the interval: the schedule leaves it at that. Whoever asked gets a pull of their own.
            if args.get("asked"):
                raise JobFailed(error.code) from None
        except CentralError as error:
            raise JobFailed(error.code, retry=error.retryable) from None
        except UserError as error:
            raise JobFailed(error.code, retry=False) from None

    @handlers.handles("reconcile")
    def reconcile(context: JobContext, args: dict[str, Any]) -> None:
        try:
            linkage.reconcile(
                context.database,
                str(args["round"]),
                progress=lambda _done, _total: context.check(),
                train=bool(args.get("train", False)),
                by=str(args["by"]),
                settings=settings.linkage,
            )
        except UserError as error:
            raise JobFailed(error.code, retry=False) from None

    @handlers.handles("recount")
    def recount(context: JobContext, _args: dict[str, Any]) -> None:
        registry.recount_all(context.database, progress=lambda _done, _total: context.check())

    @handlers.handles("deliver")
    def deliver(context: JobContext, _args: dict[str, Any]) -> None:
        try:
            central.deliver_due(context.database, settings.central, context.now())
        except CentralError as error:
            raise JobFailed(error.code, retry=error.retryable) from None

    @handlers.handles("tidy")
    def tidy(context: JobContext, _args: dict[str, Any]) -> None:
        with context.database.session() as session:
            prune(session, context.now() - _KEEP_DONE)
        attachments.tidy(context.database, attachments.open_store(settings), context.now())

    return handlers


def set_schedules(session: Session, settings: Settings) -> None:
    """Bring the schedules to the settings; without a Central there is nothing to ask every few minutes."""
    reachable = settings.central.url is not None
    of = settings.worker
    ensure_schedule(
        session,
        "sync",
        "sync",
        every_seconds=max(of.sync_minutes, 1) * 60,
        enabled=reachable and of.sync_minutes > 0,
    )
    ensure_schedule(
        session,
        "deliver",
        "deliver",
        every_seconds=max(of.deliver_seconds, 1),
        enabled=reachable and of.deliver_seconds > 0,
    )
    ensure_schedule(session, "tidy", "tidy", every_seconds=_DAY_SECONDS, offset_seconds=_TWO_AT_NIGHT)
