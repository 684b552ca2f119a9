"""SQLite's own thread, entered once a statement.

aiosqlite keeps a thread for each connection and goes there for every step: to make a cursor, to run the statement, to
fetch its rows, to close the cursor. Each way there and back costs more than the statement itself. Here a statement is
one way, `BEGIN` goes along with the first one, and nobody goes to end what was never begun.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import aiosqlite

_CHUNK = 64  # rows; aiosqlite wants to know, and nobody reads so


@dataclass(frozen=True)
class _Answer:
    """What a statement gave."""

    description: Any = None
    rows: Sequence[Any] = ()
    rowcount: int = -1
    lastrowid: int | None = None


class Cursor:
    """What SQLAlchemy asks of a cursor: all rows are here as soon as the statement was run."""

    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._answer = _Answer()

    async def execute(self, statement: str, parameters: Iterable[Any] = ()) -> Self:
        self._answer = await self._connection.answer(statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Iterable[Iterable[Any]]) -> Self:
        self._answer = await self._connection.answer(statement, parameters, many=True)
        return self

    async def fetchall(self) -> Sequence[Any]:
        return self._answer.rows

    async def close(self) -> None:
        """It is closed already, where it was."""

    @property
    def description(self) -> Any:
        return self._answer.description

    @property
    def rowcount(self) -> int:
        return self._answer.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._answer.lastrowid

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """See `close`."""


class Connection(aiosqlite.Connection):
    """A connection whose statements are one way each."""

    def __init__(self, path: Path) -> None:
        # Transactions begin where we say, not where the driver guesses.
        super().__init__(partial(sqlite3.connect, path, isolation_level=None), _CHUNK)
        self._thread.daemon = True  # a process that ends in a hurry does not wait for it
        self._begin: str | None = None

    def cursor(self) -> Cursor:  # type: ignore[override]  # SQLAlchemy asks no more of it
        return Cursor(self)

    async def answer(self, statement: str, parameters: Iterable[Any], *, many: bool = False) -> _Answer:
        """Run a statement; one that begins a transaction is kept until the next, which it goes along with."""
        if statement.startswith("BEGIN"):
            self._begin = statement
            return _Answer()
        step = partial(self._run, statement, parameters, many=many)
        answer: _Answer = await self._execute(step)  # type: ignore[no-untyped-call]  # aiosqlite types it nowhere
        return answer

    def _run(self, statement: str, parameters: Any, *, many: bool) -> _Answer:
        """In the connection's thread. What could not begin is still to begin: nothing runs outside its transaction."""
        connection = self._conn
        if self._begin is not None:
            connection.execute(self._begin)
            self._begin = None
        cursor = connection.executemany(statement, parameters) if many else connection.execute(statement, parameters)
        try:
            rows = cursor.fetchall() if cursor.description else ()
            return _Answer(cursor.description, rows, cursor.rowcount, cursor.lastrowid)
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
    """A connection to this file, open."""
    connection = Connection(path)
    await connection
    return connection
