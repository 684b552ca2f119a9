"""SQLite: WAL, `synchronous=FULL` (a row that is written before a paid call must survive a power cut), foreign keys on,
`BEGIN IMMEDIATE` for every write, deleted rows overwritten. One writer connection behind a lock is faster than several
that wait for busy timeouts. Sources: sqlite.org/wal.html, sqlite.org/lang_transaction.html.

Writes that wait for one another share a flush to the disk (group commit): while one flush is under way the next writes
queue up; then each runs in a savepoint, so that one that fails takes nobody along, and all are committed together. A
write is over for its caller only when it is on the disk.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from storage.sqlite_connection import SqliteConnection, Statements, as_sqlalchemy
from storage.transactions import run_to_completion

CACHE_KIB = 2000  # page cache per connection: memory grows by up to five times this
READERS = 4
NOW = "SELECT (julianday('now') - 2440587.5) * 86400.0"
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    f"cache_size = -{CACHE_KIB}",
)


class _Group:
    """Writes that are committed together. `error`: why they were not committed."""

    def __init__(self) -> None:
        self.is_over = False
        self.error: DBAPIError | None = None
        self.committing: asyncio.Task[None] | None = None


class Sqlite:
    """The database in a file; see `storage.database.Backend`."""

    is_shared = False
    now = NOW

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._writer: SqliteConnection | None = None
        self._turn = asyncio.Lock()
        self._group: _Group | None = None
        self._readers: list[SqliteConnection] = []  # those that are free
        self._reading = asyncio.Semaphore(READERS)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Statements]:
        async with self._turn:
            writer = await self._opened_writer()
            group = self._group or await self._begin(writer)
            writer.raw.execute("SAVEPOINT one")
            try:
                yield Statements(writer)
                writer.raw.execute("RELEASE one")
            except BaseException as error:
                await self._undo(writer, group)
                if isinstance(error, sqlite3.Error):
                    raise as_sqlalchemy(error, "RELEASE") from error
                raise
        assert group.committing is not None
        await run_to_completion(group.committing)
        if group.error is not None:
            raise _raised_again(group.error)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Statements]:
        async with self._reading:
            await asyncio.sleep(0)  # statements don't: a loop of reads must not keep everybody else waiting
            reader = self._readers.pop() if self._readers else await self._open()
            try:
                reader.raw.execute("BEGIN")
                yield Statements(reader)
            finally:
                reader.roll_back()
                self._readers.append(reader)

    async def checkpoint(self) -> bool:
        async with self._turn:
            writer = await self._opened_writer()
            if self._group is not None:
                await self._commit(writer, self._group)
            return await writer.thread.run(lambda: _truncate_wal(writer.raw))

    def log_bytes(self) -> int:
        return self._log.stat().st_size if self._log.exists() else 0

    async def notify(self) -> None:
        """Nothing to do: there are no other processes."""

    async def listen(self, callback: Callable[[], None]) -> None:
        """Returns at once: there are no other processes."""

    async def close(self) -> None:
        async with self._turn:
            if self._writer is not None and self._group is not None:
                await self._commit(self._writer, self._group)
        for connection in (*self._readers, self._writer):
            if connection is not None:
                await connection.close()

    async def _opened_writer(self) -> SqliteConnection:
        if self._writer is None:
            self._writer = await self._open()
        return self._writer

    async def _open(self) -> SqliteConnection:
        return await SqliteConnection.open(self._path, _PRAGMAS)

    async def _begin(self, writer: SqliteConnection) -> _Group:
        """Begin a group; whoever waits for the turn by the time its first write is done belongs to it."""
        await writer.run("BEGIN IMMEDIATE", lambda: writer.raw.execute("BEGIN IMMEDIATE"))
        group = self._group = _Group()
        group.committing = asyncio.create_task(self._commit_in_turn(writer, group))
        return group

    async def _commit_in_turn(self, writer: SqliteConnection, group: _Group) -> None:
        async with self._turn:
            if not group.is_over:
                await self._commit(writer, group)

    async def _commit(self, writer: SqliteConnection, group: _Group) -> None:
        self._group, group.is_over = None, True
        try:
            await writer.commit()
        except sqlite3.Error as error:
            writer.roll_back()
            group.error = as_sqlalchemy(error, "COMMIT")

    async def _undo(self, writer: SqliteConnection, group: _Group) -> None:
        """Undo one write of a group. Some errors, such as a full disk, undo the whole transaction."""
        if writer.raw.in_transaction:
            writer.raw.execute("ROLLBACK TO one")
            writer.raw.execute("RELEASE one")
            return
        self._group, group.is_over = None, True
        lost = sqlite3.OperationalError("the transaction was rolled back by an error of another write")
        group.error = as_sqlalchemy(lost, "COMMIT")


def _raised_again(error: DBAPIError) -> DBAPIError:
    """The same error once more: an exception that several raise would collect all their tracebacks."""
    assert isinstance(error.orig, sqlite3.Error)
    return as_sqlalchemy(error.orig, error.statement or "")


def _truncate_wal(raw: sqlite3.Connection) -> bool:
    raw.execute("PRAGMA busy_timeout = 50")
    try:
        ((busy, *_),) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        raw.execute("PRAGMA busy_timeout = 0")
    return bool(busy == 0)
