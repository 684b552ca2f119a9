"""Puts the service together: `service` for whoever wants the ASGI application, `serve` for a port.

Nothing here decides anything; read it as a table of contents.
"""

import asyncio
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import uvicorn
from sqlalchemy import text
from starlette.applications import Starlette

from stylizer.api import Api
from stylizer.database import Database, open_database
from stylizer.drop_off import DropOff
from stylizer.engines import Engine, real_engine
from stylizer.failures import EXCEPTION_HANDLERS
from stylizer.fetch import Fetcher, Resolve, resolve
from stylizer.gate import Gate
from stylizer.housekeeping import Housekeeping
from stylizer.inputs import Inputs
from stylizer.lane import Lane
from stylizer.pool import Pool
from stylizer.results import Results
from stylizer.settings import StylizerSettings
from stylizer.shelf import Shelf
from stylizer.sole import sole_user
from stylizer.tasks import TaskTable
from stylizer.uploads import Uploads


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
) -> AsyncIterator[Starlette]:
    """Open everything, hand out the ASGI application, close everything; unfinished tasks wait for the next start.

    The application is ready at once: workers warm up in the background. `clock` gives seconds since the epoch,
    `resolve` the addresses of a host. Raises `FolderInUse` when another service works on the same folder.
    """
    engine = engine or real_engine()

    def now() -> int:
        return int(clock() * 1000)

    with sole_user(settings.data_dir):
        async with open_database(settings.data_dir / "stylizer.db") as database:
            secret = await _secret(database)
            shelf = Shelf(settings.data_dir / "shelf")
            table = TaskTable(database, life=settings.task_life)
            uploads = Uploads(database, shelf, secret, settings, now, new_id)
            fetcher = Fetcher(allow_private=settings.allow_private_addresses, resolve=resolve)
            inputs = Inputs(shelf, uploads, fetcher)
            pool = Pool(engine, workers=settings.workers, seconds=settings.seconds_per_task)
            lane = Lane(table, inputs, shelf, pool, now, settings.max_running, asyncio.Semaphore(settings.workers + 1))
            results = Results(settings, shelf, secret, now)
            gate = Gate(settings, clock)
            api = Api(settings, engine.styles, gate, database, table, inputs, results, now, new_id, lane.wake)
            housekeeping = Housekeeping(settings, table, uploads, inputs, shelf, now)
            await table.reclaim()
            await housekeeping.sweep()
            routes = [*api.routes(), *DropOff(uploads, gate).routes(), *results.routes()]
            async with _running(pool, lane, housekeeping):
                yield Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)


async def serve(settings: StylizerSettings, host: str, port: int) -> None:
    """Serve on a port until SIGINT or SIGTERM."""
    async with service(settings) as app:
        config = uvicorn.Config(
            app, host=host, port=port, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1
        )
        await uvicorn.Server(config).serve()


@asynccontextmanager
async def _running(pool: Pool, lane: Lane, housekeeping: Housekeeping) -> AsyncIterator[None]:
    """Everything that moves on its own, until the end of the block."""
    pool.open()
    moving = [asyncio.create_task(lane.run()), asyncio.create_task(housekeeping.run())]
    try:
        yield
    finally:
        for task in moving:
            task.cancel()
        for task in moving:
            with suppress(asyncio.CancelledError):
                await task
        await pool.close()


async def _secret(database: Database) -> bytes:
    """What links and policies are signed with: made once, so that links outlive a restart."""
    async with database.writing() as connection:
        made = {"value": secrets.token_hex(32)}
        await connection.execute(
            text("insert into secret (name, value) values ('signing', :value) on conflict (name) do nothing"), made
        )
        rows = await connection.execute(text("select value from secret where name = 'signing'"))
        return bytes.fromhex(rows.scalar_one())
