"""One SQLite file: one connection writes, others read beside it.

Every write is one short transaction that takes the lock at its start (BEGIN IMMEDIATE) and is on the disk when it ends
(WAL, `synchronous=FULL`). The statements themselves know nothing of SQLite: all that is special to it is in here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from stylizer.schema import SCHEMA

P = ParamSpec("P")
T = TypeVar("T")


def unbroken(transaction: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Carry a transaction to its end even when whoever waits for it is cancelled, and only then say so.

    A connection that is left in the middle keeps the lock: the next writers then wait for nothing, and fail.
    """

    @wraps(transaction)
    async def carried(*args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.create_task(transaction(*args, **kwargs))
        try:
            return await asyncio.shield(task)
        finally:
            while not task.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([task])

    return carried


class Database:
    """Opened by `open_database`; hands out transactions, each used by one `unbroken` function."""

    def __init__(self, path: Path) -> None:
        self._writer = _engine(path, begin="BEGIN IMMEDIATE", connections=1)
        self._reader = _engine(path, begin="BEGIN", connections=4)
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is committed at the end of the block, or undone if the block fails."""
        async with self._turn, self._writer.begin() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view; waits for no writer."""
        async with self._reader.begin() as connection:
            yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        await self._reader.dispose()


@asynccontextmanager
async def open_database(path: Path) -> AsyncIterator[Database]:
    """Open the file, make its tables if it is new, close it at the end."""
    database = Database(path)
    try:
        async with database.writing() as connection:
            for statement in SCHEMA:
                await connection.execute(text(statement))
        yield database
    finally:
        await database.close()


def _engine(path: Path, *, begin: str, connections: int) -> AsyncEngine:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=connections, max_overflow=0)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # or the driver begins transactions at moments of its own
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
