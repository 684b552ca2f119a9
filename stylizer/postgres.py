"""What is special to PostgreSQL, where several services and painters share one task table.

The tables stand in a schema of their own. Every write begins by taking one advisory lock that ends with it, so that
what is counted stays true until it is written, as with SQLite's single writer. Whoever is frozen or cut off in the
middle of a write loses the lock with its session. Sources: postgresql.org/docs/current, chapters 13.3.5 (advisory
locks) and 20.11 (client connection defaults), NOTIFY.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.types.string import StrDumper
from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

_log = logging.getLogger(__name__)
SCHEMA_NAME = CHANNEL = "stylizer"
WRITERS = 0x7374_796C_697A_6572  # the advisory lock of whoever writes: "stylizer" in ASCII
SESSION = {
    "search_path": SCHEMA_NAME,
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "3s",
    "lock_timeout": "10s",
    "statement_timeout": "20s",
    "tcp_user_timeout": "9s",
}
CONNECTING: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 9000,
    "application_name": "repaint stylizer",
    "options": " ".join(f"-c {name}={value}" for name, value in SESSION.items()),
}
_AGAIN = 1.0  # seconds before the server is asked again after it went away


class NotPostgres(ValueError):
    """The address is none of a PostgreSQL database; the message doesn't show it."""


class _NoNul(StrDumper):
    """The one character that PostgreSQL's text can't hold becomes the sign for what can't be."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd"))


class Postgres:
    """The task table that several share, at `postgresql://…`; see `stylizer.database.Place`."""

    is_shared = True

    def __init__(self, url: str) -> None:
        self._url = _parsed(url)
        self.writer = _engine(
            self._url, begin=f"BEGIN READ WRITE; SELECT pg_advisory_xact_lock({WRITERS})", connections=1
        )
        self.reader = _engine(self._url, begin="BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", connections=4)

    async def make_room(self, connection: AsyncConnection) -> None:
        """Make the schema, unless the owner has done so for a user who may not."""
        found = await connection.execute(text("select to_regnamespace(:name) is not null"), {"name": SCHEMA_NAME})
        if not found.scalar_one():
            await connection.execute(text(f"create schema {SCHEMA_NAME}"))

    async def ring(self, connection: AsyncConnection) -> None:
        """Tell everybody who listens, once this is written."""
        await connection.execute(text("select pg_notify(:channel, '')"), {"channel": CHANNEL})

    async def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever somebody rings, and after every time when we could not have heard it."""
        url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(url, autocommit=True, **CONNECTING) as connection:
                    await connection.execute(f"listen {CHANNEL}".encode())
                    wake()
                    async for _ in connection.notifies():
                        wake()
            except psycopg.OperationalError:
                _log.warning("the database cannot be listened to; once more in a second")
            await asyncio.sleep(_AGAIN)

    async def moment(self, connection: AsyncConnection) -> float:
        """The server's clock, as it is now and not when the transaction began."""
        found = await connection.execute(text("select cast(extract(epoch from clock_timestamp()) as float)"))
        return float(found.scalar_one())


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter shows what it took for a port
        raise NotPostgres("The database's address is none: write postgresql://user:password@host/name") from None
    if parsed.drivername not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise NotPostgres("The database's address has to begin with postgresql://")
    return parsed.set(drivername="postgresql+psycopg")


def _engine(url: URL, *, begin: str, connections: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,  # a server that was started again must not cost a caller an answer
        hide_parameters=True,
        connect_args=CONNECTING,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.autocommit = True  # transactions begin where we say, in one round trip with the lock
        connection.driver_connection.adapters.register_dumper(str, _NoNul)

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
