"""SQLite: what a statement returns and raises, where it runs, and writes that share a flush."""

import asyncio
import sqlite3
import threading
import time
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from storage.database import Database, open_database
from storage.sqlite_connection import LONG_SECONDS, Driver, SqliteConnection, Statements, expanded
from tests import ROOT

_INSERT = text("INSERT INTO word (word) VALUES (:word) ON CONFLICT DO NOTHING RETURNING id")
_WORDS = text("SELECT word FROM word ORDER BY id")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path / "rows.db") as database:
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE word (id INTEGER PRIMARY KEY, word TEXT UNIQUE)"))
        yield database


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[SqliteConnection]:
    connection = await SqliteConnection.open(tmp_path / "plain.db", ())
    connection.raw.execute("CREATE TABLE word (id INTEGER PRIMARY KEY, word TEXT UNIQUE)")
    yield connection
    await connection.close()


async def add(database: Database, *words: str) -> None:
    async with database.write() as connection:
        for word in words:
            await connection.execute(text("INSERT INTO word (word) VALUES (:word)"), {"word": word})


async def words(database: Database) -> list[str]:
    async with database.read() as connection:
        return [*(await connection.execute(_WORDS)).scalars()]


async def test_a_result_has_the_rows_the_row_count_and_the_last_id(connection: SqliteConnection) -> None:
    run = Statements(connection).execute
    assert (await run(text("INSERT INTO word (word) VALUES (:w)"), [{"w": "one"}, {"w": "two"}])).rowcount == 2
    assert (await run(_INSERT, {"word": "three"})).scalar_one() == 3
    assert (await run(_INSERT, {"word": "three"})).scalar_one_or_none() is None
    changed = await run(text("UPDATE word SET word = word || '!' WHERE id > 1"))
    assert changed.rowcount == 2
    found = (await run(text("SELECT id, word AS w FROM word WHERE id IN :ids"), {"ids": [1, 3]})).all()
    assert [(row.id, row.w) for row in found] == [(1, "one"), (3, "three!")]
    assert (await run(text("SELECT id FROM word WHERE id IN :ids"), {"ids": []})).first() is None


def test_a_list_becomes_one_parameter_for_each_element() -> None:
    sql, values = expanded("x IN :ids AND y = :id AND z NOT IN :none", {"ids": (7, 8), "id": 1, "none": []})
    assert sql == "x IN (:ids_0, :ids_1) AND y = :id AND z NOT IN (SELECT 1 WHERE 0)"
    assert values == {"ids_0": 7, "ids_1": 8, "id": 1}


async def test_an_error_is_of_sqlalchemys_kind_and_shows_no_values(database: Database) -> None:
    await add(database, "secret")
    with pytest.raises(IntegrityError) as raised:
        await add(database, "secret")
    assert "secret" not in str(raised.value)


async def test_a_statement_that_took_long_leaves_the_event_loop_alone_until_it_is_quick(
    connection: SqliteConnection,
) -> None:
    seen: list[int] = []

    def pause(seconds: float) -> int:
        seen.append(threading.get_ident())
        time.sleep(seconds)  # the subject: a statement that takes long
        return 1

    connection.raw.create_function("pause", 1, pause)
    here, run = threading.get_ident(), Statements(connection).execute
    for seconds in (2 * LONG_SECONDS, 2 * LONG_SECONDS):
        await run(text("SELECT pause(:seconds)"), {"seconds": seconds})
    assert [thread == here for thread in seen] == [True, False]
    while seen[-1] != here:  # usually once more; a busy machine may be slow itself
        await run(text("SELECT pause(:seconds)"), {"seconds": 0.0})


async def test_a_lock_of_another_process_is_waited_for_in_the_thread(tmp_path: Path, database: Database) -> None:
    other = sqlite3.connect(tmp_path / "rows.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(add(database, "patient"))
    await asyncio.sleep(0)  # the loop goes on meanwhile
    assert not waiting.done()
    other.execute("COMMIT")
    await waiting
    other.close()
    assert await words(database) == ["patient"]


class Flushes:
    """The flushes of a database's writer, each held back until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number = 0
        self.may_go = asyncio.Event()
        original = Driver.run

        async def counted(thread: Driver, call: Any) -> Any:
            self.number += 1
            await self.may_go.wait()
            return await original(thread, call)

        monkeypatch.setattr(Driver, "run", counted)


async def test_writes_that_wait_share_a_flush(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    flushes = Flushes(monkeypatch)
    tasks = [asyncio.create_task(add(database, f"word {number}")) for number in range(50)]
    await asyncio.sleep(0)
    flushes.may_go.set()
    await asyncio.gather(*tasks)
    assert flushes.number <= 2
    assert len(await words(database)) == 50


async def test_a_write_is_over_only_when_it_is_flushed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    flushes = Flushes(monkeypatch)
    writing = asyncio.create_task(add(database, "not yet"))
    for _ in range(5):  # steps of the loop
        await asyncio.sleep(0)
    assert flushes.number == 1
    assert (writing.done(), await words(database)) == (False, [])
    flushes.may_go.set()
    await writing
    assert await words(database) == ["not yet"]


async def test_a_write_that_fails_takes_nobody_along(database: Database) -> None:
    async def fail(word: str) -> None:
        async with database.write() as connection:
            await connection.execute(_INSERT, {"word": word})
            raise ZeroDivisionError

    writes = [add(database, "a"), fail("b"), add(database, "c", "a"), add(database, "d")]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(one) for one in outcomes] == [type(None), ZeroDivisionError, IntegrityError, type(None)]
    assert await words(database) == ["a", "d"]


async def test_when_the_flush_fails_all_who_share_it_are_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE long (value TEXT)"))
    async with database.write() as connection:
        await connection.execute(text("PRAGMA max_page_count = 1"))  # a full disk: it can't grow any more
    large = text("INSERT INTO long VALUES (hex(zeroblob(200000)))")

    async def fill() -> None:
        async with database.write() as connection:
            await connection.execute(large)

    outcomes = await asyncio.gather(add(database, "before"), fill(), add(database, "after"), return_exceptions=True)
    assert isinstance(outcomes[1], OperationalError)
    there = await words(database)
    for word, outcome in (("before", outcomes[0]), ("after", outcomes[2])):
        assert (outcome is None) == (word in there), "who was told that it is stored can rely on it"


# What `Driver` relies on inside aiosqlite, which promises none of it. When this fails after an update, adapt `Driver`
# before you raise the bound in pyproject.toml.
async def test_aiosqlite_is_as_we_know_it(tmp_path: Path) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert "aiosqlite>=0.22.1,<0.23" in declared
    driver = Driver(tmp_path / "plain.db", ())
    assert not driver._thread.is_alive(), "too late to make it a daemon"
    await driver
    assert await driver.run(threading.current_thread) is driver._thread
    assert isinstance(driver.raw, sqlite3.Connection)
    with pytest.raises(ZeroDivisionError):
        await driver.run(lambda: 1 // 0)
    await driver.close()
    assert not driver._thread.is_alive() or driver._thread.daemon
