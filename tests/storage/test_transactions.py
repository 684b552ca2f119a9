"""Transactions that are interrupted by the server, by cancellation, and by both."""

import asyncio
import gc

from sqlalchemy import text

from storage.database import Database, open_database

_TERMINATE_CONNECTIONS = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
""")


async def count(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE queue SET last_turn = last_turn + 1"))


async def test_a_cancellation_during_a_reconnect_does_not_block_the_writer(postgres_url: str) -> None:
    async with open_database(postgres_url) as database, open_database(postgres_url) as other:
        for moment in range(12):
            await count(database)
            async with other.read() as connection:
                await connection.execute(_TERMINATE_CONNECTIONS)  # the pooled connections are dead, unnoticed
            trying = asyncio.create_task(count(database))
            for _ in range(moment * 5):
                await asyncio.sleep(0)
            await asyncio.sleep(0.002 * moment)  # the subject: cancellation at various moments
            trying.cancel()
            await asyncio.wait([trying])
            async with asyncio.timeout(20):  # a leaked connection would block the pool for 30 s
                await count(database)
        gc.collect()  # a leaked connection would warn now
