"""The database: declarative base, engine and sessions; the same schema on SQLite (embedded) and PostgreSQL.

Each noun declares its own tables on `Base`; `import_tables` gathers them for migrations and tests.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, cast

import orjson
import psycopg
from psycopg import sql
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Select,
    TableValuedAlias,
    TypeDecorator,
    any_,
    create_engine,
    event,
    func,
    literal,
    select,
    true,
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
            return None if utc is None else utc.isoformat(" ", "microseconds").removesuffix("+00:00")

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
            # 8 MB of pages in memory. A log of 256 MB is written out by whoever commits; a pull, which fills as much in
            # a few seconds, does it beside its work (`server.sqlite_log`).
            cursor.execute("PRAGMA cache_size=-8000")
            cursor.execute("PRAGMA wal_autocheckpoint=64000")
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
            try:
                yield session
            finally:
                # The vault, with the keys that it opened, and the session hold each other: they would stay in memory.
                session.info.clear()

    def dispose(self) -> None:
        self.engine.dispose()


def insert_or_skip(session: Session, table: type[Base]) -> Any:
    """An INSERT into `table` that passes over rows whose key is there already, on either database."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def one_of(session: Session, column: InstrumentedAttribute[str], values: Sequence[str]) -> ColumnElement[bool]:
    """That a text column is one of many values, which are sent as one text: long lists are slow to bind."""
    listed = select(_listed(session, values).c.value)
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(func.array(listed.scalar_subquery()))
    return column.in_(listed)


def looked_up(
    session: Session, statement: Select[*tuple[Any, ...]], column: InstrumentedAttribute[str], values: Sequence[str]
) -> Select[*tuple[Any, ...]]:
    """`statement` for the rows in which a text column is one of many values, each looked up in an index by itself.

    For a column that is not a table's whole key. PostgreSQL knows nothing yet of a table that is just being filled, and
    with `one_of` it would go through all of it, comparing every row with every value; OFFSET 0 holds it to the index.
    """
    if session.get_bind().dialect.name != "postgresql":
        return statement.where(one_of(session, column, values))
    wanted = _listed(session, values)
    found = statement.where(column == wanted.c.value).offset(0).lateral()
    return select(found).select_from(wanted).join(found, true())


def _listed(session: Session, values: Sequence[str]) -> TableValuedAlias:
    """The values as rows of one column, `value`."""
    given = literal(list(values), JSON)
    if session.get_bind().dialect.name == "postgresql":
        return func.json_array_elements_text(given).table_valued("value").render_derived()
    return func.json_each(given).table_valued("value")


def insert_new_rows(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> int:
    """Insert many rows, every column given, passing over those whose key is there already; how many were inserted."""
    connection = session.connection()
    if not rows:
        return 0
    if connection.dialect.name != "postgresql":
        return _insert_on_sqlite(connection, table, rows, " ON CONFLICT DO NOTHING")
    name = table.__tablename__
    columns = ", ".join(f'"{column.name}"' for column in table.__table__.columns)
    statement = (
        f'INSERT INTO "{name}" ({columns}) SELECT {columns} '  # noqa: S608 - names of our own tables
        f'FROM json_populate_recordset(NULL::"{name}", %s) ON CONFLICT DO NOTHING'
    )
    text = orjson.dumps(rows, default=_as_bytea).decode()
    return connection.exec_driver_sql(statement, (text,)).rowcount


def _as_bytea(value: Any) -> str:
    """Bytes as PostgreSQL reads them from text."""
    if not isinstance(value, bytes):
        raise TypeError(type(value).__name__)
    return f"\\x{value.hex()}"


def insert_rows(session: Session, table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    """Insert many rows, every column given, past the session's unit of work.

    By COPY on PostgreSQL and many rows a statement on SQLite, which take a fraction of the time of single statements.
    Rows are asked for some at a time, while PostgreSQL takes in those before: what makes them does not use the session.
    Raises what an INSERT would raise.
    """
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        _insert_on_sqlite(connection, table, rows)
        return
    columns = table.__table__.columns
    copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table.__tablename__), sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    )
    types = [column.type.compile(connection.dialect).partition("(")[0].lower() for column in columns]
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    try:
        with driver.cursor() as cursor, cursor.copy(copy) as lines:
            lines.set_types(types)
            for some in _some_at_a_time(rows):
                for row in _as_stored(connection, table, some):
                    lines.write_row(row)
    except psycopg.Error as error:
        # As SQLAlchemy raises it, and without the rows.
        raise DBAPIError.instance(
            "COPY", None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect
        ) from None


#: Rows in one INSERT on SQLite. The driver lets other threads run once a statement, and then waits for its turn: a
#: statement for each row would leave it waiting for whoever reads ahead.
_ROWS_A_STATEMENT = 250


def _insert_on_sqlite(
    connection: Connection, table: type[Base], rows: Iterable[dict[str, Any]], ending: str = ""
) -> int:
    """Insert rows in a few statements; how many were inserted."""
    columns = table.__table__.columns
    names = ", ".join(f'"{column.name}"' for column in columns)
    one = f"({', '.join('?' * len(columns))})"
    head = f'INSERT INTO "{table.__tablename__}" ({names}) VALUES '  # noqa: S608 - names of our own tables
    inserted = 0
    for some in _some_at_a_time(rows):
        stored = list(_as_stored(connection, table, some))
        if len(stored) == _ROWS_A_STATEMENT:
            many = ", ".join([one] * _ROWS_A_STATEMENT)
            done = connection.exec_driver_sql(f"{head}{many}{ending}", tuple(chain.from_iterable(stored)))
        else:
            done = connection.exec_driver_sql(f"{head}{one}{ending}", stored)
        inserted += done.rowcount
    return inserted


def _some_at_a_time(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    coming = iter(rows)
    while some := list(islice(coming, _ROWS_A_STATEMENT)):
        yield some


def _as_stored(connection: Connection, table: type[Base], rows: Sequence[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """The rows as the database's driver takes them, in the order of the table's columns."""
    columns = table.__table__.columns
    dialect = connection.dialect
    processors = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    by_column: list[Iterable[Any]] = [
        _processed(process, [row[column.name] for row in rows])
        for column, process in zip(columns, processors, strict=True)
    ]
    return zip(*by_column, strict=True)


def _processed(process: Callable[[Any], Any] | None, values: list[Any]) -> Iterable[Any]:
    """The values of a column for the driver; what all rows share (a time, None) is processed once."""
    if process is None:
        return values
    before, done = values[0], process(values[0])
    found = []
    for value in values:
        if value is not before:
            before, done = value, process(value)
        found.append(done)
    return found


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
