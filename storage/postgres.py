"""PostgreSQL as the bot's database, shared by all replicas. What the stylizer needs as well is in `common.postgres`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common import postgres
from storage.transactions import UnusableDatabase, run_to_completion, transaction

WRITERS = 0x7265_7061_696E_7400  # the advisory lock of write transactions, in this database: "repaint" in ASCII
CHANNEL = "repaint"
IDLE_MS = 3_000
LOCK_MS = 10_000
_SESSION = f"""
    SET synchronous_commit = on; SET idle_in_transaction_session_timeout = {IDLE_MS}; SET lock_timeout = {LOCK_MS};
    SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 2;
    SET tcp_user_timeout = 9000
"""
TCP: dict[str, Any] = {**postgres.TCP, "connect_timeout": 10, "application_name": "repaint"}


class Postgres:
    """The database at a URL, which contains a password; see `storage.database.Backend`. Raises UnusableDatabase."""

    is_shared = True
    now = postgres.NOW

    def __init__(self, url: str) -> None:
        self._url = _parse(url)
        self._writer = self._open(begin=postgres.begin_write(WRITERS), connections=1)
        self._reader = self._open(begin=postgres.BEGIN_READ, connections=4)
        self._turn = asyncio.Lock()

    def _open(self, *, begin: str, connections: int) -> AsyncEngine:
        return postgres.open_engine(self._url, begin=begin, connections=connections, connect_args=TCP, session=_SESSION)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with self._turn, transaction(self._writer) as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with transaction(self._reader) as connection:
            yield connection

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()

    async def checkpoint(self) -> bool:
        return True  # the server vacuums by itself

    def log_bytes(self) -> int:
        return 0

    async def notify(self) -> None:
        await run_to_completion(self._send_notify())

    async def _send_notify(self) -> None:
        async with self._reader.connect() as connection:
            await connection.exec_driver_sql(f"NOTIFY {CHANNEL}")
            await connection.commit()

    async def listen(self, callback: Callable[[], None]) -> None:
        await postgres.listen(self._url, CHANNEL, callback, connect_args=TCP)


def libpq_url(url: str) -> str:
    """The URL as the driver's own functions take it; it contains the password. Raises UnusableDatabase."""
    return postgres.libpq_url(_parse(url))


def _parse(url: str) -> URL:
    try:
        return postgres.parse_url(url, name="DATABASE_URL")
    except postgres.InvalidUrl as error:
        raise UnusableDatabase(str(error)) from None
