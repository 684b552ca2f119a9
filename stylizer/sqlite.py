"""SQLite as the task table's database: each write locks at its start (BEGIN IMMEDIATE) and is on the disk at its end
(WAL, `synchronous=FULL`).
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine


class Sqlite:
    """The task table of a single service, in a file; see `stylizer.database.Backend`."""

    is_shared = False

    def __init__(self, path: Path) -> None:
        self.writer = _engine(path, begin="BEGIN IMMEDIATE", connections=1)
        self.reader = _engine(path, begin="BEGIN", connections=4)

    async def create_schema(self, _: AsyncConnection) -> None:
        """SQLite needs none."""

    async def notify(self, _: AsyncConnection) -> None:
        """There is no other process to wake."""

    async def listen(self, _: Callable[[], None]) -> None:
        """No other process ever notifies this one."""

    async def now(self, _: AsyncConnection) -> float:
        """The machine's clock."""
        return time.time()


def _engine(path: Path, *, begin: str, connections: int) -> AsyncEngine:
    url = f"sqlite+aiosqlite:///{path}"
    engine = create_async_engine(url, pool_size=connections, max_overflow=0, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # or the driver begins transactions by itself
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
