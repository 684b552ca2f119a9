"""A disk that takes long for each flush, at the edge of storage: commits that have written something end later."""

import asyncio
from collections.abc import Callable

from storage.sqlite_connection import SqliteConnection


def slow_commit(seconds: Callable[[], float]) -> Callable[[SqliteConnection], object]:
    """What to put in place of `SqliteConnection.commit`. `seconds`: how long a flush takes now."""
    quick, written = SqliteConnection.commit, dict[int, int]()

    async def commit(connection: SqliteConnection) -> None:
        await quick(connection)
        if written.get(id(connection)) != connection.raw.total_changes:
            written[id(connection)] = connection.raw.total_changes
            await asyncio.sleep(seconds())

    return commit
