"""Opens and closes the service: `service` for whoever wants the ASGI application, `serve` for a port."""

import asyncio
import logging
import secrets
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from sqlalchemy import text
from starlette.types import ASGIApp

from stylizer.assembly import Circumstances, Parts, assembled
from stylizer.database import Database, open_database
from stylizer.engines import Engine, real_engine
from stylizer.fetch import Resolve, resolve
from stylizer.settings import StylizerSettings
from stylizer.sole import sole_user

_log = logging.getLogger(__name__)


def new_uuid() -> str:
    """An id for a task or a request."""
    return str(uuid.uuid4())


@asynccontextmanager
async def service(
    settings: StylizerSettings,
    *,
    engine: Engine | None = None,
    clock: Callable[[], float] = time.time,
    new_id: Callable[[], str] = new_uuid,
    resolve: Resolve = resolve,
) -> AsyncIterator[ASGIApp]:
    """Open everything, hand out the ASGI application, close everything; unfinished tasks wait for the next start.

    The application is ready at once: workers warm up in the background. `clock` gives seconds since the epoch,
    `resolve` the addresses of a host. Raises `FolderInUse` when another service works on the same folder.
    """
    with sole_user(settings.data_dir):
        async with open_database(settings.data_dir / "stylizer.db") as database:
            circumstances = Circumstances(engine or real_engine(), clock, new_id, resolve, await _secret(database))
            parts = assembled(settings, database, circumstances)
            await parts.table.reclaim()
            await parts.housekeeping.sweep()
            async with _running(parts):
                yield parts.app


async def serve(settings: StylizerSettings, host: str, port: int) -> None:
    """Serve on a port until SIGINT or SIGTERM."""
    async with service(settings) as app:
        await _Server(server_config(app, host=host, port=port)).serve()


def server_config(app: ASGIApp, **place: Any) -> uvicorn.Config:
    """How the service wants to be served: few callers at a time (a body may be 28 MB), gone a second after the word."""
    return uvicorn.Config(
        app,
        lifespan="off",
        date_header=False,
        server_header=False,
        log_config=None,
        access_log=False,
        limit_concurrency=64,
        timeout_graceful_shutdown=1,
        **place,
    )


class _Server(uvicorn.Server):
    """uvicorn raises a signal once more as soon as it has stopped serving, which would end us before we have closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for word in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(word, self.handle_exit, word, None)
        try:
            yield
        finally:
            for word in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(word)


@asynccontextmanager
async def _running(parts: Parts) -> AsyncIterator[None]:
    """Everything that moves on its own, until the end of the block."""
    parts.pool.open()
    moving = [asyncio.create_task(parts.lane.run()), asyncio.create_task(parts.housekeeping.run())]
    for task in moving:
        task.add_done_callback(_report)
    try:
        yield
    finally:
        for task in moving:
            task.cancel()
        await asyncio.gather(*moving, return_exceptions=True)
        await parts.pool.close()


def _report(task: asyncio.Task[None]) -> None:
    """These two never end by themselves; should one do so, it is said at once."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("the service has stopped working on tasks", exc_info=error)


async def _secret(database: Database) -> bytes:
    """What links and policies are signed with: made once, so that links outlive a restart."""
    async with database.writing() as connection:
        made = {"value": secrets.token_hex(32)}
        await connection.execute(
            text("insert into secret (name, value) values ('signing', :value) on conflict (name) do nothing"), made
        )
        rows = await connection.execute(text("select value from secret where name = 'signing'"))
        return bytes.fromhex(rows.scalar_one())
