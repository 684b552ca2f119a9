"""Transactions that are always committed or rolled back, even if the task is canceled at any point."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")


class UnusableDatabase(Exception):
    """The URL is not that of a usable PostgreSQL database; the message explains why without showing it."""


class _UninterruptedConnection(AsyncConnection):
    """Finishes each statement before a cancellation takes effect. SQLAlchemy discards a connection that is canceled
    inside a statement; with a statement half read, SQLite then keeps the transaction and its lock."""

    async def execute(self, *args: Any, **options: Any) -> Any:
        return await run_to_completion(super().execute(*args, **options))


async def run_to_completion(step: Awaitable[T]) -> T:
    """Return the result of a coroutine, task or future; a cancellation is raised only after it has ended."""
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # retrieve it, or asyncio logs it; the cancellation is what is raised
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
    """Open a connection and begin its transaction. On any error or cancellation the connection is closed."""
    try:
        return await _open_once(engine)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    return await _open_once(engine)  # the idle connection was lost: nothing has been executed yet


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
        await run_to_completion(connection.close())  # rolls back what was not committed


def is_server_unreachable(error: Exception) -> bool:
    """Whether the connection to the server was lost or can't be made; never so for SQLite. psycopg sets an SQLSTATE on
    errors that the server reports, and none on connection errors."""
    if not isinstance(error, DBAPIError):
        return False
    unreachable = isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", "") is None
    return error.connection_invalidated or unreachable
