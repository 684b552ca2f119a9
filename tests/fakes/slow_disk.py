"""A disk that takes long for each flush, at the edge of storage: commits that have written something end later."""

import asyncio
from collections.abc import Callable

from storage.sqlite_thread import Connection


def slow_commit(seconds: Callable[[], float]) -> Callable[[Connection], object]:
    """What to put in place of `Connection.commit`. `seconds`: how long a flush takes now."""
    quick, written = Connection.commit, dict[int, int]()

    async def commit(connection: Connection) -> None:
        await quick(connection)
        if written.get(id(connection)) != connection.total_changes:
            written[id(connection)] = connection.total_changes
            await asyncio.sleep(seconds())

    return commit
