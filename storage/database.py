"""The database: exclusive write transactions, concurrent reads, and migrations.

It is a SQLite file, or a PostgreSQL database that several replicas share. Callers see no difference, and all SQL works
on both; what differs is in `storage.sqlite` and `storage.postgres`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.sqlite import Sqlite
from storage.transactions import UnusableDatabase

MAX_LOG_BYTES = 32 * 2**20  # SQLite begins its log anew at 4 MiB, unless reads overlap
SOON_SECONDS = 1.0
Write = Callable[[AsyncConnection], Awaitable[None]]
_MIGRATIONS = Path(__file__).parent / "migrations"


class NewerSchema(Exception):
    """The database was migrated by a newer version of this program; starting would damage it."""


class Backend(Protocol):
    """What differs between SQLite and PostgreSQL."""

    is_shared: bool  # whether other processes may use it too
    now: str  # a statement that selects the time

    def write(self) -> AbstractAsyncContextManager[AsyncConnection]: ...  # exclusive across processes

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]: ...  # on a consistent snapshot

    async def checkpoint(self) -> bool: ...

    def log_bytes(self) -> int: ...

    async def notify(self) -> None: ...

    async def listen(self, callback: Callable[[], None]) -> None: ...

    async def close(self) -> None: ...


class Database:
    """Transactions: `write()` one at a time, `read()` concurrently."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._tasks_inside: set[asyncio.Task[Any] | None] = set()
        self._soon: list[tuple[Write, asyncio.Future[None]]] = []
        self._soon_seconds, self._soon_at = SOON_SECONDS, 0.0
        self._writing_soon: asyncio.Task[None] | None = None

    @property
    def is_shared(self) -> bool:
        """Whether other processes may use it too."""
        return self._backend.is_shared

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A write transaction, committed at the end and rolled back on any exception. Await nothing else inside."""
        with self._forbid_nesting():
            taken: list[tuple[Write, asyncio.Future[None]]] = []
            errors: list[Exception | None] = []
            try:
                async with self._backend.write() as connection:
                    yield connection
                    taken, self._soon = self._soon, []
                    errors = [await _attempt(connection, write) for write, _ in taken]
            except Exception as error:
                _settle(taken, [error] * len(taken))
                raise
            except BaseException:
                self._soon = taken + self._soon  # perhaps they are committed; they can be repeated
                raise
            _settle(taken, errors)

    def write_soon(self, write: Write) -> asyncio.Future[None]:
        """Make a small write in the next transaction, or within a second in one of its own: a flush to the disk less.
        For what only has to be repeated if the process ends before; it may be made twice.

        Returns a future that is done when it is committed, and raises SQLAlchemyError if it could not be."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        if not self._soon:
            self._soon_at = loop.time() + self._soon_seconds
        self._soon.append((write, future))
        if self._writing_soon is None or self._writing_soon.done():
            self._writing_soon = asyncio.create_task(self._write_rest())
        return future

    async def hurry(self) -> None:
        """Make now what `write_soon` has put off; nothing is put off any more."""
        self._soon_seconds = 0.0
        if self._writing_soon is not None:
            self._writing_soon.cancel()
            self._writing_soon = None
        await self._write_soon_now()

    async def close(self) -> None:
        """Make what was put off, and close all connections."""
        if self._writing_soon is not None:
            self._writing_soon.cancel()
        await self._write_soon_now()
        await self._backend.close()

    async def _write_rest(self) -> None:
        while self._soon:  # others than at first, when those went with another write
            if (rest := self._soon_at - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(rest)
            else:
                await self._write_soon_now()

    async def _write_soon_now(self) -> None:
        if not self._soon:
            return
        try:
            async with self.write():
                pass
        except SQLAlchemyError as error:  # told to those who wait for it
            taken, self._soon = self._soon, []
            _settle(taken, [error] * len(taken))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A read transaction on a consistent snapshot; it never waits for the writer."""
        with self._forbid_nesting():
            async with self._backend.read() as connection:
                yield connection

    async def is_reachable(self) -> bool:
        """Whether the database can be read now."""
        try:
            async with self.read() as connection:
                await connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    async def now(self) -> float:
        """Return the database's time in seconds since the epoch: one clock for all processes that share it."""
        async with self.read() as connection:
            return float((await connection.execute(text(self._backend.now))).scalar_one())

    async def notify(self) -> None:
        """Notify all processes that rows have changed. This is only a hint; with SQLite it does nothing."""
        await self._backend.notify()

    async def listen(self, callback: Callable[[], None]) -> None:
        """Call `callback` at each `notify()` of any process, our own included, and after each reconnection, when some
        may have been missed. Runs forever; with SQLite it returns at once."""
        await self._backend.listen(callback)

    async def checkpoint(self) -> bool:
        """Copy SQLite's write-ahead log into the file and empty it: until then it contains deleted data. Returns False
        if a reader prevents it; try again later."""
        return await self._backend.checkpoint()

    async def bound_log(self) -> None:
        """Empty SQLite's write-ahead log if it has grown far beyond what SQLite keeps by itself: it begins the log anew
        only when nobody reads, and reads that overlap can prevent that for hours."""
        if self._backend.log_bytes() > MAX_LOG_BYTES:
            await self.checkpoint()

    @contextmanager
    def _forbid_nesting(self) -> Iterator[None]:
        """Forbid nested transactions: tasks that hold one connection and wait for another can deadlock."""
        task = asyncio.current_task()
        if task in self._tasks_inside:
            raise RuntimeError("a transaction inside a transaction: pass the connection on")
        self._tasks_inside.add(task)
        try:
            yield
        finally:
            self._tasks_inside.discard(task)


@asynccontextmanager
async def open_database(where: Path | str) -> AsyncIterator[Database]:
    """Open the SQLite database in this file or the PostgreSQL database at this URL, and migrate it.

    Raises:
        NewerSchema: a newer version has migrated it further.
        NotUsable: the URL is not that of a usable PostgreSQL database.
    """
    backend = Sqlite(where) if isinstance(where, Path) else _postgres(where)
    database = Database(backend)
    try:
        async with backend.write() as connection:
            await connection.run_sync(migrate)
        yield database
    finally:
        await database.close()


async def _attempt(connection: AsyncConnection, write: Write) -> Exception | None:
    """Make a write within another one's transaction, which it must not break."""
    try:
        async with connection.begin_nested():
            await write(connection)
    except Exception as error:  # noqa: BLE001  # told to whoever waits for it
        return error
    return None


def _settle(taken: list[tuple[Write, "asyncio.Future[None]"]], errors: list[Exception | None]) -> None:
    for (_, future), error in zip(taken, errors, strict=True):
        if not future.done():
            future.set_result(None) if error is None else future.set_exception(error)


def _postgres(url: str) -> Backend:
    from storage.postgres import Postgres  # noqa: PLC0415  # its driver is an optional dependency

    return Postgres(url)


def _prepare_postgres(connection: Connection) -> None:
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise UnusableDatabase(
            f"The database's encoding is {encoding}. Make one with: CREATE DATABASE … ENCODING 'UTF8'"
        )
    # A migration may pause for longer than a write; replicas that start together wait for the first one.
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 60000")


def migrate(connection: Connection) -> None:
    """Migrate the schema to the newest version, in this transaction. Raises NewerSchema or UnusableDatabase."""
    if connection.dialect.name == "postgresql":
        _prepare_postgres(connection)
    if not _is_newest(connection):
        _upgrade(connection)


def _is_newest(connection: Connection) -> bool:
    """Checked without Alembic, whose import takes a seventh of a start and is rarely needed."""
    newest = max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]
    if not inspect(connection).has_table("alembic_version"):
        return False
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [newest]


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  # see `_is_newest`
    from alembic.config import Config  # noqa: PLC0415  # likewise
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # likewise
    from alembic.util import CommandError  # noqa: PLC0415  # likewise

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
