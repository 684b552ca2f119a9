"""SQLite connections without a round trip to a thread for each statement.

A statement that touches a few rows takes some ten microseconds; handing it to a thread and back takes ten times as
long, and as much processor time. So statements run where they are called. One that once took long (a big table, a slow
disk) runs in the connection's thread from then on, until it is quick again; one that may have to look at many rows
starts there. What waits for the disk (opening, a commit) or for another process (a lock) always does. The thread is
aiosqlite's.

`Statements` looks like SQLAlchemy's AsyncConnection to the functions that use it, and results and errors are
SQLAlchemy's own; only its way from the text of a statement to SQLite is left out, which took most of the time.
"""

import re
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import aiosqlite
from sqlalchemy import Dialect, Engine, TextClause, create_engine
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import StaticPool

from storage.transactions import run_to_completion

T = TypeVar("T")
Values = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None

BUSY_SECONDS = 10.0
LONG_SECONDS, SHORT_SECONDS = 0.005, 0.001
CACHED_STATEMENTS = 500
_MAY_BE_LONG = re.compile(r"\b(?:COUNT|SUM|MAX|GROUP BY|DELETE|EXISTS|PRAGMA)\b", re.IGNORECASE)


class Driver(aiosqlite.Connection):
    """aiosqlite's connection and its thread, which does not keep a process from exiting.

    This needs two internals of aiosqlite, `_thread` and `_execute`, and `_conn`, the connection of `sqlite3`:
    `pyproject.toml` therefore bounds its version, and `tests/storage/test_sqlite_connection.py` checks them.
    """

    def __init__(self, path: Path, pragmas: Sequence[str]) -> None:
        super().__init__(partial(_open, path, pragmas), iter_chunk_size=64)
        self._thread.daemon = True

    @property
    def raw(self) -> sqlite3.Connection:
        """The open connection."""
        return self._conn

    async def run(self, call: Callable[[], T]) -> T:
        """Return the result of `call`, made in the thread. A cancellation is raised only after it has ended."""
        return await run_to_completion(self._execute(call))  # type: ignore[no-untyped-call]  # aiosqlite has no types


def _open(path: Path, pragmas: Sequence[str]) -> sqlite3.Connection:
    # Without an isolation level sqlite3 begins no transactions of its own.
    raw = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=CACHED_STATEMENTS
    )
    for pragma in (*pragmas, "busy_timeout = 0"):
        raw.execute(f"PRAGMA {pragma}")
    return raw


class SqliteConnection:
    """One connection to a file, used by one transaction at a time."""

    def __init__(self, thread: Driver) -> None:
        self.thread, self.raw = thread, thread.raw
        self._flushed = self.raw.total_changes
        self._in_thread: dict[str, bool] = {}
        self._sync: Engine | None = None

    @classmethod
    async def open(cls, path: Path, pragmas: Sequence[str]) -> Self:
        """Open the file. Raises DBAPIError."""
        driver = Driver(path, pragmas)
        try:
            await driver
        except sqlite3.Error as error:
            raise as_sqlalchemy(error, "connect") from error
        return cls(driver)

    async def run(self, sql: str, call: Callable[[], T]) -> T:
        """Make a call that executes this statement: here, or in the thread if it takes long or has to wait for a lock.

        Raises:
            DBAPIError: from SQLite.
        """
        if sql not in self._in_thread:
            self._in_thread[sql] = _MAY_BE_LONG.search(sql) is not None
        try:
            if not self._in_thread[sql]:
                try:
                    return self._timed(sql, call)
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                        raise
            return await self.thread.run(lambda: self._with_patience(sql, call))
        except sqlite3.Error as error:
            raise as_sqlalchemy(error, sql) from error

    def _timed(self, sql: str, call: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = call()
        took = time.perf_counter() - began
        self._in_thread[sql] = took > (SHORT_SECONDS if self._in_thread[sql] else LONG_SECONDS)
        return result

    def _with_patience(self, sql: str, call: Callable[[], T]) -> T:
        self._wait_for_locks(BUSY_SECONDS)
        try:
            return self._timed(sql, call)
        finally:
            self._wait_for_locks(0.0)

    def _wait_for_locks(self, seconds: float) -> None:
        self.raw.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}").close()

    async def commit(self) -> None:
        """Commit and flush, in the thread. Raises sqlite3.Error."""
        if self.raw.total_changes == self._flushed:
            self.raw.execute("COMMIT")  # there is nothing to flush
        else:
            await self.thread.run(lambda: self.raw.execute("COMMIT"))
            self._flushed = self.raw.total_changes

    def roll_back(self) -> None:
        """End the transaction, if there is one."""
        if self.raw.in_transaction:
            self.raw.execute("ROLLBACK")

    @property
    def sync_engine(self) -> Engine:
        """SQLAlchemy's own way to this connection; transactions are not its business."""
        if self._sync is None:
            borrowed = _Borrowed(self.raw)
            self._sync = create_engine(
                "sqlite://", creator=lambda: borrowed, poolclass=StaticPool, hide_parameters=True
            )
        return self._sync

    async def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""
        await self.thread.close()


