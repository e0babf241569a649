"""The stand-in's memory: one SQLite file in WAL mode, opened again after a restart.

One connection writes (the server is one process with one event loop, and a transaction never spans an `await`);
each streamed answer reads through a connection of its own, so that it sees one moment and holds nothing in memory.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import string
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TOKEN_LETTERS = string.ascii_letters + string.digits + "!$"

SCHEMA = """
CREATE TABLE IF NOT EXISTS actors (
  id INTEGER PRIMARY KEY, type TEXT NOT NULL, displayName TEXT NOT NULL, email TEXT UNIQUE, password TEXT,
  projectId INTEGER, createdBy INTEGER, lastLoginAt TEXT, lastUsed TEXT, createdAt TEXT NOT NULL, updatedAt TEXT,
  deletedAt TEXT);
CREATE TABLE IF NOT EXISTS sessions (
  token TEXT PRIMARY KEY, actorId INTEGER NOT NULL, csrf TEXT NOT NULL, createdAt TEXT NOT NULL,
  expiresAt TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS assignments (
  actorId INTEGER NOT NULL, roleId INTEGER NOT NULL, acteeId TEXT NOT NULL, UNIQUE (actorId, roleId, acteeId));
CREATE TABLE IF NOT EXISTS projects (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, description TEXT, archived INTEGER, keyId INTEGER,
  acteeId TEXT NOT NULL, createdAt TEXT NOT NULL, updatedAt TEXT, deletedAt TEXT);
CREATE TABLE IF NOT EXISTS forms (
  id INTEGER PRIMARY KEY AUTOINCREMENT, projectId INTEGER NOT NULL, xmlFormId TEXT NOT NULL, state TEXT NOT NULL,
  acteeId TEXT NOT NULL, creatorId INTEGER, currentDefId INTEGER, draftDefId INTEGER, createdAt TEXT NOT NULL,
  updatedAt TEXT, deletedAt TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS forms_key ON forms (projectId, xmlFormId) WHERE deletedAt IS NULL;
CREATE TABLE IF NOT EXISTS form_defs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, formId INTEGER NOT NULL, version TEXT NOT NULL, name TEXT, xml TEXT NOT NULL,
  hash TEXT NOT NULL, sha TEXT NOT NULL, sha256 TEXT NOT NULL, xls BLOB, xlsType TEXT, fields TEXT NOT NULL,
  entityLists TEXT NOT NULL, keyId INTEGER, draftToken TEXT, publishedAt TEXT, publisherId INTEGER);
CREATE INDEX IF NOT EXISTS form_defs_form ON form_defs (formId, version);
CREATE TABLE IF NOT EXISTS form_attachments (
  formDefId INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, blobId TEXT, contentType TEXT,
  datasetId INTEGER, updatedAt TEXT, PRIMARY KEY (formDefId, name));
CREATE TABLE IF NOT EXISTS blobs (id TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS submissions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, formId INTEGER NOT NULL, instanceId TEXT NOT NULL, submitterId INTEGER,
  deviceId TEXT, userAgent TEXT, reviewState TEXT, createdAt TEXT NOT NULL, updatedAt TEXT, deletedAt TEXT,
  event INTEGER NOT NULL, edits INTEGER NOT NULL DEFAULT 0, formVersion TEXT NOT NULL, currentDefId INTEGER,
  present INTEGER NOT NULL DEFAULT 0, expected INTEGER NOT NULL DEFAULT 0, status TEXT, rowHead TEXT, rowTail TEXT,
  UNIQUE (formId, instanceId));
CREATE INDEX IF NOT EXISTS submissions_order ON submissions (formId, createdAt DESC, id DESC);
CREATE TABLE IF NOT EXISTS submission_defs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, submissionId INTEGER NOT NULL, formId INTEGER NOT NULL,
  formDefId INTEGER NOT NULL, instanceId TEXT NOT NULL, instanceName TEXT, submitterId INTEGER, deviceId TEXT,
  userAgent TEXT, createdAt TEXT NOT NULL, current INTEGER NOT NULL, encryptedFile TEXT,
  xml TEXT NOT NULL, UNIQUE (formId, instanceId));
CREATE INDEX IF NOT EXISTS submission_defs_root ON submission_defs (submissionId);
CREATE TABLE IF NOT EXISTS submission_attachments (
  defId INTEGER NOT NULL, name TEXT NOT NULL, blobId TEXT, contentType TEXT, PRIMARY KEY (defId, name));
