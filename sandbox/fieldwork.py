"""Enumerators' phones sending what they hold: finished submissions over OpenRosa, as ODK Collect does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import httpx

_PARALLEL_PHONES = 4


@dataclass(frozen=True)
class Submission:
    """One finished form: its instance id, its XML, and its attachments by file name."""

    instance_id: str
    xml: str
    files: dict[str, bytes] = field(default_factory=dict)


class SendError(Exception):
    """Central did not take a submission; the message holds its status and the instance id, nothing of its answers."""


def send(
    submissions: Iterable[Submission],
    phone_url: str,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Send `submissions` to `phone_url` (`https://HOST/v1/key/TOKEN/projects/P`), a few phones at a time.

    `submissions` is consumed as it is sent, so a generator is never held whole. `progress` gets the number sent so
    far. Returns the number that Central acknowledged with 201.

    Raises `SendError` at the first submission that is refused.
    """
    done = 0
    with (
        httpx.Client(timeout=60, headers={"X-OpenRosa-Version": "1.0"}) as client,
        ThreadPoolExecutor(_PARALLEL_PHONES) as phones,
    ):
        for _ in _bounded(phones, lambda submission: _post(client, phone_url, submission), submissions):
            done += 1
            if progress:
                progress(done)
    return done


def _post(client: httpx.Client, phone_url: str, submission: Submission) -> None:
    files = {"xml_submission_file": ("submission.xml", submission.xml.encode(), "text/xml")}
    files |= {name: (name, content, "application/octet-stream") for name, content in submission.files.items()}
    try:
        answer = client.post(f"{phone_url}/submission", files=files)
    except httpx.HTTPError as error:
        raise SendError(f"{submission.instance_id}: {type(error).__name__} while sending") from None
    if answer.status_code != httpx.codes.CREATED:
        raise SendError(f"{submission.instance_id}: Central answered {answer.status_code}")


def _bounded(
    pool: ThreadPoolExecutor, work: Callable[[Submission], None], items: Iterable[Submission]
) -> Iterator[None]:
    """Run `work` over `items` with few in flight; yields once per finished item, raises the first error."""
    running: set[Future[None]] = set()
    for item in items:
        running.add(pool.submit(work, item))
        if len(running) >= 2 * _PARALLEL_PHONES:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()
                yield
    for future in running:
        future.result()
        yield
