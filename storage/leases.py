"""Leases for leader election: procrastinate's queue, in the PostgreSQL that the processes share.

Its tables are in a schema named after a hash of their DDL: a newer procrastinate creates new ones, and nothing in them
needs to outlive the processes that hold leases. Source: procrastinate.readthedocs.io.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from procrastinate import PsycopgConnector
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager
from psycopg import sql
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres import TCP, libpq_url

_CREATE_TABLES_LOCK = 0x7265_7061_696E_7401  # the advisory lock for creating the tables
_SCHEMA = "election_" + hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest()[:8]
_IS_ELECTED = text(f"""
    SELECT COUNT(*) FROM {_SCHEMA}.procrastinate_jobs WHERE id = :job_id AND status = 'doing'
""")  # noqa: S608  # constant


@asynccontextmanager
async def open_elections(url: str) -> AsyncIterator[JobManager]:
    """Open the queue; its tables are created if needed. Raises psycopg.OperationalError without a server."""
    conninfo = libpq_url(url)
    # The rows are worthless after a crash, so heartbeats need not wait for the disk.
    options = f"-c search_path={_SCHEMA} -c synchronous_commit=off -c lock_timeout=3s -c statement_timeout=3s"
    await _create_tables(conninfo)
    kwargs = {**TCP, "options": options, "autocommit": True}
    connector = PsycopgConnector(
        conninfo=conninfo, kwargs=kwargs, min_size=1, max_size=1, timeout=3.0, pool_factory=_unchecked_pool
    )
    await connector.open_async()
    try:
        yield JobManager(connector)
    finally:
        await connector.close_async()


def _unchecked_pool(**options: Any) -> AsyncConnectionPool[Any]:
    """A pool that does not check a connection before each use: a failed heartbeat is soon retried."""
    return AsyncConnectionPool(**{**options, "check": None})


async def is_elected(connection: AsyncConnection, job_id: int) -> bool:
    """Whether the lease of this queue job is still held."""
    return int((await connection.execute(_IS_ELECTED, {"job_id": job_id})).scalar_one()) == 1


async def _create_tables(conninfo: str) -> None:
    schema = sql.Identifier(_SCHEMA)
    async with await psycopg.AsyncConnection.connect(conninfo, **TCP) as connection:  # one transaction
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_CREATE_TABLES_LOCK])
        await connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        await connection.execute(sql.SQL("SET LOCAL search_path = {}").format(schema))
        found = await (await connection.execute("SELECT to_regclass('procrastinate_jobs')")).fetchone()
        if found is None or found[0] is None:
            await connection.execute(SchemaManager.get_schema())
