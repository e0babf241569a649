"""The master key of test databases: always the same, so that a database can be copied and opened again."""

from __future__ import annotations

import base64

from server.database import Database
from server.secrets.service import MasterKeys, prepare

KEY_TEXT = base64.b64encode(bytes(range(32))).decode()
KEYS = MasterKeys.from_text(KEY_TEXT, "tests")


def set_up_keys(database: Database) -> None:
    """Give a database whose tables are there the tests' key."""
    database.use_keys(KEYS)
    with database.session() as session:
        prepare(session, KEYS)
