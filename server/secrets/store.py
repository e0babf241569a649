"""The master keys at hand matched with those the database was set up with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import Session

from server.database import insert_or_skip
from server.secrets import queries
from server.secrets.cipher import seal, seal_each, unseal
from server.secrets.errors import SecretsError
from server.secrets.master import KEY_FILE_VARIABLE, MasterKey, MasterKeys
from server.secrets.tables import ServiceKey, StoredMasterKey

LOOKUP = "lookup"


class Masters:
    """Wraps and unwraps keys with the master keys of this database, known by their numbers."""

    def __init__(self, by_number: dict[int, MasterKey]) -> None:
        self._ciphers = {number: AESGCM(key.wrapping) for number, key in by_number.items()}
        self.active_number = max(by_number)

    def wrap(self, key: bytes, table: str, name: str) -> bytes:
        """Encrypt a key with the active master key."""
        return seal(self._ciphers[self.active_number], key, (table, "wrapped", name))

    def wrap_household_keys(self, keys: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """`wrap` of many (subject, key) pairs."""
        active = self._ciphers[self.active_number]
        return list(seal_each([(active, subject, key) for subject, key in keys], ("household_keys", "wrapped")))

    def unwrap(self, wrapped: bytes, number: int, table: str, name: str) -> bytes:
        """Decrypt a key that master key `number` wrapped."""
        cipher = self._ciphers.get(number)
        if cipher is None:
            # A rotation began while this unit of work ran.
            raise SecretsError(
                "Khóa chính vừa được thay; hãy khởi động lại với tệp khóa mới.",
                "The master key changed meanwhile: start again with the new key file.",
            )
        return unseal(cipher, wrapped, (table, "wrapped", name))

    def unwrap_service_key(self, stored: ServiceKey) -> bytes:
        """The key of the service that this row holds."""
        return self.unwrap(stored.wrapped, stored.master_number, "service_keys", stored.name)

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)


def match_masters(session: Session, keys: MasterKeys) -> Masters:
    """The master keys of this database, all of them at hand; anything less raises `SecretsError`."""
    stored = queries.master_keys(session)
    if not stored:
        raise SecretsError(
            "Cơ sở dữ liệu này chưa có khóa (bảng master_keys trống); hãy chạy `rasoat db upgrade`.",
            "This database was never set up with a key (master_keys is empty); run `rasoat db upgrade`.",
        )
    by_number: dict[int, MasterKey] = {}
    for row in stored:
        key = keys.get(row.check_value)
        if key is None:
            raise SecretsError(
                f"Khóa chính hiện có không phải khóa của cơ sở dữ liệu này (khóa số {row.number}, mã kiểm "
                f"{row.check_value}); hãy kiểm tra {KEY_FILE_VARIABLE}. Chưa mở dữ liệu nào.",
                f"The master key at hand is not the one this database was set up with (key {row.number}, check value "
                f"{row.check_value}); check {KEY_FILE_VARIABLE}. Nothing was opened.",
            )
        by_number[row.number] = key
    return Masters(by_number)


def prepare(session: Session, keys: MasterKeys) -> None:
    """Set a new database up with the current master key, or check that the keys at hand are those of an old one."""
    if not queries.master_keys(session):
        register(session, keys.current, number=1)
        masters = match_masters(session, keys)
        wrapped = masters.wrap(os.urandom(32), "service_keys", LOOKUP)
        session.execute(insert_or_skip(session, ServiceKey), {"name": LOOKUP, "wrapped": wrapped, "master_number": 1})
    match_masters(session, keys)


def register(session: Session, key: MasterKey, number: int) -> None:
    """Write down that `key` is in use, by its check value; a process that was first with `number` has won."""
    session.execute(
        insert_or_skip(session, StoredMasterKey),
        {"number": number, "check_value": key.check_value, "created_at": Masters.now()},
    )
