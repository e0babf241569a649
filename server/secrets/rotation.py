"""Rotation of the master key: keys are wrapped anew in batches; values stay as they are.

Each batch is a transaction of its own and says in the row which master key it depends on, so a rotation that was
interrupted goes on where it stopped. New keys are wrapped with the new master key from the first step on.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import bindparam, update

from server.database import Database
from server.secrets import queries
from server.secrets.master import MasterKeys
from server.secrets.store import LOOKUP, Masters, match_masters, register
from server.secrets.tables import HouseholdKey


def rotate(
    database: Database,
    keys: MasterKeys,
    *,
    batch: int = 5_000,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Wrap every key with `keys.current`; the old master key must be among `keys` (see `add_key`).

    Returns how many keys were wrapped anew; calls `progress(done, total)` after each batch. When it returns, no
    key depends on an older master key and `drop_old_keys` may take it out of the file.
    """
    with database.session() as session:
        masters = match_masters(session, keys)
        if queries.master_keys(session)[-1].check_value != keys.current.check_value:
            register(session, keys.current, masters.active_number + 1)
            masters = match_masters(session, keys)
        stored = queries.service_key(session, LOOKUP)
        if stored is not None and stored.master_number != masters.active_number:
            stored.wrapped = masters.wrap(masters.unwrap_service_key(stored), "service_keys", LOOKUP)
            stored.master_number = masters.active_number
        total = queries.count_to_rewrap(session, masters.active_number)
    done = 0
    while moved := _rewrap(database, masters, batch):
        done += moved
        progress(done, total)
    with database.session() as session:
        queries.forget_old_master_keys(session, masters.active_number)
    return done


def _rewrap(database: Database, masters: Masters, batch: int) -> int:
    statement = (
        update(HouseholdKey.__table__)  # type: ignore[arg-type]
        .where(
            HouseholdKey.subject == bindparam("of_subject"),
            HouseholdKey.master_number == bindparam("of_master"),
            # A key destroyed since it was read stays destroyed.
            HouseholdKey.wrapped.is_not(None) == bindparam("alive"),
        )
        .values(wrapped=bindparam("new_wrapped"), master_number=masters.active_number)
    )
    with database.session() as session:
        rows = queries.keys_to_rewrap(session, masters.active_number, batch)
        moves = []
        for subject, wrapped, number in rows:
            anew = wrapped
            if wrapped is not None:
                key = masters.unwrap(wrapped, number, "household_keys", subject)
                anew = masters.wrap(key, "household_keys", subject)
            moves.append(
                {
                    "of_subject": subject,
                    "of_master": number,
                    "alive": wrapped is not None,
                    "new_wrapped": anew,
                }
            )
        if moves:
            session.connection().execute(statement, moves)
    return len(rows)
