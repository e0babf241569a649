"""Where contents lie: sealed bytes under a key of letters and digits, whole or not at all.

Two kinds: a folder below the data directory, and a bucket that speaks S3 (`server.attachments.s3`).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from server.errors import UserError
from server.settings import Settings

_PART = ".part"


class StoreError(UserError):
    """The store took or gave nothing: a disk that is full or not writable, a bucket that does not answer."""

    status = 503

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            "attachments_store",
            f"Không ghi hoặc đọc được tệp đính kèm tại {where} ({why}). Kiểm tra dung lượng và quyền, rồi chạy lại.",
            f"Attachments cannot be kept or read at {where} ({why}). Check its space and rights, then run again.",
        )


class ObjectStore(Protocol):
    """Keeps objects by key (`aa/aabb...`). Writing one again replaces it; a cut write leaves nothing under its key.

    Raises `StoreError` where it cannot.
    """

    def put(self, key: str, content: bytes) -> None:
        """Keep an object; when this returns it is on the disk."""

    def get(self, key: str) -> bytes | None:
        """The object, or None where there is none."""

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; one that is not there is no error."""

    def written(self) -> Iterator[tuple[str, datetime]]:
        """Every key with the time of its last writing; parts of cut writings among them."""


class DiskStore:
    """Objects as files of a folder that only this user reads."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, content: bytes) -> None:
        path = self._path(key)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_whole(path, content)
        except OSError as error:
            raise StoreError(str(self._root), error.strerror or type(error).__name__) from None

    def get(self, key: str) -> bytes | None:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._path(key).unlink(missing_ok=True)

    def written(self) -> Iterator[tuple[str, datetime]]:
        for path in sorted(self._root.glob("*/*")):
            with suppress(FileNotFoundError):  # removed meanwhile
                yield path.relative_to(self._root).as_posix(), datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def _path(self, key: str) -> Path:
        path = self._root / key
        if path.parent.parent != self._root or ".." in path.parts:
            raise ValueError("a key is one folder and one name")
        return path


def _write_whole(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=_PART)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def open_store(settings: Settings) -> ObjectStore:
    """The store that the settings name. Raises `UserError` for S3 without its extra or its bucket."""
    if settings.attachments.store == "s3":
        from server.attachments.s3 import open_bucket

        return open_bucket(settings.attachments)
    return DiskStore(settings.data.dir.resolve() / "attachments")
