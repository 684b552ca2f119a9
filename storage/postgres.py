"""What is special to PostgreSQL: one writer at a time in all replicas, and a word to them all when rows have changed.

A write begins by taking one advisory lock, which ends with the transaction: so the rules that are written for SQLite's
single writer (count, then write) hold word for word, whatever the isolation level. A replica that is frozen or cut off
in the middle of a write loses the lock with its session, after `IDLE_MS` or when TCP gives up.
Sources: postgresql.org/docs/current/explicit-locking.html, .../runtime-config-client.html, .../sql-notify.html.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.types.string import StrDumper
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.transactions import NotUsable, finished

WRITERS = 0x7265_7061_696E_7400  # the advisory lock of whoever writes, in this database: "repaint" in ASCII
CHANNEL = "repaint"
IDLE_MS = 3_000
LOCK_MS = 10_000
AGAIN_SECONDS = 1.0
NOW = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"
_WRITE = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({WRITERS})"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_SESSION = f"""
    SET synchronous_commit = on; SET idle_in_transaction_session_timeout = {IDLE_MS}; SET lock_timeout = {LOCK_MS};
    SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 2;
    SET tcp_user_timeout = 9000
"""
# The same from our side: a server that is cut off is noticed within nine seconds, in the middle of a statement too.
TCP: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 9000,
    "application_name": "repaint",
    "client_encoding": "utf8",
}


class Postgres:
    """The database at an address, which holds a password; see `storage.database.Engines`."""

    now = NOW

    def __init__(self, url: str) -> None:
        self._url = _parsed(url)
        self.writer = _engine(self._url, begin=_WRITE, connections=1)
        self.reader = _engine(self._url, begin=_READ, connections=4)

    async def checkpoint(self) -> bool:
        return True  # VACUUM is the server's own business

    async def notify(self) -> None:
        await finished(self._notified())

    async def _notified(self) -> None:
        async with self.reader.connect() as connection:
            await connection.exec_driver_sql(f"NOTIFY {CHANNEL}")
            await connection.commit()

    async def hear(self, ring: Callable[[], None]) -> None:
        while True:
            try:
                async with await self._connected() as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    ring()  # for whatever was missed meanwhile
                    async for _ in connection.notifies():
                        ring()
            except psycopg.OperationalError:
                await asyncio.sleep(AGAIN_SECONDS)

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(_libpq(self._url), autocommit=True, **TCP)


class _NoNul(StrDumper):
    """PostgreSQL's text holds every character but one, which SQLite keeps: it becomes the sign for what can't be."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd"))


def libpq_url(url: str) -> str:
    """The address as the driver's own functions want it; it holds the password. Raises NotUsable."""
    return _libpq(_parsed(url))


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter shows what it took for a port: part of a password, maybe
        raise NotUsable("DATABASE_URL is no address: write postgresql://user:password@host/name") from None
    if parsed.drivername not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise NotUsable("DATABASE_URL has to begin with postgresql://")
    return parsed.set(drivername="postgresql+psycopg")


def _engine(url: URL, *, begin: str, connections: int) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=connections, max_overflow=0, connect_args=TCP, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.autocommit = True  # transactions begin where we say: one round trip for lock and all
        connection.driver_connection.adapters.register_dumper(str, _NoNul)
        cursor = connection.cursor()
        cursor.execute(_SESSION)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
