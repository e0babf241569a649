"""Pulling submissions of five members each from a Central that streams at the pace of a real one.

A real Central v2026.2 streamed 6,800 submissions of five repeats a second on two cores; the server here keeps that
pace, in a process of its own and nearly without work (`benchmarks._central`). `share` is how much of it the service
stores a second: 1.0 would be storing for nothing. `unpaced` is how fast it stores when nothing holds it up. Memory, and
the time at work per submission, are those of the process which pulls (PostgreSQL works beside it). Beside it: the same
stream read and thrown away, and pyodk's `get_table`, which stores nothing.

SQLite always; PostgreSQL too when RASOAT_TEST_POSTGRES_URL names a database in which databases may be created.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DEFAULT_SIZE = 100_000
#: Submissions a second: what a real Central streamed.
PACE = 6_800
MEMBERS = 5
#: get_table holds all it reads in memory: at most so many, the time scaled to the size.
_PYODK_AT_MOST = 20_000
#: Interviews taken for the sake of their rows.
_INTERVIEWS = 40


def run(size: int) -> dict[str, Any]:
    """Pull `size` submissions, paced and not, into each database at hand. The ratio is the lowest share."""
    with tempfile.TemporaryDirectory(prefix="rasoat-sync-") as folder:
        rows = Path(folder) / "rows.json"
        rows.write_text(json.dumps(real_rows(Path(folder) / "demo"), ensure_ascii=False))
        figures: dict[str, Any] = {}
        with central(rows, size, PACE) as url:
            stream = puller("raw", url)
            pulls = {}
            for name, database in _databases(Path(folder)):
                with database as address:
                    pulls[name] = puller("pull", url, address)
        with central(rows, size) as url:
            for name, database in _databases(Path(folder)):
                with database as address:
                    unpaced = puller("pull", url, address)
                figures |= {
                    f"share_{name}": round(size / pulls[name]["seconds"] / PACE, 3),
                    f"stored_per_second_{name}": round(size / pulls[name]["seconds"]),
                    f"unpaced_per_second_{name}": round(size / unpaced["seconds"]),
                    f"cpu_ms_per_submission_{name}": round(1000 * pulls[name]["cpu_seconds"] / size, 3),
                    f"peak_mb_{name}": round(max(pulls[name]["peak_mb"], unpaced["peak_mb"])),
                }
        beside = min(size, _PYODK_AT_MOST)
        with central(rows, beside) as url:
            pyodk = puller("pyodk", url)
    slowest = max(pulls.values(), key=lambda one: float(one["seconds"]))
    return {
        "name": "sync",
        "size": size,
        "seconds": round(slowest["seconds"], 3),
        "peak_mb": max(figures[f"peak_mb_{name}"] for name in pulls),
        "figures": figures
        | {
            "pyodk_rows": beside,
            "pyodk_seconds": round(pyodk["seconds"] * size / beside, 3),
            "pyodk_peak_mb": round(pyodk["peak_mb"]),
        },
        "yardstick": {
            "name": f"the stream alone, paced at {PACE:,} submissions/s",
            "seconds": round(stream["seconds"], 3),
        },
        "ratio": min(figures[f"share_{name}"] for name in pulls),
    }


def real_rows(folder: Path) -> list[dict[str, Any]]:
    """Rows of interviews as the demo's Central gives them, each brought to five members by repeating its own."""
    import httpx

    from server.cli.demo import DemoOptions, demo_province

    with demo_province(DemoOptions(_INTERVIEWS, data_dir=folder), lambda _stage, _done, _total: None) as running:
        reach = running.settings.central
        assert reach.url is not None
        assert reach.password is not None
        login = {"email": reach.user, "password": reach.password.get_secret_value()}
        with httpx.Client(base_url=f"{reach.url}/v1/", timeout=60) as client:
            token = client.post("sessions", json=login).raise_for_status().json()["token"]
            path = f"projects/{reach.project_id}/forms/household.svc/Submissions"
            answer = client.get(path, params={"$expand": "*"}, headers={"Authorization": f"Bearer {token}"})
            rows: list[dict[str, Any]] = answer.raise_for_status().json()["value"]
    with_members = [row for row in rows if row.get("member")]
    for row in with_members:
        row["member"] = (row["member"] * MEMBERS)[:MEMBERS]
    return with_members


@contextmanager
def central(rows: Path, size: int, pace: int | None = None) -> Iterator[str]:
    """The address of a server of `size` submissions, while the block lasts."""
    command = [sys.executable, "-m", "benchmarks._central", str(rows), "--size", str(size)]
    command += ["--pace", str(pace)] if pace else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def puller(*arguments: str) -> dict[str, float]:
    """What a reader in a process of its own measured (`benchmarks._puller`)."""
    command = [sys.executable, "-m", "benchmarks._puller", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _databases(folder: Path) -> Iterator[tuple[str, Any]]:
    yield "sqlite", _sqlite(folder / f"{uuid.uuid4().hex}.sqlite")
    if url := os.environ.get("RASOAT_TEST_POSTGRES_URL"):
        yield "postgresql", _postgres(url)


@contextmanager
def _sqlite(path: Path) -> Iterator[str]:
    yield f"sqlite:///{path}"
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


@contextmanager
def _postgres(url: str) -> Iterator[str]:
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url

    server = make_url(url).set(drivername="postgresql+psycopg")
    name = f"sync_{uuid.uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
