"""The task table's database: an SQLite file for one service, or a PostgreSQL shared by several services and workers.

One connection writes, others read beside it. Every write is one short transaction, one at a time on both. All other SQL
is the same for both; the differences are in `stylizer.sqlite` and `stylizer.postgres`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from stylizer.schema import ADDED_COLUMNS, SCHEMA
from stylizer.sqlite import Sqlite

P = ParamSpec("P")
T = TypeVar("T")


class CannotOpen(RuntimeError):
    """The database or the store can't be used; the message says why and shows no secret."""


class Backend(Protocol):
    """SQLite or PostgreSQL. `is_shared`: other processes use the tables too."""

    is_shared: bool
    writer: AsyncEngine
    reader: AsyncEngine

    async def create_schema(self, connection: AsyncConnection, /) -> None:
        """Called before the tables are created."""

    async def notify(self, connection: AsyncConnection, /) -> None:
        """Wake all other processes once this transaction is committed."""

    async def listen(self, wake: Callable[[], None], /) -> None:
        """Call `wake` at every notification, until cancelled."""

    async def now(self, connection: AsyncConnection, /) -> float:
        """Seconds since the epoch, by the clock of all processes that share the tables."""


def uncancellable(transaction: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Finish the transaction even when the caller is cancelled, and only then raise CancelledError.

    A connection that is left in the middle of a transaction keeps the lock, and the next writers would time out.
    """

    @wraps(transaction)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.create_task(transaction(*args, **kwargs))
        try:
            return await asyncio.shield(task)
        finally:
            while not task.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([task])

    return wrapper


class Database:
    """Opened by `open_database`; hands out transactions, each used by one `uncancellable` function."""

    def __init__(self, backend: Backend, clock: Callable[[], float] | None = None) -> None:
        self._backend = backend
        self._clock = clock
        self._turn = asyncio.Lock()
        self.is_shared = backend.is_shared
        self.listen = backend.listen

    @asynccontextmanager
    async def write(self, *, notify: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that is committed at the end of the block, or undone if the block fails.

        `notify`: a task may be ready to start, so wake all processes that share the tables.
        """
        async with self._turn, self._backend.writer.begin() as connection:
            yield connection
            if notify:
                await self._backend.notify(connection)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent snapshot, which never waits for a writer."""
        async with self._backend.reader.begin() as connection:
            yield connection

    async def now_ms(self, connection: AsyncConnection) -> int:
        """Milliseconds since the epoch, by the clock of all processes that share the tables."""
        return int(1000 * (await self._backend.now(connection) if self._clock is None else self._clock()))

    async def now(self) -> float:
        """Seconds since the epoch, by the same clock."""
        async with self.read() as connection:
            return await self.now_ms(connection) / 1000

    @uncancellable
    async def create_tables(self) -> None:
        """Create what is missing."""
        async with self.write() as connection:
            await self._backend.create_schema(connection)
            for statement in SCHEMA:
                await connection.execute(text(statement))
            await connection.run_sync(_add_columns)

    async def close(self) -> None:
        """Close every connection."""
        await self._backend.writer.dispose()
        await self._backend.reader.dispose()


@asynccontextmanager
async def open_database(where: Path | str, *, clock: Callable[[], float] | None = None) -> AsyncIterator[Database]:
    """Open an SQLite file or `postgresql://…`, create the tables if necessary, close it at the end.

    `clock` (seconds since the epoch) replaces the machine's or the server's. Raises CannotOpen.
    """
    database = Database(Sqlite(where) if isinstance(where, Path) else _postgres(where), clock)
    try:
        try:
            await database.create_tables()
        except SQLAlchemyError as error:
            raise CannotOpen(f"The task table cannot be opened: {_reason(error)}") from error
        yield database
    finally:
        await database.close()


def _postgres(url: str) -> Backend:
    try:
        from common.postgres import InvalidUrl  # noqa: PLC0415  # its driver is an extra
        from stylizer.postgres import Postgres  # noqa: PLC0415  # likewise
    except ImportError as error:
        raise CannotOpen("PostgreSQL's driver is not installed; in the checkout: pip install '.[postgres]'") from error
    try:
        return Postgres(url)
    except InvalidUrl as error:
        raise CannotOpen(str(error)) from None


def _add_columns(connection: Connection) -> None:
    """Add the columns that older tables lack, empty."""
    for table, columns in ADDED_COLUMNS.items():
        there = {column["name"] for column in inspect(connection).get_columns(table)}
        for name, kind in columns.items():
            if name not in there:
                connection.execute(text(f"alter table {table} add column {name} {kind}"))


def _reason(error: SQLAlchemyError) -> str:
    """The driver's message, which names host and user but no password."""
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())
