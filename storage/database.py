"""One database: a writer that takes turns, readers beside it, and the migrations that bring its schema up to date.

It is a file of SQLite's, or a PostgreSQL that several replicas share; everything above this folder sees no difference,
and all other SQL is one text for both. What is special to each is in `storage.sqlite` and `storage.postgres`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.sqlite import Sqlite
from storage.transactions import UnusableDatabase, transaction

_MIGRATIONS = Path(__file__).parent / "migrations"


class NewerSchema(Exception):
    """The database was written by a newer version of this program; starting would damage it."""


class Engines(Protocol):
    """What SQLite and PostgreSQL do each in its own way."""

    writer: AsyncEngine  # its transactions are alone, in all processes
    reader: AsyncEngine  # its transactions see one moment
    now: str  # a statement that tells the time

    async def checkpoint(self) -> bool: ...

    async def notify(self) -> None: ...

    async def listen(self, ring: Callable[[], None]) -> None: ...


class Database:
    """Transactions for everybody: `write()` one at a time, `read()` beside it."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._write_lock = asyncio.Lock()
        self._tasks_inside: set[asyncio.Task[Any] | None] = set()

    @property
    def is_shared(self) -> bool:
        """Whether other processes may work on it too."""
        return not isinstance(self._engines, Sqlite)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One write transaction: committed at the end, rolled back on any exception. Make no other calls inside."""
        with self._forbid_nesting():
            async with self._write_lock, transaction(self._engines.writer) as connection:
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent snapshot, never waiting for the writer."""
        with self._forbid_nesting():
            async with transaction(self._engines.reader) as connection:
                yield connection

    async def is_reachable(self) -> bool:
        """Whether it can be read now."""
        try:
            async with self.read() as connection:
                await connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    async def now(self) -> float:
        """The database's own time, seconds since the epoch: one clock for all who share it."""
        async with self.read() as connection:
            return float((await connection.execute(text(self._engines.now))).scalar_one())

    async def notify(self) -> None:
        """Tell all other processes that rows have changed (a hint, as a bell's ring is); alone, nobody is told."""
        await self._engines.notify()

    async def listen(self, ring: Callable[[], None]) -> None:
        """Ring at every `notify()` of whichever process, our own too, and after each time that the line was cut, when
        some may have been missed. For ever; with SQLite there is nothing to hear, and it ends at once."""
        await self._engines.listen(ring)

    async def checkpoint(self) -> bool:
        """Fold SQLite's write-ahead log into the file and empty it: until then what was deleted stands there. False
        while somebody is reading: nobody is made to wait, the next time will do."""
        async with self._write_lock:
            return await self._engines.checkpoint()

    @contextmanager
    def _forbid_nesting(self) -> Iterator[None]:
        """A task that waits for a second connection while it holds one waits for ever, once enough tasks do."""
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
    """The database in this file of SQLite's, or at this address of a PostgreSQL, migrated to the newest schema.

    Raises:
        NewerSchema: when a newer version has migrated it further.
        NotUsable: the address is none of a PostgreSQL database.
    """
    engines = Sqlite(where) if isinstance(where, Path) else _postgres(where)
    try:
        async with transaction(engines.writer) as connection:
            await connection.run_sync(migrate)
        yield Database(engines)
    finally:
        await engines.reader.dispose()
        await engines.writer.dispose()


def _postgres(url: str) -> Engines:
    from storage.postgres import Postgres  # noqa: PLC0415  # its driver is an extra that a single process can do without

    return Postgres(url)


def _prepare_postgres(connection: Connection) -> None:
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise UnusableDatabase(
            f"The database's encoding is {encoding}. Make one with: CREATE DATABASE … ENCODING 'UTF8'"
        )
    # A migration may think for longer than a write; replicas that start together wait for the first of them.
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 60000")


def migrate(connection: Connection) -> None:
    """Migrate the schema to the newest version, in this transaction. Raises NewerSchema or UnusableDatabase."""
    if connection.dialect.name == "postgresql":
        _prepare_postgres(connection)
    if not _is_newest(connection):
        _upgrade(connection)


def _is_newest(connection: Connection) -> bool:
    """Nearly always: so nearly every start does without Alembic, which takes a seventh of it."""
    newest = max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]
    if not inspect(connection).has_table("alembic_version"):
        return False
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [newest]


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  # as just said
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
