"""`rasoat serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from server.cli.common import open_database, settings


def serve(
    host: Annotated[str | None, typer.Option(help="Địa chỉ nghe. / Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Cổng. / Port.")] = None,
) -> None:
    """Chạy dịch vụ web. / Run the web service."""
    import uvicorn

    from server.app import create_app

    of = settings()
    with open_database(of):
        pass  # an old schema is said now, not at the first request
    uvicorn.run(
        create_app(of),
        host=host or of.service.host,
        port=port or of.service.port,
        log_level="warning",
        access_log=False,  # addresses may name an interview
    )
