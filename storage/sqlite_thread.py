"""SQLite connections that make one round trip to their thread per statement.

aiosqlite has a thread for each connection and makes a round trip to it for every step: create the cursor, execute,
fetch, close the cursor. Each round trip costs more than the statement itself. Here a statement is one round trip,
`BEGIN` is sent with the first statement, and ending a transaction that never began makes none.

This needs three internals of aiosqlite: `_thread`, `_execute` and `_conn`. Its public methods either return the rows
without their description and row count, or need a round trip for each. `pyproject.toml` therefore bounds its version,
and `tests/storage/test_sqlite_thread.py` checks what is relied on.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import aiosqlite

_CHUNK = 64  # rows per fetch of aiosqlite's own cursors, which are not used here


@dataclass(frozen=True)
class _Result:
    """What a statement returned."""

    description: Any = None
    rows: Sequence[Any] = ()
    rowcount: int = -1
    lastrowid: int | None = None


class Cursor:
    """The part of a cursor that SQLAlchemy uses. All rows are fetched when the statement is executed."""

    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._result = _Result()

    async def execute(self, statement: str, parameters: Iterable[Any] = ()) -> Self:
        self._result = await self._connection.run(statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Iterable[Iterable[Any]]) -> Self:
        self._result = await self._connection.run(statement, parameters, many=True)
        return self

    async def fetchall(self) -> Sequence[Any]:
        return self._result.rows

    async def close(self) -> None:
        """Nothing to do: SQLite's cursor was closed after the statement."""

    @property
    def description(self) -> Any:
        return self._result.description

    @property
    def rowcount(self) -> int:
        return self._result.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._result.lastrowid

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """See `close`."""


class Connection(aiosqlite.Connection):
    """A connection that makes one round trip per statement."""

    def __init__(self, path: Path) -> None:
        # Without an isolation level sqlite3 begins no transactions of its own.
        super().__init__(partial(sqlite3.connect, path, isolation_level=None), _CHUNK)
        self._thread.daemon = True  # an exiting process does not wait for it
        self._begin: str | None = None

    def cursor(self) -> Cursor:  # type: ignore[override]  # SQLAlchemy needs no more of it
        return Cursor(self)

    async def run(self, statement: str, parameters: Iterable[Any], *, many: bool = False) -> _Result:
        """Execute a statement. `BEGIN` is held back and sent with the next one.

        Raises:
            sqlite3.Error: from the statement, or from the `BEGIN` that was sent with it.
        """
        if statement.startswith("BEGIN"):
            self._begin = statement
            return _Result()
        step = partial(self._run, statement, parameters, many=many)
        result: _Result = await self._execute(step)  # type: ignore[no-untyped-call]  # aiosqlite has no types for it
        return result

    def _run(self, statement: str, parameters: Any, *, many: bool) -> _Result:
        """Runs in the connection's thread. A `BEGIN` that fails is tried again with the next statement, so that no
        statement runs outside its transaction."""
        connection = self._conn
        if self._begin is not None:
            connection.execute(self._begin)
            self._begin = None
        cursor = connection.executemany(statement, parameters) if many else connection.execute(statement, parameters)
        try:
            rows = cursor.fetchall() if cursor.description else ()
            return _Result(cursor.description, rows, cursor.rowcount, cursor.lastrowid)
        finally:
            cursor.close()

    async def commit(self) -> None:
        self._begin = None
        if self.in_transaction:
            await super().commit()

    async def rollback(self) -> None:
        self._begin = None
        if self.in_transaction:
            await super().rollback()


async def connect(path: Path) -> Connection:
    """Open a connection to the database in this file."""
    connection = Connection(path)
    await connection
    return connection
