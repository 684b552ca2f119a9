"""One transaction on one connection: begun, committed or rolled back, and never left open by whoever is cancelled."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")


class UnusableDatabase(Exception):
    """The address is none of a PostgreSQL database; the message says so without showing it."""


class _UninterruptedConnection(AsyncConnection):
    """Finishes each statement before it lets itself be cancelled. SQLAlchemy throws a connection away when it meets a
    cancellation inside; and with a statement half read, SQLite keeps the transaction, and its lock, for nobody."""

    async def execute(self, *args: Any, **options: Any) -> Any:
        return await run_to_completion(super().execute(*args, **options))


async def run_to_completion(step: Coroutine[Any, Any, T]) -> T:
    """The step's result; a cancellation is told only when the step is over."""
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        task.exception()  # whatever it was, the cancellation is what is told
        raise


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction: committed at the end, rolled back on any exception."""
    connection = await _open(engine)
    try:
        yield connection
        await run_to_completion(connection.commit())
    finally:
        await _close(connection)


async def _open(engine: AsyncEngine) -> AsyncConnection:
    """A connection with its transaction begun. Whatever goes wrong, or whoever is cancelled, none is left behind."""
    try:
        return await _open_once(engine)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    return await _open_once(engine)  # the server went away while nobody asked it anything: nothing was done yet


async def _open_once(engine: AsyncEngine) -> AsyncConnection:
    connection = _UninterruptedConnection(engine)
    try:
        await run_to_completion(_start(connection))
    except BaseException:
        await _close(connection)
        raise
    return connection


async def _start(connection: AsyncConnection) -> None:
    await connection.start()
    await connection.begin()


async def _close(connection: AsyncConnection) -> None:
    if connection.sync_connection is not None:
        await run_to_completion(connection.close())  # what was not committed is rolled back


def is_server_unreachable(error: Exception) -> bool:
    """Whether the server was lost, or can't be reached; a file can't be. PostgreSQL's driver gives the server's own
    errors a code, and those of the way to it none."""
    if not isinstance(error, DBAPIError):
        return False
    unreachable = isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", "") is None
    return error.connection_invalidated or unreachable