CREATE TABLE IF NOT EXISTS comments (
  id INTEGER PRIMARY KEY AUTOINCREMENT, submissionId INTEGER NOT NULL, actorId INTEGER NOT NULL, body TEXT NOT NULL,
  createdAt TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS audits (
  id INTEGER PRIMARY KEY AUTOINCREMENT, actorId INTEGER, action TEXT NOT NULL, acteeId TEXT, submissionId INTEGER,
  entityId INTEGER, details TEXT NOT NULL, notes TEXT, loggedAt TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS audits_submission ON audits (submissionId);
CREATE INDEX IF NOT EXISTS audits_entity ON audits (entityId);
CREATE TABLE IF NOT EXISTS datasets (
  id INTEGER PRIMARY KEY AUTOINCREMENT, projectId INTEGER NOT NULL, name TEXT NOT NULL, acteeId TEXT NOT NULL,
  approvalRequired INTEGER NOT NULL DEFAULT 0, ownerOnly INTEGER NOT NULL DEFAULT 0, createdAt TEXT NOT NULL,
  lastUpdate TEXT NOT NULL, deletedAt TEXT);
CREATE TABLE IF NOT EXISTS properties (
  id INTEGER PRIMARY KEY AUTOINCREMENT, datasetId INTEGER NOT NULL, name TEXT NOT NULL, publishedAt TEXT NOT NULL,
  UNIQUE (datasetId, name));
CREATE TABLE IF NOT EXISTS actor_properties (
  id INTEGER PRIMARY KEY AUTOINCREMENT, projectId INTEGER NOT NULL, name TEXT NOT NULL, createdAt TEXT NOT NULL,
  UNIQUE (projectId, name));
CREATE TABLE IF NOT EXISTS actor_property_values (
  actorId INTEGER NOT NULL, propertyId INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (actorId, propertyId));
CREATE TABLE IF NOT EXISTS access_filters (
  datasetId INTEGER NOT NULL, property TEXT NOT NULL, actorPropertyId INTEGER NOT NULL,
  UNIQUE (datasetId, property, actorPropertyId));
CREATE TABLE IF NOT EXISTS entities (
  id INTEGER PRIMARY KEY AUTOINCREMENT, datasetId INTEGER NOT NULL, uuid TEXT NOT NULL UNIQUE, creatorId INTEGER,
  createdAt TEXT NOT NULL, updatedAt TEXT, deletedAt TEXT, conflict TEXT);
CREATE INDEX IF NOT EXISTS entities_dataset ON entities (datasetId, deletedAt);
CREATE TABLE IF NOT EXISTS entity_defs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, entityId INTEGER NOT NULL, current INTEGER NOT NULL, label TEXT NOT NULL,
  data TEXT NOT NULL, dataReceived TEXT NOT NULL, version INTEGER NOT NULL, baseVersion INTEGER, creatorId INTEGER,
  conflicting TEXT, userAgent TEXT, createdAt TEXT NOT NULL, source TEXT NOT NULL, branchId TEXT,
  trunkVersion INTEGER, branchBaseVersion INTEGER);
CREATE INDEX IF NOT EXISTS entity_defs_entity ON entity_defs (entityId, version);
CREATE TABLE IF NOT EXISTS held_entities (
  id INTEGER PRIMARY KEY AUTOINCREMENT, datasetId INTEGER NOT NULL, actorId INTEGER NOT NULL, uuid TEXT NOT NULL,
  branchId TEXT NOT NULL, branchBaseVersion INTEGER NOT NULL, change TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT OR IGNORE INTO counters VALUES ('event', 0);
"""


def now() -> str:
    """The moment, as Central writes it: UTC, milliseconds, `Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def new_token() -> str:
    """64 letters, as Central's session and app user tokens."""
    return "".join(secrets.choice(TOKEN_LETTERS) for _ in range(64))


def md5(content: bytes) -> str:
    """The hash by which Central names a file's content, in ETags and manifests."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class State:
    """The open file. `db` is the writing connection; rows are `sqlite3.Row`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db = self.connect()
        self.db.executescript(SCHEMA)

    def connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = OFF")  # survives the end of the process, not of the machine: enough here
        db.execute("PRAGMA busy_timeout = 10000")
        return db

    def close(self) -> None:
        self.db.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: everything inside happens, or nothing. No `await` inside."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield self.db
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self.db.execute(sql, values).fetchall()

    def scalar(self, sql: str, *values: Any) -> Any:
        row = self.db.execute(sql, values).fetchone()
        return None if row is None else row[0]

    def insert(self, table: str, **values: Any) -> int:
        """Insert one row and give its id. Table and columns come from this package's code only."""
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        cursor = self.db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def next_event(self) -> int:
        """A number that grows with every change OData's ETag must notice."""
        value: int = self.scalar("UPDATE counters SET value = value + 1 WHERE name = 'event' RETURNING value")
        return value

    def keep_blob(self, content: bytes) -> str:
        """Store a file once; its id is the MD5 that Central shows as hash and ETag."""
        digest = md5(content)
        self.db.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?)", (digest, content))
        return digest

    def blob(self, digest: str) -> bytes:
        content: bytes = self.scalar("SELECT content FROM blobs WHERE id = ?", digest)
        return content
