"""The thread of a SQLite connection: one round trip a statement, and transactions that begin and end as they should."""

import inspect
import logging
import sqlite3
import threading
import tomllib
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import aiosqlite
import pytest
from sqlalchemy import text

from storage.database import open_database
from storage.sqlite_thread import Connection, connect
from tests import ROOT

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


# What `storage.sqlite_thread` relies on inside aiosqlite, which promises none of it. When one of these fails after an
# update, adapt `storage.sqlite_thread.Connection` before you raise the bound in pyproject.toml.

BOUND = "aiosqlite>=0.22.1,<0.23"


@pytest.fixture
def plain(tmp_path: Path) -> aiosqlite.Connection:
    """A connection of aiosqlite's own class, not open yet."""
    return aiosqlite.Connection(partial(sqlite3.connect, tmp_path / "plain.db", isolation_level=None), 64)


def test_only_versions_of_aiosqlite_whose_internals_are_known_are_allowed() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert BOUND in declared, "Read the tests below before you change the bound: they say what has to stay true."
    assert aiosqlite.__version__.startswith("0.22."), f"aiosqlite {aiosqlite.__version__} is outside of {BOUND}"


def test_aiosqlite_takes_a_function_that_connects_and_the_size_of_a_chunk() -> None:
    _, connector, chunk, *others = inspect.signature(aiosqlite.Connection.__init__).parameters.values()
    assert (connector.name, chunk.name) == ("connector", "iter_chunk_size")
    assert all(other.default is not inspect.Parameter.empty for other in others)


async def test_the_thread_of_aiosqlite_is_in_thread_and_does_not_run_before_the_connection_is_awaited(
    plain: aiosqlite.Connection,
) -> None:
    assert isinstance(plain._thread, threading.Thread), "aiosqlite has renamed Connection._thread"
    assert not plain._thread.is_alive(), "too late to make it a daemon: the thread runs from the start now"
    plain._thread.daemon = True
    await plain
    assert plain._thread.is_alive(), "the connection works in another thread now"
    await plain.close()


async def test_execute_of_aiosqlite_calls_a_function_once_in_that_thread_and_returns_what_it_returns(
    plain: aiosqlite.Connection, ways: Ways
) -> None:
    await plain
    before = ways()
    assert await plain._execute(threading.current_thread) is plain._thread  # type: ignore[no-untyped-call]  # private
    assert ways() == before + 1, "Connection._execute makes more than one round trip, or logs it otherwise"
    with pytest.raises(ZeroDivisionError):
        await plain._execute(lambda: 1 // 0)  # type: ignore[no-untyped-call]  # private
    await plain.close()


async def test_the_sqlite_connection_of_aiosqlite_is_in_conn(plain: aiosqlite.Connection) -> None:
    await plain
    assert isinstance(plain._conn, sqlite3.Connection), "aiosqlite has renamed Connection._conn"
    assert not plain.in_transaction
    await plain.execute_fetchall("BEGIN")
    assert (plain.in_transaction, plain._conn.in_transaction) == (True, True)
    await plain.rollback()
    await plain.close()
