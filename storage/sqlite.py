"""SQLite: WAL, `synchronous=FULL` (a row that is written before a paid call must survive a power cut), foreign keys on,
`BEGIN IMMEDIATE` for every write, deleted rows overwritten. One writer connection behind a lock is faster than several
that wait for busy timeouts. Sources: sqlite.org/wal.html, sqlite.org/lang_transaction.html.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import aiosqlite
from sqlalchemy import Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.sqlite_thread import connect
from storage.transactions import run_to_completion

BUSY_MS = 10_000
CACHE_KIB = 2000  # page cache per connection: memory grows by up to five times this
READERS = 4
NOW = "SELECT (julianday('now') - 2440587.5) * 86400.0"
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    f"busy_timeout = {BUSY_MS}",
    "secure_delete = ON",
    f"cache_size = -{CACHE_KIB}",
)


class Sqlite:
    """The database in a file; see `storage.database.Engines`."""

    now = NOW

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        self._log = path.with_name(f"{path.name}-wal")
        self.writer = _engine(path, begin="BEGIN IMMEDIATE", connections=1)
        self.reader = _engine(path, begin="BEGIN", connections=READERS)

    async def checkpoint(self) -> bool:
        async with self.writer.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            return await run_to_completion(_truncate_wal(driver))

    def log_bytes(self) -> int:
        return self._log.stat().st_size if self._log.exists() else 0

    async def notify(self) -> None:
        """Nothing to do: there are no other processes."""

    async def listen(self, callback: Callable[[], None]) -> None:
        """Returns at once: there are no other processes."""


async def _truncate_wal(driver: aiosqlite.Connection) -> bool:
    await driver.execute_fetchall("PRAGMA busy_timeout = 50")
    try:
        ((busy, *_),) = await driver.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        await driver.execute_fetchall(f"PRAGMA busy_timeout = {BUSY_MS}")
    return bool(busy == 0)


def _engine(path: Path, *, begin: str, connections: int) -> AsyncEngine:
    url, opened = f"sqlite+aiosqlite:///{path}", partial(connect, path)
    engine = create_async_engine(url, async_creator=opened, pool_size=connections, max_overflow=0, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
