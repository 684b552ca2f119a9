"""Opens and closes the service: `service` for whoever wants the ASGI application, `serve` for a port."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from obstore.store import ObjectStore
from starlette.types import ASGIApp

from common import http_server
from common.signals import stop_on_signals
from stylizer.app import serving
from stylizer.engines import Engine
from stylizer.fetch import Resolve, resolve
from stylizer.remote_workers import leave_mark
from stylizer.resources import World, moving, new_uuid, opened
from stylizer.settings import StylizerSettings

# The caller should be the one who hangs up (httpx does after 5 s): a submit that crosses our goodbye is one in doubt.
IDLE_SECONDS = 15


@asynccontextmanager
async def service(
    settings: StylizerSettings,
    *,
    engine: Engine | None = None,
    store: ObjectStore | None = None,
    clock: Callable[[], float] | None = None,
    new_id: Callable[[], str] = new_uuid,
    resolve: Resolve = resolve,
) -> AsyncIterator[ASGIApp]:
    """Open everything, hand out the ASGI application, close everything; unfinished tasks wait for the next start, or
    for the others who share the table.

    The application is ready at once: workers warm up in the background. `World` explains the keywords. Raises
    FolderInUse when another service works on the same folder, CannotOpen when the tables or the store can't be used.
    """
    async with opened(settings, World(engine, store, clock, new_id, resolve)) as (parts, given):
        served = serving(settings, parts, given)
        await parts.table.allow(settings.max_running)
        if parts.database.is_shared:
            await leave_mark(parts)
            await served.housekeeping.sweep_in_turn()
        else:
            await parts.table.reclaim()
            await served.housekeeping.sweep()
        async with moving(parts, served.housekeeping.run()):
            yield served.app


async def serve(
    settings: StylizerSettings,
    host: str,
    port: int,
    *,
    store: ObjectStore | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve on a port until SIGINT or SIGTERM; `ready` is called once it answers there. Raises as `service` does."""
    async with service(settings, store=store) as app:
        await http_server.serve(server_config(app, host=host, port=port), stop_on_signals(), ready=ready)


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
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=1,
        **place,
    )
