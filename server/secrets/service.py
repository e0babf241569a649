"""The public face of secrets: open a vault for a unit of work, encrypt, decrypt, erase, look up.

    masters = check(database, settings)            # once, when a process starts (`set_up` at `db upgrade`)
    database.use_keys(masters)
    vault = vault_of(session)                      # one per unit of work: it caches the keys it unwrapped
    sealed = vault.encrypt_many(ANSWERS, [(subject, body), ...])
    bodies = vault.decrypt_many(ANSWERS, [(subject, sealed), ...])    # None: erased

A `Place` (table and column) is part of what is encrypted: a value copied to another row or column does not open.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import Session

from server.database import MASTER_KEYS
from server.secrets import queries
from server.secrets.at_hand import check, key_file, master_keys, set_up
from server.secrets.cipher import random_pieces, seal_each, unseal
from server.secrets.errors import Erased, SecretsError, Tampered
from server.secrets.lookup import normalise_cccd, normalise_phone
from server.secrets.master import MasterKeys, add_key, create_key_file, drop_old_keys
from server.secrets.names import NameKeys, name_keys
from server.secrets.rotation import rotate
from server.secrets.store import LOOKUP, Masters, match_masters, prepare
from server.secrets.subjects import enumerator_subject, interview_subject, registry_subject

__all__ = [
    "Erased",
    "MasterKeys",
    "NameKeys",
    "Place",
    "SecretsError",
    "Tampered",
    "Vault",
    "add_key",
    "check",
    "create_key_file",
    "drop_old_keys",
    "enumerator_subject",
    "interview_subject",
    "key_file",
    "master_keys",
    "name_keys",
    "open_vault",
    "prepare",
    "registry_subject",
    "rotate",
    "set_up",
    "vault_of",
]

_KEY_BYTES = 32
_VAULT = "vault"
#: Hex digits of the keyed hash of a word of a name: names have some thousands of words, 2**48 hashes keep them apart.
_WORD_DIGITS = 12


class Place(NamedTuple):
    """Where a sealed value is stored."""

    table: str
    column: str


def vault_of(session: Session) -> Vault:
    """The vault of a session of `Database.session`: opened at its first use, the same one until the session ends.

    Raises `SecretsError` when the database was given no keys, or not those it was set up with.
    """
    vault: Vault | None = session.info.get(_VAULT)
    if vault is None:
        keys: MasterKeys | None = session.info.get(MASTER_KEYS)
        if keys is None:
            raise SecretsError(
                "Chưa mở khóa chính cho cơ sở dữ liệu này; không đọc được dữ liệu đã mã hóa.",
                "This database was opened without its master key: what is encrypted cannot be read.",
            )
        vault = session.info[_VAULT] = open_vault(session, keys)
    return vault


def open_vault(session: Session, keys: MasterKeys) -> Vault:
    """A vault over `session`; raises `SecretsError` when the master keys are not those of this database."""
    masters = match_masters(session, keys)
    stored = queries.service_key(session, LOOKUP)
    if stored is None:
        raise SecretsError(
            "Thiếu khóa tra cứu (bảng service_keys); hãy khôi phục từ bản sao lưu gần nhất.",
            "The look-up key is missing (service_keys); restore it from the last backup.",
        )
    return Vault(session, masters, masters.unwrap_service_key(stored))


class Vault:
    """Encryption under one key per subject. Not for use by two threads, nor beyond its session's transaction."""

    def __init__(self, session: Session, masters: Masters, lookup_key: bytes) -> None:
        self._session = session
        self._masters = masters
        self._lookup_key = lookup_key
        # A key that was unwrapped; None for a subject that was erased.
        self._keys: dict[str, AESGCM | None] = {}

    # -- values -------------------------------------------------------------------------------------------------

    def encrypt(self, place: Place, subject: str, value: bytes) -> bytes:
        """Seal one value; raises `Erased` when the subject was erased."""
        return self.encrypt_many(place, [(subject, value)])[0]

    def decrypt(self, place: Place, subject: str, sealed: bytes) -> bytes:
        """Open one value; raises `Erased` when the subject was erased, `Tampered` when it is not what was sealed."""
        value = self.decrypt_many(place, [(subject, sealed)])[0]
        if value is None:
            raise Erased(subject)
        return value

    def encrypt_many(self, place: Place, items: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Seal (subject, value) pairs, in order; subjects without a key get one.

        Raises `Erased` at the first erased subject and seals nothing: leave those out first (`erased`).
        """
        return list(self.encrypt_each(place, items))

    def encrypt_each(self, place: Place, items: Sequence[tuple[str, bytes]]) -> Iterator[bytes]:
        """`encrypt_many`, each value sealed when it is asked for: while the database takes in the one before."""
        self._load({subject for subject, _ in items}, create=True)
        return seal_each([(self._key(subject), subject, value) for subject, value in items], place)

    def decrypt_many(self, place: Place, items: Sequence[tuple[str, bytes]]) -> list[bytes | None]:
        """Open (subject, sealed value) pairs, in order; None where the subject was erased."""
        self._load({subject for subject, _ in items}, create=False)
        opened: list[bytes | None] = []
        for subject, sealed in items:
            key = self._keys[subject]
            opened.append(None if key is None else unseal(key, sealed, (*place, subject)))
        return opened

    def encrypt_json_many(self, place: Place, items: Sequence[tuple[str, Any]]) -> list[bytes]:
        """`encrypt_many` of values written as JSON."""
        return self.encrypt_many(place, [(subject, orjson.dumps(value)) for subject, value in items])

    def decrypt_json_many(self, place: Place, items: Sequence[tuple[str, bytes]]) -> list[Any | None]:
        """`decrypt_many` of values written as JSON; None where the subject was erased."""
        return [None if value is None else orjson.loads(value) for value in self.decrypt_many(place, items)]

    # -- erasure ------------------------------------------------------------------------------------------------

    def erase(self, subjects: Iterable[str], at: datetime) -> None:
        """Destroy the keys of these subjects for good. A subject without a key gets its tombstone all the same,
        so that an answer that arrives later is not kept."""
        listed = sorted(set(subjects))
        queries.add_keys(
            self._session,
            [
                {
                    "subject": subject,
                    "wrapped": None,
                    "master_number": self._masters.active_number,
                    "created_at": at,
                    "destroyed_at": at,
                }
                for subject in listed
            ],
        )
        queries.destroy_keys(self._session, listed, at)
        self._keys.update(dict.fromkeys(listed))

    def erased(self, subjects: Iterable[str]) -> set[str]:
        """Those of the subjects that were erased."""
        listed = sorted(set(subjects))
        return {subject for subject, wrapped, _ in queries.wrapped_keys(self._session, listed) if wrapped is None}

    def hold(self, subjects: Iterable[str]) -> set[str]:
        """Those of the subjects that were erased; no other of them is erased before this transaction ends.

        For whoever writes what follows from sealed values: what is written of a household that is being erased at the
        same moment would outlive its erasure.
        """
        listed = sorted(set(subjects))
        self._read(listed, hold=True)
        return {subject for subject in listed if subject in self._keys and self._keys[subject] is None}

    # -- keyed hashes -------------------------------------------------------------------------------------------

    def lookup(self, kind: str, value: str) -> str:
        """The keyed hash (HMAC-SHA-256, 64 hex digits) under which a value of this kind is found again."""
        return hmac.new(self._lookup_key, f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()

    def lookup_cccd(self, text: str | None) -> str | None:
        """The keyed hash of a CCCD or CMND however it is written; None when it is neither."""
        number = normalise_cccd(text)
        return None if number is None else self.lookup("cccd", number)

    def lookup_phone(self, text: str | None) -> str | None:
        """The keyed hash of a phone number however it is written; None when it is none."""
        number = normalise_phone(text)
        return None if number is None else self.lookup("phone", number)

    def name_words(self, text: str | None) -> str | None:
        """Keyed hashes of the words of a name without tones, sorted, as ` hash hash `; None without a word.

        A name is found by the words it has: `word_patterns` of what was typed, each looked for in this column.
        """
        hashes = self._word_hashes(text)
        return f" {' '.join(hashes)} " if hashes else None

    def word_patterns(self, text: str) -> list[str]:
        """What to look for in a column of `name_words`, all of it: one ` hash ` for each word typed."""
        return [f" {one} " for one in self._word_hashes(text)]

    def _word_hashes(self, text: str | None) -> list[str]:
        words = set(name_keys(text or "").search.split())
        return sorted(self.lookup("name", word)[:_WORD_DIGITS] for word in words)

    # -- keys ---------------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Drop the cached keys: a run over a whole province calls this between batches."""
        self._keys.clear()

    def _key(self, subject: str) -> AESGCM:
        key = self._keys[subject]
        if key is None:
            raise Erased(subject)
        return key

    def _load(self, subjects: set[str], *, create: bool) -> None:
        missing = sorted(subjects - self._keys.keys())
        if not missing:
            return
        if not create:
            if lost := self._read(missing):
                raise Tampered(f"household_keys: no key for {lost[0]}; the row was removed or never written here")
            return
        number = self._masters.active_number
        now = self._masters.now()
        made = dict(zip(missing, random_pieces(_KEY_BYTES, len(missing)), strict=True))
        wrapped = dict(zip(missing, self._masters.wrap_household_keys(list(made.items())), strict=True))
        added = queries.add_keys(
            self._session,
            [
                {
                    "subject": subject,
                    "wrapped": value,
                    "master_number": number,
                    "created_at": now,
                    "destroyed_at": None,
                }
                for subject, value in wrapped.items()
            ],
        )
        self._keys |= {subject: AESGCM(key) for subject, key in made.items()}
        if added < len(missing):
            # Some subjects have a key, or another worker was first with it: what is stored is their key, not ours.
            for subject, stored, of_number in queries.wrapped_keys(self._session, missing):
                if stored != wrapped[subject]:
                    self._keys[subject] = self._opened(subject, stored, of_number)

    def _read(self, subjects: list[str], *, hold: bool = False) -> list[str]:
        """Cache the stored keys of `subjects`; return those that have none."""
        found = set()
        for subject, wrapped, number in queries.wrapped_keys(self._session, subjects, hold=hold):
            found.add(subject)
            self._keys[subject] = self._opened(subject, wrapped, number)
        return [subject for subject in subjects if subject not in found]

    def _opened(self, subject: str, wrapped: bytes | None, number: int) -> AESGCM | None:
        if wrapped is None:
            return None
        return AESGCM(self._masters.unwrap(wrapped, number, "household_keys", subject))
