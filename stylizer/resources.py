"""Opens and closes what a service and a remote worker both need: task table, file store, clock, worker pool."""

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
from stylizer.app import Components, Context, build_components
from stylizer.database import Database, open_database, uncancellable
from stylizer.engines import Engine, real_engine
from stylizer.fetch import Resolve, resolve
from stylizer.file_store import FileStore
from stylizer.settings import StylizerSettings

_log = logging.getLogger(__name__)


def new_uuid() -> str:
    """An id for a task or a request."""
    return str(uuid.uuid4())


@dataclass(frozen=True)
class Resources:
    """What a caller may supply instead of the defaults.

    Defaults for None: this package's engine; a store in `data_dir`; the machine's clock, or the database's when the
    task table is shared. `clock` returns seconds since the epoch, `resolve` the addresses of a host.
    """

    engine: Engine | None = None
    store: ObjectStore | None = None
    clock: Callable[[], float] | None = None
    new_id: Callable[[], str] = new_uuid
    resolve: Resolve = resolve


@asynccontextmanager
async def open_components(
    settings: StylizerSettings, resources: Resources
) -> AsyncIterator[tuple[Components, Context]]:
    """Everything but the API, not running yet.

    Raises:
        CannotOpen: the task table can't be used.
        FolderInUse: another service has its task table in this folder.
    """
    with ExitStack() as stack:
        if settings.database_url is None:
            in_use = f"Another stylizer is at work in {settings.data_dir}."
            stack.enter_context(exclusive_folder(settings.data_dir, lock_file="lock", in_use=in_use))
        where = settings.database_url or settings.data_dir / "stylizer.db"
        async with open_database(where, clock=resources.clock) as database:
            files = FileStore(resources.store or LocalStore(settings.data_dir / "shelf", mkdir=True))
            async with _open_clock(database, resources.clock) as clock:
                engine = resources.engine or real_engine()
                secret = bytes.fromhex(await shared_secret(database, "signing"))
                context = Context(engine, clock, resources.new_id, resources.resolve, secret)
                yield build_components(settings, database, files, context), context


@asynccontextmanager
async def running(components: Components, *others: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Worker pool, scheduler and the `others` run until the end of the block."""
    scheduler = components.scheduler
    components.pool.open()
    try:
        async with _in_background(scheduler.run(), components.database.listen(scheduler.wake), *others):
            yield
    finally:
        await components.pool.close()


@uncancellable
async def shared_secret(database: Database, name: str) -> str:
    """The secret of this name (64 hex digits): created once, the same for all who share the table."""
    async with database.write() as connection:
        created = {"name": name, "value": secrets.token_hex(32)}
        await connection.execute(
            text("insert into secret (name, value) values (:name, :value) on conflict (name) do nothing"), created
        )
        rows = await connection.execute(text("select value from secret where name = :name"), {"name": name})
        return str(rows.scalar_one())


@asynccontextmanager
async def _open_clock(database: Database, given: Callable[[], float] | None) -> AsyncIterator[Callable[[], float]]:
    if given is not None or not database.is_shared:
        yield given or time.time
        return
    clock = DatabaseClock(database.now)
    await clock.measure()
    async with _in_background(clock.run()):
        yield clock.now


@asynccontextmanager
async def _in_background(*coroutines: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run these until the end of the block. None of them ends by itself; if one does, that is logged at once."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
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
