"""The database: declarative base, engine and sessions; the same schema on SQLite (embedded) and PostgreSQL.

Each noun declares its own tables on `Base`; `import_tables` gathers them for migrations and tests.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Text,
    TypeDecorator,
    any_,
    create_engine,
    event,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session, sessionmaker

if TYPE_CHECKING:
    from server.secrets.master import MasterKeys

#: Packages of `server` that own tables, in the order in which they refer to one another.
NOUNS_WITH_TABLES: tuple[str, ...] = (
    "secrets",
    "audit",
    "jobs",
    "accounts",
    "rounds",
    "units",
    "submissions",
    "attachments",
    "paradata",
    "cases",
    "review",
    "registry",
    "linkage",
    "enumerators",
)


class UtcDateTime(TypeDecorator[datetime]):
    """A time stored in UTC and given back aware; a naive time is refused (SQLite would lose the zone silently)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        """On SQLite, the text that SQLAlchemy would store: written by `isoformat`, which takes a tenth of the time."""
        if dialect.name != "sqlite":
            return super().bind_processor(dialect)

        def as_text(value: datetime | None) -> str | None:
            utc = self.process_bind_param(value, dialect)
            return None if utc is None else utc.replace(tzinfo=None).isoformat(" ", "microseconds")

        return as_text

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of every table; constraints are named so that migrations can speak of them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012 - SQLAlchemy reads it from the class


def import_tables() -> MetaData:
    """Import every noun's tables and return the metadata that now holds them."""
    for noun in NOUNS_WITH_TABLES:
        importlib.import_module(f"server.{noun}.tables")
    return Base.metadata


def open_engine(url: str) -> Engine:
    """An engine for `url`, with SQLite set up for one writer and many readers (WAL, foreign keys on).

    The values of statements, which hold answers, never stand in its errors.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": 30}, hide_parameters=True)

        @event.listens_for(engine, "connect")
        def _set_up_sqlite(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=NORMAL")
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.execute("PRAGMA busy_timeout=30000")
            cursor.close()

        return engine
    return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)


#: Where a session keeps the master keys that `server.secrets.service.vault_of` opens its vault with.
MASTER_KEYS = "master_keys"


class Database:
    """An engine with its sessions, and the master keys that its sealed values are opened with.

    One per process; pass it, never import it. Without keys everything works but what is sealed.
    """

    def __init__(self, url: str, keys: MasterKeys | None = None) -> None:
        self.engine = open_engine(url)
        self._keys = keys
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    def use_keys(self, keys: MasterKeys) -> MasterKeys:
        """Open what is sealed with these keys from now on (`server.secrets.service.check` or `set_up` give them)."""
        self._keys = keys
        return keys

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that commits when the block ends well and rolls back when it does not."""
        with self._sessions(info={MASTER_KEYS: self._keys}) as session, session.begin():
            yield session

    def dispose(self) -> None:
        self.engine.dispose()


def insert_or_skip(session: Session, table: type[Base]) -> Any:
    """An INSERT into `table` that passes over rows whose key is there already, on either database."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def one_of(session: Session, column: InstrumentedAttribute[str], values: Sequence[str]) -> ColumnElement[bool]:
    """That a text column is one of many values: a single array for PostgreSQL, whose driver reads long lists slowly."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(values), postgresql.ARRAY(Text)))
    return column.in_(values)


def insert_new_rows(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert many rows, all with the same columns, passing over those whose key is there already."""
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        connection.execute(insert_or_skip(session, table), rows)
        return
    columns = [column for column in table.__table__.columns if column.name in rows[0]]
    names = [column.name for column in columns]
    arrays = [literal([row[column.name] for row in rows], postgresql.ARRAY(column.type)) for column in columns]
    new = func.unnest(*arrays).table_valued(*names).render_derived()
    statement = postgresql.insert(table).from_select(names, select(*(new.c[name] for name in names)))
    connection.execute(statement.on_conflict_do_nothing())


def insert_rows(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert many rows, all with the same columns, past the session's unit of work.

    By COPY on PostgreSQL, which takes a fraction of the time of statements. Raises what an INSERT would raise.
    """
    connection = session.connection()
    if not rows or connection.dialect.name != "postgresql":
        connection.execute(insert(table), rows)
        return
    columns = [column for column in table.__table__.columns if column.name in rows[0]]
    processors = [column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for column in columns]
    writers = [(column.name, processor) for column, processor in zip(columns, processors, strict=True)]
    copy = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.__tablename__), sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    )
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    try:
        with driver.cursor() as cursor, cursor.copy(copy) as lines:
            for row in rows:
                lines.write_row(
                    [row[name] if processor is None else processor(row[name]) for name, processor in writers]
                )
    except psycopg.Error as error:
        # As SQLAlchemy raises it, and without the rows.
        raise DBAPIError.instance(
            "COPY", None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect
        ) from None


def scrub(database: Database) -> None:
    """Have what was removed really gone: SQLite's log still holds pages as they were, and is written out and emptied.

    A reader at work delays it to the next time; PostgreSQL's vacuum does it in its own time.
    """
    if database.engine.dialect.name == "sqlite":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def upgrade(database: Database) -> str | None:
    """Bring the database's schema up to this program's; the revision reached."""
    from server import migrations

    return migrations.upgrade(database)
