"""The database: SQLite's settings, exclusive writes, cancellation, and schema versions."""

import asyncio
import itertools
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

import storage.database
from storage import people
from storage.database import Database, NewerSchema, open_database
from storage.sqlite import CACHE_KIB
from tests.conftest import ON_BOTH
from tests.fakes.postgres import place_of
from tests.harness.rows import NOON, insert_person

TABLES = {"person", "chat", "queue", "account", "job", "attempt", "quota", "ledger", "result", "outbox", "link_use"}


async def _pragma(connection: AsyncConnection, name: str) -> object:
    return (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()


async def _people(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(text("SELECT COUNT(*) FROM person"))).scalar_one())


def _foreign_permissions(folder: Path) -> dict[str, int]:
    """The permissions of group and others for each file."""
    return {file.name: file.stat().st_mode & 0o077 for file in folder.iterdir()}


def _is_in_files(folder: Path, content: bytes) -> bool:
    return any(content in file.read_bytes() for file in folder.iterdir())


async def test_every_connection_is_durable_and_checks_foreign_keys(tmp_path: Path) -> None:
    async with open_database(tmp_path / "rows.db") as database:
        for opened in (database.write(), database.read()):
            async with opened as connection:
                values = [await _pragma(connection, name) for name in ("journal_mode", "synchronous", "foreign_keys")]
                assert values == ["wal", 2, 1]  # 2 is FULL


async def test_the_page_cache_of_every_connection_is_limited_to_two_megabytes(tmp_path: Path) -> None:
    async with open_database(tmp_path / "rows.db") as database:
        for opened in (database.write(), database.read()):
            async with opened as connection:
                assert await _pragma(connection, "cache_size") == -CACHE_KIB


async def test_reads_that_overlap_for_ever_dont_keep_the_log_from_being_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.database, "MAX_LOG_BYTES", 2**17)
    log, stop, reads = tmp_path / "rows.db-wal", asyncio.Event(), 0
    async with open_database(tmp_path / "rows.db") as database, asyncio.TaskGroup() as group:

        async def read() -> None:
            nonlocal reads
            while not stop.is_set():
                async with database.read() as connection:
                    await connection.execute(text("SELECT COUNT(*) FROM person"))
                    await connection.execute(text("SELECT COUNT(*) FROM chat"))
                    reads += 1

        for _ in range(4):
            group.create_task(read())
        while log.stat().st_size < 2**17:
            async with database.write() as connection:
                await insert_person(connection, f"person {reads}" * 100)
        await database.bound_log()
        assert log.stat().st_size == 0
        stop.set()  # each ends with one more read


async def test_deleted_rows_are_not_in_the_files_any_more(tmp_path: Path) -> None:
    async with open_database(tmp_path / "rows.db") as database:
        for number in range(50):
            async with database.write() as connection:
                await insert_person(connection, f"unmistakable {number}")
        async with database.write() as connection:
            for table in ("person", "chat"):
                await connection.execute(text(f"DELETE FROM {table}"))
        async with database.read() as connection:
            await connection.execute(text("SELECT 1 FROM person"))
            assert not await database.checkpoint()  # not while a reader uses the old snapshot
        assert await database.checkpoint()
        assert not _is_in_files(tmp_path, b"unmistakable")
        async with database.write() as connection:
            await insert_person(connection)
        assert await _people(database) == 1


@ON_BOTH
async def test_foreign_keys_are_enforced(tmp_path: Path) -> None:
    async with open_database(place_of(tmp_path)) as database:
        with pytest.raises(Exception, match=r"(?i)foreign key"):
            async with database.write() as connection:
                await connection.execute(
                    text("INSERT INTO attempt (job_id, n, account_id, intent_at) VALUES (7, 1, 'a', 0)")
                )


