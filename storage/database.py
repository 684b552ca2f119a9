"""One database: a writer that takes turns, readers beside it, and the migrations that bring its schema up to date.

On SQLite: WAL, `synchronous=FULL` (a row that was written before a paid call must survive a power cut), foreign keys
on, `BEGIN IMMEDIATE` for every write, deleted rows overwritten. One writer connection behind a lock beats several that
wait for each other's busy time-outs. Sources: sqlite.org/wal.html, sqlite.org/lang_transaction.html.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

_MIGRATIONS = Path(__file__).parent / "migrations"
T = TypeVar("T")
BUSY_MS = 10_000
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    f"busy_timeout = {BUSY_MS}",
    "secure_delete = ON",
)


class NewerSchema(Exception):
    """The database was written by a newer version of this program; starting would damage it."""


class Database:
    """Transactions for everybody: `write()` one at a time, `read()` beside it."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._writer = writer
        self._reader = reader
        self._turn = asyncio.Lock()
        self._inside: set[asyncio.Task[Any] | None] = set()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One write transaction: committed at the end, rolled back on any exception. Make no other calls inside."""
        with self._alone():
            async with self._turn, _transaction(self._writer) as connection:
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent snapshot, never waiting for the writer."""
        with self._alone():
            async with _transaction(self._reader) as connection:
                yield connection

    async def answers(self) -> bool:
        """Whether it can be read now."""
        try:
            async with self.read() as connection:
                await connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    async def fold(self) -> bool:
        """Fold SQLite's write-ahead log into the file and empty it: until then what was deleted stands there. False
        while somebody is reading: nobody is made to wait, the next time will do."""
        async with self._turn, self._writer.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            return await _finished(_folded(driver))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """A task that waits for a second connection while it holds one waits for ever, once enough tasks do."""
        task = asyncio.current_task()
        if task in self._inside:
            raise RuntimeError("a transaction inside a transaction: pass the connection on")
        self._inside.add(task)
        try:
            yield
        finally:
            self._inside.discard(task)


async def _folded(driver: aiosqlite.Connection) -> bool:
    await driver.execute_fetchall("PRAGMA busy_timeout = 50")
    try:
        ((busy, *_),) = await driver.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        await driver.execute_fetchall(f"PRAGMA busy_timeout = {BUSY_MS}")
    return bool(busy == 0)


class _Unbroken(AsyncConnection):
    """Finishes each statement before it lets itself be cancelled. SQLAlchemy throws a connection away when it meets a
    cancellation inside; and with a statement half read, SQLite keeps the transaction, and its lock, for nobody."""

    async def execute(self, *args: Any, **options: Any) -> Any:
        return await _finished(super().execute(*args, **options))


async def _finished(step: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        task.exception()  # whatever it was, the cancellation is what is told
        raise


@asynccontextmanager
async def _transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    connection = _Unbroken(engine)
    try:
        await _finished(_begun(connection))
        yield connection
        await _finished(connection.commit())
    finally:
        if connection.sync_connection is not None:
            await _finished(connection.close())  # what was not committed is rolled back


async def _begun(connection: AsyncConnection) -> None:
    await connection.start()
    await connection.begin()


@asynccontextmanager
async def open_database(path: Path) -> AsyncIterator[Database]:
    """The database in this file, migrated to the newest schema.

    Raises:
        NewerSchema: when a newer version has migrated it further.
    """
    _make_private(path)
    url = f"sqlite+aiosqlite:///{path}"
    writer = _engine(url, begin="BEGIN IMMEDIATE", connections=1)
    reader = _engine(url, begin="BEGIN", connections=4)
    try:
        async with _transaction(writer) as connection:
            await connection.run_sync(_migrate)
        yield Database(writer, reader)
    finally:
        await reader.dispose()
        await writer.dispose()


def _make_private(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)


def _engine(url: str, *, begin: str, connections: int) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=connections, max_overflow=0)

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        newest = ScriptDirectory.from_config(config).get_current_head()
        raise NewerSchema(
            f"The database is newer than this version of Repaint, which knows it up to {newest}. "
            "Start the newer version again, or restore a backup made before the upgrade."
        ) from error
