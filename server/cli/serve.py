"""`rasoat serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import open_database, settings
from server.cli.worker import worker_beside

if TYPE_CHECKING:
    from server.accounts.actor import Actor
    from server.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Địa chỉ nghe. / Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Cổng. / Port.")] = None,
) -> None:
    """Chạy dịch vụ web. / Run the web service."""
    from server.logging import install as install_logs

    install_logs("json")
    of = settings()
    with open_database(of):
        pass  # an old schema or a wrong master key is said now, not at the first request
    run_service(of, host or of.service.host, port or of.service.port)


def run_service(of: Settings, host: str, port: int, demo_actor: Actor | None = None) -> None:
    """Serve until told to stop; an embedded service has a worker beside it meanwhile. demo_actor: see `create_app`."""
    import uvicorn

    from server.app import create_app

    with worker_beside(of, quiet=demo_actor is not None):
        uvicorn.run(
            create_app(of, demo_actor=demo_actor),
            host=host,
            port=port,
            log_config=None,  # its own would write messages of errors, which may hold answers
            access_log=False,  # addresses may name an interview
        )
