"""What our two PostgreSQL databases have in common: one writer at a time, and notifications to all processes.

A write begins by taking an advisory lock that ends with the transaction. Rules written for SQLite's single writer
(count, then write) therefore hold unchanged, whatever the isolation level. A process that is frozen or cut off in the
middle of a write loses the lock with its session. Sources: postgresql.org/docs/current/explicit-locking.html,
.../runtime-config-client.html, .../sql-notify.html.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.string import StrDumper
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_log = logging.getLogger(__name__)
RECONNECT_SECONDS = 1.0
NOW = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"  # not the start of the transaction
BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Connection arguments with which a server that is cut off is noticed within nine seconds, even during a statement.
TCP: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 9000,
    "client_encoding": "utf8",
}


class InvalidUrl(ValueError):
    """Not the URL of a PostgreSQL database; the message says so without showing it."""


class _ReplaceNul(StrDumper):
    """PostgreSQL's text cannot hold NUL, which SQLite keeps: it becomes U+FFFD."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd"))


def parse_url(url: str, *, name: str) -> URL:
    """The URL with the driver that we use. `name` is what the message calls it. Raises InvalidUrl."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter shows what it took for a port: part of a password, maybe
        raise InvalidUrl(f"{name} is no address: write postgresql://user:password@host/name") from None
    if parsed.drivername not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise InvalidUrl(f"{name} has to begin with postgresql://")
    return parsed.set(drivername="postgresql+psycopg")


def libpq_url(url: URL) -> str:
    """The URL as psycopg's own functions take it; it contains the password."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def begin_write(lock: int) -> str:
    """The statement that begins a write transaction: alone among all who use the same `lock` in this database."""
    return f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock({lock})"


def open_engine(  # the two databases differ in these, and in nothing else
    url: URL, *, begin: str, connections: int, connect_args: Mapping[str, Any], session: str = "", ping: bool = False
) -> AsyncEngine:
    """An engine whose transactions begin with the statement `begin`.

    `session` is executed once on each new connection. With `ping`, a connection is tested before it is used.
    """
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=ping,
        connect_args=dict(connect_args),
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.autocommit = True  # transactions begin where we say: one round trip, the lock included
        connection.driver_connection.adapters.register_dumper(str, _ReplaceNul)
        if session:
            with connection.cursor() as cursor:
                cursor.execute(session)

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


async def listen(url: URL, channel: str, wake: Callable[[], None], *, connect_args: Mapping[str, Any]) -> None:
    """Call `wake` at every notification on the channel, and after each reconnection, when some may have been missed.

    Runs until it is cancelled.
    """
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                libpq_url(url), autocommit=True, **connect_args
            ) as connection:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                wake()
                async for _ in connection.notifies():
                    wake()
        except psycopg.OperationalError as error:
            _log.info("lost the connection that listens for notifications: %s", type(error).__name__)
        await asyncio.sleep(RECONNECT_SECONDS)
