"""The task table's database: a file for one service, or a PostgreSQL that several services and painters share.

One connection writes, others read beside it. Every write is one short transaction, one at a time on both. The
statements know nothing of either: what is special to one of them is in `stylizer.sqlite` and `stylizer.postgres`.
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

from stylizer.schema import LATER, SCHEMA
from stylizer.sqlite import Sqlite

P = ParamSpec("P")
T = TypeVar("T")


class CannotOpen(RuntimeError):
    """The database, or what lies beside it, can't be used; the message says why, and shows no secret."""


class Place(Protocol):
    """Where the tables are. `is_shared`: others work on them too."""

    is_shared: bool
    writer: AsyncEngine
    reader: AsyncEngine

    async def make_room(self, connection: AsyncConnection, /) -> None:
        """Before the tables are made."""

    async def ring(self, connection: AsyncConnection, /) -> None:
        """Tell all others, once this transaction is written."""

    async def listen(self, wake: Callable[[], None], /) -> None:
        """Call `wake` whenever another one rings."""

    async def moment(self, connection: AsyncConnection, /) -> float:
        """Seconds since the epoch, by the clock of all who share the tables."""


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

    def __init__(self, place: Place, clock: Callable[[], float] | None = None) -> None:
        self._place = place
        self._clock = clock
        self._turn = asyncio.Lock()
        self.is_shared = place.is_shared
        self.listen = place.listen

    @asynccontextmanager
    async def writing(self, *, rings: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that is committed at the end of the block, or undone if the block fails.

        `rings`: there may be something to start now, and all who share the tables hear of it.
        """
        async with self._turn, self._place.writer.begin() as connection:
            yield connection
            if rings:
                await self._place.ring(connection)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view; waits for no writer."""
        async with self._place.reader.begin() as connection:
            yield connection

    async def moment(self, connection: AsyncConnection) -> int:
        """Now, in milliseconds since the epoch, as all who share the tables see it."""
        return int(1000 * (await self._place.moment(connection) if self._clock is None else self._clock()))

    async def now(self) -> float:
        """Seconds since the epoch, as all who share the tables see it."""
        async with self.reading() as connection:
            return await self.moment(connection) / 1000

    @unbroken
    async def make_tables(self) -> None:
        """Make what is missing."""
        async with self.writing() as connection:
            await self._place.make_room(connection)
            for statement in SCHEMA:
                await connection.execute(text(statement))
            await connection.run_sync(_add_columns)

    async def close(self) -> None:
        """Close every connection."""
        await self._place.writer.dispose()
        await self._place.reader.dispose()


@asynccontextmanager
async def open_database(where: Path | str, *, clock: Callable[[], float] | None = None) -> AsyncIterator[Database]:
    """Open a file, or `postgresql://…`; make the tables if they are new; close it at the end. Raises CannotOpen.

    `clock` (seconds since the epoch) instead of the machine's, or of the server's.
    """
    database = Database(Sqlite(where) if isinstance(where, Path) else _postgres(where), clock)
    try:
        try:
            await database.make_tables()
        except SQLAlchemyError as error:
            raise CannotOpen(f"The task table cannot be opened: {_reason(error)}") from error
        yield database
    finally:
        await database.close()


def _postgres(url: str) -> Place:
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
    """Tables from before these columns get them, empty."""
    for table, columns in LATER.items():
        there = {column["name"] for column in inspect(connection).get_columns(table)}
        for name, kind in columns.items():
            if name not in there:
                connection.execute(text(f"alter table {table} add column {name} {kind}"))


def _reason(error: SQLAlchemyError) -> str:
    """The driver's own words, which name host and user but no password."""
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())
