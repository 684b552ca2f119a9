"""Transactions that are cut short: by the server, by whoever asked for them, by both."""

import asyncio
import gc

from sqlalchemy import text

from storage.database import Database, open_database

_SEND_AWAY = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
""")


async def count(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE queue SET vtime = vtime + 1"))


async def test_whoever_goes_in_the_middle_of_a_second_try_leaves_the_writers_place_free(postgres_url: str) -> None:
    async with open_database(postgres_url) as database, open_database(postgres_url) as other:
        for moment in range(12):
            await count(database)
            async with other.read() as connection:
                await connection.execute(_SEND_AWAY)  # what is in the pool is of no more use, and nobody knows
            trying = asyncio.create_task(count(database))
            for _ in range(moment * 5):
                await asyncio.sleep(0)
            await asyncio.sleep(0.002 * moment)  # the subject: somebody goes at this moment or that
            trying.cancel()
            await asyncio.wait([trying])
            async with asyncio.timeout(20):  # the pool would make it wait for half a minute, and then give up
                await count(database)
        gc.collect()  # a connection that was left behind would say so now
