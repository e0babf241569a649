"""`python -m sandbox.central --port P --state FILE`: the stand-in on 127.0.0.1 until it is told to stop."""

from __future__ import annotations

import argparse
import socket
from pathlib import Path

import uvicorn

from .app import create_app

HOST = "127.0.0.1"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.central", description=__doc__)
    parser.add_argument("--port", type=int, default=8383, help="0: any free one, printed")
    parser.add_argument("--state", type=Path, required=True, help="SQLite file; made if it is not there")
    parser.add_argument("--user", default="admin@example.org")
    parser.add_argument("--password", default="sandbox-password")
    parser.add_argument("--domain", help="the address that links in answers begin with; default: its own")
    parser.add_argument("--faults", action="store_true", help="tests only: misbehave on request (/-/faults)")
    given = parser.parse_args()
    # The protocol is named because asyncio turns Nagle's delay off only then: 40 ms an answer otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, given.port))
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    app = create_app(given.state, given.user, given.password, given.domain or url, faults=given.faults)
    print(url, flush=True)  # noqa: T201 - whoever started it reads the port here
    config = uvicorn.Config(app, log_level="critical" if given.faults else "warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
