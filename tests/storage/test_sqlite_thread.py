"""SQLite's own thread: entered once a statement, and left as the transaction wants it."""

import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.database import open_database
from storage.sqlite_thread import Connection, connect

Ways = Callable[[], int]


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    connection = await connect(tmp_path / "rows.db")
    await connection.execute_fetchall("CREATE TABLE word (id INTEGER PRIMARY KEY, said TEXT UNIQUE)")
    yield connection
    await connection.close()


@pytest.fixture
def ways(caplog: pytest.LogCaptureFixture) -> Ways:
    """How often a connection's thread was entered so far, as aiosqlite logs it."""
    caplog.set_level(logging.DEBUG, logger="aiosqlite")
    return lambda: sum(record.message.startswith("executing") for record in caplog.records)


async def _said(connection: Connection) -> list[str]:
    return [
        said for (said,) in await (await connection.cursor().execute("SELECT said FROM word ORDER BY id")).fetchall()
    ]


async def test_a_transaction_of_two_statements_is_three_ways(tmp_path: Path, ways: Ways) -> None:
    async with open_database(tmp_path / "rows.db") as database:
        for opened in (database.read, database.write, database.read, database.write):
            before = ways()
            async with opened() as connection:
                await connection.execute(text("SELECT vtime FROM queue"))
                await connection.execute(
                    text("UPDATE queue SET vtime = vtime" if opened == database.write else "SELECT 1")
                )
            after = ways() - before
        assert after == 3  # the second writer's: a connection that is new is set up first


async def test_nobody_goes_there_to_end_what_was_never_begun(connection: Connection, ways: Ways) -> None:
    for end in (connection.commit, connection.rollback):
        await connection.cursor().execute("BEGIN IMMEDIATE")
        await end()
    assert ways() == 0
    assert not connection.in_transaction


async def test_what_is_committed_stays_and_what_is_rolled_back_is_gone(connection: Connection) -> None:
    for said, end in (("yes", connection.commit), ("no", connection.rollback)):
        await connection.cursor().execute("BEGIN IMMEDIATE")
        await connection.cursor().execute("INSERT INTO word (said) VALUES (?)", (said,))
        assert connection.in_transaction
        await end()
    assert await _said(connection) == ["yes"]


async def test_it_tells_what_a_statement_did(connection: Connection) -> None:
    cursor = connection.cursor()
    await cursor.executemany("INSERT INTO word (said) VALUES (?)", [("one",), ("two",)])
    assert cursor.rowcount == 2
    await cursor.execute("INSERT INTO word (said) VALUES ('three') ON CONFLICT DO NOTHING RETURNING id")
    assert (cursor.rowcount, cursor.lastrowid, await cursor.fetchall()) == (1, 3, [(3,)])
    await cursor.execute("UPDATE word SET said = said || '!' WHERE id > 1")
    assert (cursor.rowcount, cursor.description, list(await cursor.fetchall())) == (2, None, [])
    await cursor.execute("SELECT id, said FROM word WHERE id > 9")
    assert ([column[0] for column in cursor.description], await cursor.fetchall()) == (["id", "said"], [])


async def test_after_a_statement_that_fails_the_transaction_can_be_rolled_back(connection: Connection) -> None:
    await connection.cursor().execute("BEGIN IMMEDIATE")
    await connection.cursor().execute("INSERT INTO word (said) VALUES ('once')")
    with pytest.raises(sqlite3.IntegrityError):
        await connection.cursor().execute("INSERT INTO word (said) VALUES ('once')")
    await connection.rollback()
    assert (await _said(connection), connection.in_transaction) == ([], False)


async def test_a_lock_that_does_not_come_is_told_with_the_first_statement(
    tmp_path: Path, connection: Connection
) -> None:
    await connection.execute_fetchall("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(tmp_path / "rows.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await connection.cursor().execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await connection.cursor().execute("SELECT said FROM word")
    other.close()
    await connection.cursor().execute("INSERT INTO word (said) VALUES ('within')")  # it begins, now that it can
    assert connection.in_transaction
    await connection.rollback()
    assert await _said(connection) == []
