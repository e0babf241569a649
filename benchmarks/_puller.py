"""One reader of the benchmark `sync`, in a process of its own so that its memory is its own.

`python -m benchmarks._puller WHAT URL [DATABASE]` reads everything from the Central at URL and prints one JSON object:
`seconds`, `cpu_seconds` (this process's own while it reads), `rows`, `peak_mb`. WHAT is `pull` (into DATABASE, which is
set up first), `raw` (the stream, thrown away) or `pyodk` (the official client's `get_table`).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from benchmarks._central import FORM, PASSWORD, PROJECT, USER


def peak_mb() -> float:
    """Most memory this process ever held. (`ru_maxrss` would count what the parent held when it started us.)"""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


class Watch:
    """Runs from when it is made; `read` gives the seconds since, and those that this process was at work."""

    def __init__(self) -> None:
        self._start = (time.perf_counter(), time.process_time())

    def read(self) -> dict[str, float]:
        wall, cpu = self._start
        return {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}


def raw(url: str) -> dict[str, float]:
    """The whole stream, read and thrown away; the rows are counted by the server."""
    import requests

    address = f"{url}/v1/projects/{PROJECT}/forms/{FORM}.svc/Submissions"
    watch = Watch()
    tail = b""
    with requests.get(address, {"$expand": "*", "$count": "true"}, stream=True, timeout=60) as answer:
        for piece in answer.iter_content(256 * 1024):
            tail = (tail + piece)[-200:]
    return {**watch.read(), "rows": int(tail.partition(b'"@odata.count":')[2].rstrip(b"}"))}


def pyodk(url: str) -> dict[str, float]:
    """The official client: the whole table in memory, as its users do it."""
    from pyodk._utils.config import CentralConfig, Config
    from pyodk._utils.session import Session
    from pyodk.client import Client

    # As it comes, but for what it would leave in the home folder.
    session = Session(url, "v1", USER, PASSWORD, cache_path=None)
    config = Config(central=CentralConfig(url, USER, PASSWORD, PROJECT))
    watch = Watch()
    with Client(session=session, config=config) as client:
        table = client.submissions.get_table(form_id=FORM, expand="*")
    return {**watch.read(), "rows": len(table["value"])}


def pull(url: str, database_url: str) -> dict[str, float]:
    """What the service does: pull everything into a new database."""
    import base64

    from pydantic import SecretStr

    from server.central.client import Central
    from server.central.pull import pull
    from server.database import Database, upgrade
    from server.rounds import service as rounds
    from server.secrets.service import MasterKeys, prepare
    from server.settings import CentralSettings
    from server.submissions.service import Source

    database = Database(database_url)
    upgrade(database)
    keys = database.use_keys(MasterKeys.from_text(base64.b64encode(bytes(32)).decode(), "benchmark"))
    with database.session() as session:
        prepare(session, keys)
        rounds.create(session, "2026", province_code="33", review_date=date(2026, 9, 1))
    settings = CentralSettings(url=url, user=USER, password=SecretStr(PASSWORD), project_id=PROJECT)
    watch = Watch()
    with Central(settings) as central:
        pulled = pull(database, central, Source(PROJECT, FORM, "2026"), window=settings.window)
    measured = watch.read()
    database.dispose()
    if not pulled.new == pulled.live == pulled.live_at_central:
        raise AssertionError(f"not all of it was stored: {pulled}")
    return {**measured, "rows": pulled.new}


def main(what: str, url: str, *database: str) -> None:
    readers: dict[str, Callable[..., dict[str, float]]] = {"raw": raw, "pyodk": pyodk, "pull": pull}
    print(json.dumps({**readers[what](url, *database), "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
