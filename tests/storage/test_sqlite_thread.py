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

RoundTrips = Callable[[], int]


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    connection = await connect(tmp_path / "rows.db")
    await connection.execute_fetchall("CREATE TABLE word (id INTEGER PRIMARY KEY, word TEXT UNIQUE)")
    yield connection
    await connection.close()


@pytest.fixture
def round_trips(caplog: pytest.LogCaptureFixture) -> RoundTrips:
    """The number of round trips to connections' threads so far, counted in aiosqlite's log."""
    caplog.set_level(logging.DEBUG, logger="aiosqlite")
    return lambda: sum(record.message.startswith("executing") for record in caplog.records)


async def _words(connection: Connection) -> list[str]:
    return [
        word for (word,) in await (await connection.cursor().execute("SELECT word FROM word ORDER BY id")).fetchall()
    ]


async def test_a_transaction_of_two_statements_makes_three_round_trips(tmp_path: Path, round_trips: RoundTrips) -> None:
    async with open_database(tmp_path / "rows.db") as database:
        for opened in (database.read, database.write, database.read, database.write):
            before = round_trips()
            async with opened() as connection:
                await connection.execute(text("SELECT vtime FROM queue"))
                await connection.execute(
                    text("UPDATE queue SET vtime = vtime" if opened == database.write else "SELECT 1")
                )
            after = round_trips() - before
        assert after == 3  # of the second write: a new connection is set up first


async def test_ending_a_transaction_that_never_began_makes_no_round_trip(
    connection: Connection, round_trips: RoundTrips
) -> None:
    for end in (connection.commit, connection.rollback):
        await connection.cursor().execute("BEGIN IMMEDIATE")
        await end()
    assert round_trips() == 0
    assert not connection.in_transaction


async def test_committed_rows_stay_and_rolled_back_rows_are_gone(connection: Connection) -> None:
    for word, end in (("yes", connection.commit), ("no", connection.rollback)):
        await connection.cursor().execute("BEGIN IMMEDIATE")
        await connection.cursor().execute("INSERT INTO word (word) VALUES (?)", (word,))
        assert connection.in_transaction
        await end()
    assert await _words(connection) == ["yes"]


async def test_a_cursor_has_the_rows_the_row_count_and_the_description_of_its_statement(connection: Connection) -> None:
    cursor = connection.cursor()
    await cursor.executemany("INSERT INTO word (word) VALUES (?)", [("one",), ("two",)])
    assert cursor.rowcount == 2
    await cursor.execute("INSERT INTO word (word) VALUES ('three') ON CONFLICT DO NOTHING RETURNING id")
    assert (cursor.rowcount, cursor.lastrowid, await cursor.fetchall()) == (1, 3, [(3,)])
    await cursor.execute("UPDATE word SET word = word || '!' WHERE id > 1")
    assert (cursor.rowcount, cursor.description, list(await cursor.fetchall())) == (2, None, [])
    await cursor.execute("SELECT id, word FROM word WHERE id > 9")
    assert ([column[0] for column in cursor.description], await cursor.fetchall()) == (["id", "word"], [])


async def test_a_transaction_can_be_rolled_back_after_a_statement_failed(connection: Connection) -> None:
    await connection.cursor().execute("BEGIN IMMEDIATE")
    await connection.cursor().execute("INSERT INTO word (word) VALUES ('once')")
    with pytest.raises(sqlite3.IntegrityError):
        await connection.cursor().execute("INSERT INTO word (word) VALUES ('once')")
    await connection.rollback()
    assert (await _words(connection), connection.in_transaction) == ([], False)


async def test_a_lock_that_is_not_available_is_reported_by_the_first_statement(
    tmp_path: Path, connection: Connection
) -> None:
    await connection.execute_fetchall("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(tmp_path / "rows.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await connection.cursor().execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await connection.cursor().execute("SELECT word FROM word")
    other.close()
    await connection.cursor().execute("INSERT INTO word (word) VALUES ('within')")  # sends the BEGIN again
    assert connection.in_transaction
    await connection.rollback()
    assert await _words(connection) == []


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
    plain: aiosqlite.Connection, round_trips: RoundTrips
) -> None:
    await plain
    before = round_trips()
    assert await plain._execute(threading.current_thread) is plain._thread  # type: ignore[no-untyped-call]  # private
    assert round_trips() == before + 1, "Connection._execute makes more than one round trip, or logs it otherwise"
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
