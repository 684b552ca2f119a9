"""PostgreSQL as the task table's database, shared by several services and workers; the rest is in `common.postgres`.

The tables are in a schema of their own.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common import postgres

SCHEMA_NAME = CHANNEL = "stylizer"
WRITERS = 0x7374_796C_697A_6572  # the advisory lock of write transactions: "stylizer" in ASCII
SESSION = {
    "search_path": SCHEMA_NAME,
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "3s",
    "lock_timeout": "10s",
    "statement_timeout": "20s",
    "tcp_user_timeout": "9s",
}
CONNECTING: dict[str, Any] = {
    **postgres.TCP,
    "connect_timeout": 5,
    "application_name": "repaint stylizer",
    "options": " ".join(f"-c {name}={value}" for name, value in SESSION.items()),
}


class Postgres:
    """The task table at `postgresql://…`; see `stylizer.database.Backend`. Raises InvalidUrl."""

    is_shared = True

    def __init__(self, url: str) -> None:
        self._url = postgres.parse_url(url, name="The database's URL")
        self.writer = self._open(begin=postgres.begin_write(WRITERS), connections=1)
        self.reader = self._open(begin=postgres.BEGIN_READ, connections=4)

    def _open(self, *, begin: str, connections: int) -> AsyncEngine:
        """Connections are tested before use: a server that was restarted must not cost a caller an answer."""
        return postgres.open_engine(self._url, begin=begin, connections=connections, connect_args=CONNECTING, ping=True)

    async def create_schema(self, connection: AsyncConnection) -> None:
        """Create the schema, unless the owner has done so for a user who may not."""
        found = await connection.execute(text("select to_regnamespace(:name) is not null"), {"name": SCHEMA_NAME})
        if not found.scalar_one():
            await connection.execute(text(f"create schema {SCHEMA_NAME}"))

    async def notify(self, connection: AsyncConnection) -> None:
        """Wake every listener once this transaction is committed."""
        await connection.execute(text("select pg_notify(:channel, '')"), {"channel": CHANNEL})

    async def listen(self, wake: Callable[[], None]) -> None:
        await postgres.listen(self._url, CHANNEL, wake, connect_args=CONNECTING)

    async def now(self, connection: AsyncConnection) -> float:
        """The server's clock, as it is now and not when the transaction began."""
        return float((await connection.execute(text(postgres.NOW))).scalar_one())