async def test_an_empty_database_gets_every_table_and_a_second_start_changes_nothing(
    tmp_path: Path, database_kind: str
) -> None:
    place = tmp_path / "deep" / "rows.db" if database_kind == "sqlite" else place_of(tmp_path)
    async with open_database(place) as database, database.write() as connection:
        await insert_person(connection)
    async with open_database(place) as database:
        async with database.read() as connection:
            assert set(await connection.run_sync(lambda sync: inspect(sync).get_table_names())) >= TABLES
        assert await _people(database) == 1


async def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    async with open_database(path) as database, database.write() as connection:
        await insert_person(connection)
        assert _foreign_permissions(tmp_path) == {"rows.db": 0, "rows.db-wal": 0, "rows.db-shm": 0}


@ON_BOTH
async def test_a_newer_schema_is_refused_with_a_clear_message(tmp_path: Path) -> None:
    async with open_database(place_of(tmp_path)) as database:
        async with database.write() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(NewerSchema, match="newer than this version of Repaint"):
            async with open_database(place_of(tmp_path)):
                pytest.fail("it was opened")
        async with database.read() as connection:
            found = await connection.execute(text("SELECT version_num FROM alembic_version"))
            assert found.scalars().all() == ["9999"]


@ON_BOTH
async def test_writers_take_turns(tmp_path: Path) -> None:
    inside, most = 0, 0

    async def write(database: Database, name: str) -> None:
        nonlocal inside, most
        async with database.write() as connection:
            inside += 1
            most = max(most, inside)
            await insert_person(connection, name)
            inside -= 1

    async with open_database(place_of(tmp_path)) as database:
        await asyncio.gather(*(write(database, f"person {number}") for number in range(50)))
        assert most == 1
        assert await _people(database) == 50


@ON_BOTH
async def test_readers_see_a_snapshot_and_never_wait_for_the_writer(tmp_path: Path) -> None:
    async with open_database(place_of(tmp_path)) as database, database.write() as writing:
        await insert_person(writing)
        assert await asyncio.create_task(_people(database)) == 0  # while the write transaction is open


@ON_BOTH
async def test_a_nested_transaction_raises_at_once(tmp_path: Path) -> None:
    """It would deadlock, but only if enough tasks do it at the same time."""
    async with open_database(place_of(tmp_path)) as database:
        for outer, inner in itertools.product((database.read, database.write), repeat=2):
            with pytest.raises(RuntimeError, match="pass the connection on"):
                async with outer(), inner():
                    pytest.fail("it was allowed")
        await asyncio.gather(*(_people(database) for _ in range(30)))


@ON_BOTH
async def test_an_exception_rolls_the_transaction_back(tmp_path: Path) -> None:
    async with open_database(place_of(tmp_path)) as database:
        with pytest.raises(ZeroDivisionError):
            async with database.write() as connection:
                await insert_person(connection)
                raise ZeroDivisionError
        assert await _people(database) == 0


@ON_BOTH
async def test_a_cancelled_task_leaves_no_open_transaction(tmp_path: Path) -> None:
    """Cancels a write at each possible point: the next write must not be blocked, and writes are complete or absent."""

    async def write(database: Database, number: int) -> None:
        async with database.write() as connection:
            for part in ("left", "right"):
                await people.upsert_person(connection, platform=part, platform_id=str(number), language="en", now=NOON)

    async with open_database(place_of(tmp_path)) as database:
        for number in range(60):
            task = asyncio.create_task(write(database, number))
            for _ in range(number):  # cancel after so many steps of the loop
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            async with asyncio.timeout(5), database.write() as connection:
                await insert_person(connection, f"after {number}")
        async with database.read() as connection:
            halves = await connection.execute(
                text("SELECT platform_id, COUNT(*) AS n FROM person WHERE platform <> 'test' GROUP BY platform_id")
            )
            assert {row.n for row in halves} <= {2}
            after = await connection.execute(text("SELECT COUNT(*) FROM person WHERE platform = 'test'"))
            assert after.scalar_one() == 60