class _Borrowed:
    """A driver's connection whose transaction is somebody else's."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def commit(self) -> None:
        """Whoever began the transaction ends it."""

    rollback = close = commit


class Statements(AsyncConnection):
    """What a transaction may do: the part of AsyncConnection that our functions use."""

    def __init__(self, connection: SqliteConnection) -> None:  # the base's engine is of no use here
        self._on = connection

    @property  # type: ignore[misc]  # nobody sets it
    def dialect(self) -> Dialect:
        return self._on.sync_engine.dialect

    async def execute(self, statement: Any, values: Values = None) -> Any:  # type: ignore[override]  # all that is used
        """Execute a `text()`; any other statement the long way."""
        if not isinstance(statement, TextClause):
            return await self.run_sync(lambda sync: sync.execute(statement, values).freeze()())
        return await self._execute(statement.text, values)

    async def exec_driver_sql(self, statement: str) -> Any:  # type: ignore[override]  # likewise
        return await self._execute(statement, None)

    async def run_sync(self, call: Callable[..., T], *values: Any) -> T:  # type: ignore[override]  # likewise
        """Make a call with SQLAlchemy's own connection, in the thread."""

        def with_connection() -> T:
            with self._on.sync_engine.connect() as connection:
                return call(connection, *values)

        return await self._on.thread.run(with_connection)

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:  # type: ignore[override]  # only used as a context
        """A savepoint: on an exception, what was done since is undone."""
        await self._execute("SAVEPOINT nested", None)
        try:
            yield
        except BaseException:
            if self._on.raw.in_transaction:
                await self._execute("ROLLBACK TO nested", None)
                await self._execute("RELEASE nested", None)
            raise
        await self._execute("RELEASE nested", None)

    async def _execute(self, sql: str, values: Values) -> "SqliteResult":
        many = isinstance(values, list)
        if values and not many and "IN :" in sql:
            sql, values = expanded(sql, values)  # type: ignore[arg-type]  # it is a mapping
        raw = self._on.raw

        def call() -> SqliteResult:
            cursor = raw.executemany(sql, values) if many else raw.execute(sql, values or ())  # type: ignore[arg-type]
            try:
                return SqliteResult(sql, cursor.description, cursor.fetchall() if cursor.description else (), cursor)
            finally:
                cursor.close()

        return await self._on.run(sql, call)


def expanded(sql: str, values: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The statement with one parameter for each element of those that are lists, as in `IN :ids`. Pure."""
    lists = [name for name, value in values.items() if isinstance(value, (list, tuple, set, frozenset))]
    if not lists:
        return sql, values
    flat = {name: value for name, value in values.items() if name not in lists}
    for name in lists:
        names = [f"{name}_{number}" for number in range(len(values[name]))]
        inside = ", ".join(":" + one for one in names) or "SELECT 1 WHERE 0"  # IN () is SQLite's own invention
        sql = re.sub(rf":{name}\b", f"({inside})", sql)
        flat |= zip(names, values[name], strict=True)
    return sql, flat


class SqliteResult(IteratorResult[Any]):
    """What a statement returned: all its rows, and how many rows it changed."""

    _columns: dict[str, SimpleResultMetaData] = {}  # noqa: RUF012  # by statement; there are only so many

    def __init__(self, sql: str, description: Any, rows: Sequence[Any], cursor: sqlite3.Cursor) -> None:
        columns = self._columns.get(sql)
        if columns is None:
            columns = SimpleResultMetaData([column[0] for column in description or ()])
            if len(self._columns) < CACHED_STATEMENTS:
                self._columns[sql] = columns
        super().__init__(columns, iter(rows))
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid


def as_sqlalchemy(error: sqlite3.Error, sql: str) -> DBAPIError:
    """The error as the rest of the program knows it; without parameters, which may be secret."""
    found = DBAPIError.instance(sql, None, error, sqlite3.Error, hide_parameters=True)
    assert isinstance(found, DBAPIError)
    return found
