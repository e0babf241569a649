"""The stores of attachments keep the same promises: on a disk, and in a bucket of a made-up S3 on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import pytest
from pydantic import SecretStr

from server.attachments.s3 import open_bucket
from server.attachments.store import DiskStore, ObjectStore, StoreError, open_store
from server.errors import UserError
from server.settings import AttachmentsSettings, load_settings

A, B = f"ab/ab{'1' * 62}", f"cd/cd{'2' * 62}.thumb"


class _Bucket(BaseHTTPRequestHandler):
    """What the store asks of S3, as S3 answers it; two keys a page, so that lists have pages."""

    objects: dict[str, bytes]
    status: int | None

    def _key(self) -> str:
        return urlsplit(self.path).path.removeprefix("/census/")

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        self.wfile.write(body)

    def _failing(self) -> bool:
        if self.server.status is not None:  # type: ignore[attr-defined]
            self._answer(self.server.status, b"<Error><Code>AccessDenied</Code></Error>")  # type: ignore[attr-defined]
            return True
        return False

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._failing():
            self.server.objects[self._key()] = body  # type: ignore[attr-defined]
            self._answer(200)

    def do_GET(self) -> None:
        objects: dict[str, bytes] = self.server.objects  # type: ignore[attr-defined]
        if self._failing():
            return
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            self._answer(200, _listed(objects, query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]))
        elif self._key() in objects:
            self._answer(200, objects[self._key()])
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_DELETE(self) -> None:
        if not self._failing():
            self.server.objects.pop(self._key(), None)  # type: ignore[attr-defined]
            self._answer(204)

    def log_message(self, *_of: Any) -> None:
        pass


def _listed(objects: dict[str, bytes], prefix: str, after: str) -> bytes:
    names = [name for name in sorted(objects) if name.startswith(prefix) and name > after]
    page, more = names[:2], names[2:]
    rows = "".join(
        f"<Contents><Key>{escape(name)}</Key><LastModified>2026-09-03T01:00:00.000Z</LastModified></Contents>"
        for name in page
    )
    token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
    return (
        f"<ListBucketResult><IsTruncated>{'true' if more else 'false'}</IsTruncated>{token}{rows}</ListBucketResult>"
    ).encode()


@pytest.fixture
def bucket() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Bucket)
    server.objects, server.status = {"other/thing": b"not ours"}, None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def s3(bucket: Any) -> ObjectStore:
    pytest.importorskip("boto3")
    return open_bucket(
        AttachmentsSettings(
            store="s3", s3_bucket="census", s3_prefix="/rasoat/", s3_region="vn",
            s3_endpoint_url=f"http://127.0.0.1:{bucket.server_address[1]}",
            s3_access_key=SecretStr("key"), s3_secret_key=SecretStr("not-a-secret"),
        )
    )  # fmt: skip


@pytest.fixture(params=["disk", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "disk":
        return DiskStore(tmp_path / "attachments")
    kept: ObjectStore = request.getfixturevalue("s3")
    return kept


def test_what_is_put_is_got_until_it_is_deleted(store: ObjectStore) -> None:
    assert store.get(A) is None
    assert list(store.written()) == []
    store.put(A, b"one")
    store.put(A, b"\x00two\xff")
    store.put(B, b"three")
    store.put(f"{B}x", b"four")
    assert (store.get(A), store.get(B)) == (b"\x00two\xff", b"three")
    listed = dict(store.written())
    assert sorted(listed) == [A, B, f"{B}x"]
    assert all(at.tzinfo is not None for at in listed.values())
    store.delete([A, A, "ef/never"])
    assert store.get(A) is None
    assert sorted(key for key, _ in store.written()) == [B, f"{B}x"]


def test_a_bucket_that_refuses_says_what_and_where(s3: ObjectStore, bucket: Any) -> None:
    bucket.status = 403
    for ask in (lambda: s3.put(A, b"x"), lambda: s3.get(A), lambda: s3.delete([A]), lambda: list(s3.written())):
        with pytest.raises(StoreError, match="census") as caught:
            ask()
        assert "not-a-secret" not in str(caught.value)
    bucket.status = None
    s3.put(A, b"x")
    assert bucket.objects == {"other/thing": b"not ours", f"rasoat/{A}": b"x"}, "what is not ours stays"


def test_a_bucket_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    pytest.importorskip("boto3")
    nowhere = load_settings(
        {},
        data={"dir": tmp_path},
        attachments={
            "store": "s3", "s3_bucket": "census", "s3_region": "vn", "s3_endpoint_url": "http://127.0.0.1:9",
            "s3_access_key": "key", "s3_secret_key": "secret",
        },
    )  # fmt: skip
    with pytest.raises(StoreError):
        open_store(nowhere).get(A)


def test_s3_without_a_bucket_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="RASOAT_ATTACHMENTS_S3_BUCKET"):
        open_store(load_settings({}, data={"dir": tmp_path}, attachments={"store": "s3"}))


@pytest.mark.parametrize("key", ["../outside", "a/../../b", "alone", "a/b/c", "/etc/passwd"])
def test_a_key_stays_within_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        DiskStore(tmp_path / "attachments").put(key, b"x")


def test_the_disk_tells_when_a_file_was_written(tmp_path: Path) -> None:
    disk = DiskStore(tmp_path / "attachments")
    disk.put(A, b"x")
    ((key, at),) = disk.written()
    assert key == A
    assert abs(at - datetime.now(UTC)) < timedelta(hours=1)
