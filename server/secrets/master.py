"""Master keys: read from a file or the environment, never from the database.

A key is 32 random bytes in base64. A file holds one key per line, the current one first; the lines after it are
keys being rotated out, kept until no stored key depends on them (`server.secrets.service.rotate`).
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.secrets.errors import SecretsError

KEY_FILE_VARIABLE = "RASOAT_MASTER_KEY_FILE"
KEY_VARIABLE = "RASOAT_MASTER_KEY"
KEY_BYTES = 32


def _refusal(vi: str, en: str) -> SecretsError:
    return SecretsError(
        f"{vi}. Đặt {KEY_FILE_VARIABLE} là tệp chứa khóa chính (hoặc {KEY_VARIABLE} là chính khóa đó); hệ thống đã có "
        "dữ liệu thì cần đúng khóa đã dùng khi cài đặt.",
        f"{en}. Set {KEY_FILE_VARIABLE} to the file that holds the master key (or {KEY_VARIABLE} to the key itself); "
        "a service that has data needs the key it was set up with.",
    )


@dataclass(frozen=True)
class MasterKey:
    """One master key. `wrapping` encrypts other keys; `check_value` recognises the key and reveals nothing of it."""

    wrapping: bytes = field(repr=False)
    check_value: str

    @classmethod
    def from_base64(cls, text: str, place: str) -> MasterKey:
        """Read a key written in base64; `place` names where it stood, for the error message."""
        try:
            raw = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != KEY_BYTES:
            raise _refusal(
                f"{place}: khóa chính phải là {KEY_BYTES} byte viết bằng base64",
                f"{place}: a master key is {KEY_BYTES} bytes in base64, this is not",
            )
        return cls(wrapping=_derive(raw, b"wrapping", 32), check_value=_derive(raw, b"check value", 16).hex())


class MasterKeys:
    """The master keys at hand, the current one first."""

    def __init__(self, keys: Sequence[MasterKey]) -> None:
        if not keys:
            raise _refusal("Chưa có khóa chính", "There is no master key")
        self.current = keys[0]
        self._by_check_value = {key.check_value: key for key in keys}

    def __len__(self) -> int:
        return len(self._by_check_value)

    def get(self, check_value: str) -> MasterKey | None:
        """The key with this check value, or None."""
        return self._by_check_value.get(check_value)

    @classmethod
    def from_text(cls, text: str, place: str) -> MasterKeys:
        """Read one key per line or word."""
        return cls([MasterKey.from_base64(word, f"{place}, key {n}") for n, word in enumerate(text.split(), 1)])

    @classmethod
    def from_file(cls, path: Path) -> MasterKeys:
        """Read a key file; one that every user of the machine may read is refused."""
        try:
            mode = path.stat().st_mode
            text = path.read_text(encoding="ascii")
        except FileNotFoundError:
            raise _refusal(f"Không có tệp khóa chính {path}", f"{path}: no such master key file") from None
        except (OSError, UnicodeDecodeError) as error:
            raise _refusal(
                f"Không đọc được tệp khóa chính {path} ({type(error).__name__})",
                f"{path}: cannot be read ({type(error).__name__})",
            ) from None
        if stat.S_IMODE(mode) & 0o007:
            raise SecretsError(
                f"Mọi người dùng của máy đều đọc được khóa chính {path}; hãy chạy `chmod 600 {path}`.",
                f"{path}: every user of the machine may read this master key; run `chmod 600 {path}`.",
            )
        if not text.strip():
            raise _refusal(f"Tệp khóa chính {path} trống", f"{path}: the master key file is empty")
        return cls.from_text(text, str(path))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> MasterKeys:
        """Read the file named by RASOAT_MASTER_KEY_FILE, else the key in RASOAT_MASTER_KEY."""
        if path := environment.get(KEY_FILE_VARIABLE):
            return cls.from_file(Path(path))
        return cls.from_text(environment.get(KEY_VARIABLE, ""), KEY_VARIABLE)


def create_key_file(path: Path) -> MasterKeys:
    """Write a new master key, readable by its owner alone; an existing file is never overwritten."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SecretsError(
            f"Tệp {path} đã có; khóa chính không bao giờ bị ghi đè.",
            f"{path}: exists already; a master key is never overwritten.",
        ) from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(_new_line())
    return MasterKeys.from_file(path)


def add_key(path: Path) -> MasterKeys:
    """Put a new current key before the keys of `path`: the first step of a rotation."""
    MasterKeys.from_file(path)
    _replace(path, _new_line() + path.read_text(encoding="ascii"))
    return MasterKeys.from_file(path)


def drop_old_keys(path: Path) -> MasterKeys:
    """Keep the current key of `path` alone: the last step of a rotation, after `rotate` has ended."""
    MasterKeys.from_file(path)
    _replace(path, path.read_text(encoding="ascii").split()[0] + "\n")
    return MasterKeys.from_file(path)


def _new_line() -> str:
    return base64.b64encode(os.urandom(KEY_BYTES)).decode("ascii") + "\n"


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _derive(raw: bytes, use: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=b"rasoat master key: " + use).derive(raw)
