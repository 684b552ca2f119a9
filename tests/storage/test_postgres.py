"""PostgreSQL only: exclusive writes across replicas, frozen writers, notifications, and values that it rejects."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage import cards, jobs
from storage.database import Database, open_database
from storage.jobs import State
from storage.transactions import UnusableDatabase
from tests.fakes.postgres import Server
from tests.harness.rows import insert_job, insert_person

ENOUGH = 30.0


@pytest_asyncio.fixture
async def replicas(postgres_url: str) -> AsyncIterator[tuple[Database, Database]]:
    """Two connections to one database, as two processes have them."""
    async with open_database(postgres_url) as one, open_database(postgres_url) as other:
        yield one, other


async def last_turn(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(text("SELECT last_turn FROM queue"))).scalar_one())


async def count_up(database: Database) -> None:
    """Read, then write a value computed from it: safe only if writes are exclusive."""
    async with database.write() as connection:
        seen = (await connection.execute(text("SELECT last_turn FROM queue"))).scalar_one()
        await connection.execute(text("UPDATE queue SET last_turn = :next"), {"next": seen + 1})


def terminate_connections(server: Server, url: str) -> None:
    """Terminate all connections to this database from the server's side."""
    name = url.rsplit("/", 1)[1]
    server.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    )


async def test_counts_made_in_a_write_stay_valid_across_replicas(replicas: tuple[Database, Database]) -> None:
    await asyncio.gather(*(count_up(database) for database in replicas for _ in range(40)))
    assert await last_turn(replicas[0]) == 80


async def test_commits_are_synchronous(replicas: tuple[Database, Database]) -> None:
    for transaction in (replicas[0].write(), replicas[0].read()):
        async with transaction as connection:
            assert (await connection.execute(text("SHOW synchronous_commit"))).scalar_one() == "on"


@pytest.mark.parametrize("at", ["a statement", "the commit"])
async def test_a_frozen_write_blocks_no_other_and_is_rolled_back(replicas: tuple[Database, Database], at: str) -> None:
    frozen, other = replicas
    with pytest.raises(DBAPIError):
        async with frozen.write() as connection:
            await connection.execute(text("UPDATE queue SET last_turn = 1000"))
            async with asyncio.timeout(ENOUGH):
                await asyncio.create_task(count_up(other))
            if at == "a statement":
                await connection.execute(text("UPDATE queue SET last_turn = 2000"))
    assert await last_turn(other) == 1
    await count_up(frozen)
    assert await last_turn(other) == 2


async def test_read_transactions_cannot_write(replicas: tuple[Database, Database]) -> None:
    with pytest.raises(DBAPIError, match="read-only"):
        async with replicas[0].read() as connection:
            await connection.execute(text("UPDATE queue SET last_turn = 5"))


async def test_transactions_work_again_after_the_server_closed_all_connections(
    replicas: tuple[Database, Database], postgres: Server, postgres_url: str
) -> None:
    await count_up(replicas[0])
    assert await last_turn(replicas[0]) == 1
    terminate_connections(postgres, postgres_url)
    await count_up(replicas[0])
    assert await last_turn(replicas[0]) == 2
    assert await replicas[1].is_reachable()


async def test_a_notification_reaches_every_replica_also_after_a_reconnect(
    replicas: tuple[Database, Database], postgres: Server, postgres_url: str
) -> None:
    received: asyncio.Queue[str] = asyncio.Queue()
    async with AsyncExitStack() as stack, asyncio.timeout(ENOUGH):
        for name, database in zip(("one", "other"), replicas, strict=True):
            task = asyncio.create_task(database.listen(lambda name=name: received.put_nowait(name)))  # type: ignore[misc]  # a default value binds it
            stack.callback(task.cancel)
        assert {await received.get(), await received.get()} == {"one", "other"}  # both listen
        await replicas[0].notify()
        assert {await received.get(), await received.get()} == {"one", "other"}
        terminate_connections(postgres, postgres_url)
        assert {await received.get(), await received.get()} == {"one", "other"}  # called after the reconnect
        await replicas[1].notify()
        assert {await received.get(), await received.get()} == {"one", "other"}


async def test_the_time_is_that_of_the_server(replicas: tuple[Database, Database], postgres_url: str) -> None:
    before = await replicas[0].now()
    async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
        (between,) = await (await connection.execute("SELECT extract(epoch FROM clock_timestamp())")).fetchone() or (0,)
    assert before <= float(between) <= await replicas[1].now()


async def test_a_nul_character_is_replaced_when_written_and_when_searched(
    replicas: tuple[Database, Database],
) -> None:
    async with replicas[0].write() as connection:
        job = await insert_job(connection, "a\0b")
        assert job.source == "a\ufffdb"
        assert await jobs.get_by_source(connection, "a\0b") == job
        assert await insert_person(connection, "anna\0") == await insert_person(connection, "anna\0")


async def test_a_number_that_is_too_large_finds_nothing(replicas: tuple[Database, Database]) -> None:
    async with replicas[0].read() as connection:
        assert await jobs.get(connection, 2**70) is None


async def test_drafts_come_first_among_the_open_cards(replicas: tuple[Database, Database]) -> None:
    async with replicas[0].write() as connection:
        queued = await insert_job(connection, "test:1", state=State.QUEUED, turn=1000)
        draft = await insert_job(connection, "test:2")
        assert [card.job_id for card in await cards.list_open(connection, "test")] == [draft.id, queued.id]


@pytest.mark.parametrize("url", ["no address", "mysql://me:secret@host/name", "postgresql://me:secret@host:port/x"])
async def test_an_invalid_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UnusableDatabase, match="DATABASE_URL") as caught:
        async with open_database(url):
            pytest.fail("it was opened")
    assert "secret" not in str(caught.value)


async def test_a_wrong_password_is_shown_nowhere(postgres: Server, postgres_url: str) -> None:
    wrong = postgres_url.replace(postgres.password, "unmistakable")
    with pytest.raises(DBAPIError, match="password authentication failed") as caught:
        async with open_database(wrong):
            pytest.fail("it was opened")
    assert "unmistakable" not in f"{caught.value!r} {caught.value}"


async def test_a_database_without_utf8_is_refused(postgres: Server) -> None:
    postgres.execute("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(UnusableDatabase, match="LATIN1"):
        async with open_database(postgres.url("narrow")):
            pytest.fail("it was opened")


async def test_replicas_that_start_together_migrate_once(postgres: Server) -> None:
    url = postgres.new_database(migrated=False)

    async def start() -> None:
        async with open_database(url) as database:
            await count_up(database)

    await asyncio.gather(*(start() for _ in range(4)))
    async with open_database(url) as database:
        assert await last_turn(database) == 4
    postgres.drop(url)
