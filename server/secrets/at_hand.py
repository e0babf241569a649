"""The master keys of a process: where its settings say they are.

`RASOAT_MASTER_KEY_FILE`, else the key itself in `RASOAT_MASTER_KEY`, else `master.key` in the data directory. A copy of
the database must never lie beside its key: in production, name a file that backups of the data do not take along.
"""

from __future__ import annotations

from pathlib import Path

from server.database import Database
from server.secrets import queries
from server.secrets.master import KEY_VARIABLE, MasterKeys, create_key_file
from server.secrets.store import match_masters, prepare
from server.settings import Settings

DEFAULT_NAME = "master.key"


def key_file(settings: Settings) -> Path | None:
    """The key file of these settings, there or not; None where the key itself stands in the environment."""
    if settings.master.key_file is not None:
        return settings.master.key_file
    return None if settings.master.key is not None else settings.data.dir.resolve() / DEFAULT_NAME


def master_keys(settings: Settings) -> MasterKeys:
    """The master keys at hand. Raises `SecretsError` when there are none or they cannot be read."""
    path = key_file(settings)
    if path is not None:
        return MasterKeys.from_file(path)
    assert settings.master.key is not None
    return MasterKeys.from_text(settings.master.key.get_secret_value(), KEY_VARIABLE)


def set_up(database: Database, settings: Settings) -> MasterKeys:
    """Give a new database its keys, writing a key file where none is named or there; or check an old one's keys.

    Raises `SecretsError` when the database has keys and those at hand are not the ones.
    """
    path = key_file(settings)
    with database.session() as session:
        is_new = not queries.master_keys(session)
    if is_new and path is not None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        keys = create_key_file(path)
    else:
        keys = master_keys(settings)
    with database.session() as session:
        prepare(session, keys)
    return keys


def check(database: Database, settings: Settings) -> MasterKeys:
    """The keys at hand, known to be those of this database; nothing is written. Raises `SecretsError`."""
    keys = master_keys(settings)
    with database.session() as session:
        match_masters(session, keys)
    return keys
