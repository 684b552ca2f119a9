"""Opens and closes what a service and a painter have in common: the tables, the bytes, the clock, the processes."""

import asyncio
import logging
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from obstore.store import LocalStore, ObjectStore
from sqlalchemy import text

from common.clock import DatabaseClock
from common.lock_file import exclusive_folder
from stylizer.app import Circumstances, Painting, painting
from stylizer.database import Database, open_database, unbroken
from stylizer.engines import Engine, real_engine
from stylizer.fetch import Resolve, resolve
from stylizer.file_store import Shelf
from stylizer.settings import StylizerSettings

_log = logging.getLogger(__name__)


def new_uuid() -> str:
    """An id for a task or a request."""
    return str(uuid.uuid4())


@dataclass(frozen=True)
class World:
    """What is round the service. None is what it usually is: the package's engine; a folder in `data_dir`; the
    machine's clock, or the database's where others share it. `clock` gives seconds since the epoch, `resolve` the
    addresses of a host.
    """

    engine: Engine | None = None
    store: ObjectStore | None = None
    clock: Callable[[], float] | None = None
    new_id: Callable[[], str] = new_uuid
    resolve: Resolve = resolve


@asynccontextmanager
async def opened(settings: StylizerSettings, world: World) -> AsyncIterator[tuple[Painting, Circumstances]]:
    """Everything but the API, not yet moving. Raises CannotOpen; FolderInUse when a service that has its table in this
    folder is at work already.
    """
    with ExitStack() as stack:
        if settings.database_url is None:
            in_use = f"Another stylizer is at work in {settings.data_dir}."
            stack.enter_context(exclusive_folder(settings.data_dir, lock_file="lock", in_use=in_use))
        async with open_database(
            settings.database_url or settings.data_dir / "stylizer.db", clock=world.clock
        ) as database:
            shelf = Shelf(world.store or LocalStore(settings.data_dir / "shelf", mkdir=True))
            async with _clock(database, world.clock) as clock:
                engine = world.engine or real_engine()
                secret = bytes.fromhex(await word(database, "signing"))
                given = Circumstances(engine, clock, world.new_id, world.resolve, secret)
                yield painting(settings, database, shelf, given), given


@asynccontextmanager
async def moving(parts: Painting, *others: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Everything that moves on its own, until the end of the block."""
    parts.pool.open()
    try:
        async with _beside(parts.lane.run(), parts.database.listen(parts.lane.wake), *others):
            yield
    finally:
        await parts.pool.close()


@unbroken
async def word(database: Database, name: str) -> str:
    """A random word of this name (64 hex digits): made once, the same for all who share the tables."""
    async with database.writing() as connection:
        made = {"name": name, "value": secrets.token_hex(32)}
        await connection.execute(
            text("insert into secret (name, value) values (:name, :value) on conflict (name) do nothing"), made
        )
        rows = await connection.execute(text("select value from secret where name = :name"), {"name": name})
        return str(rows.scalar_one())


@asynccontextmanager
async def _clock(database: Database, given: Callable[[], float] | None) -> AsyncIterator[Callable[[], float]]:
    if given is not None or not database.is_shared:
        yield given or time.time
        return
    clock = DatabaseClock(database.now)
    await clock.measure()
    async with _beside(clock.run()):
        yield clock.now


@asynccontextmanager
async def _beside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """These run while the block lasts; none of them ends by itself, and should one do so, it is said at once."""
    tasks = [asyncio.create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(_report)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("the service has stopped working on tasks", exc_info=error)
