"""Opens and closes the service: `service` yields the ASGI application, `serve` listens on a port."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from obstore.store import ObjectStore
from starlette.types import ASGIApp

from common import http_server
from common.signals import stop_on_signals
from stylizer.app import build_api
from stylizer.engines import Engine
from stylizer.fetch import Resolve, resolve
from stylizer.remote_workers import write_marker
from stylizer.resources import Resources, new_uuid, open_components, running
from stylizer.settings import StylizerSettings

# The client should close idle connections first (httpx does so after 5 s): a submit sent while the server closes the
# connection leaves the client not knowing whether it arrived.
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
    """Run the service until the end of the block; `Resources` explains the keywords.

    The application answers at once: workers warm up in the background. Unfinished tasks wait for the next start, or
    for the other services and workers that share the table.

    Raises:
        CannotOpen: the task table or the store can't be used.
        FolderInUse: another service works on the same folder.
    """
    resources = Resources(engine, store, clock, new_id, resolve)
    async with open_components(settings, resources) as (components, context):
        api = build_api(settings, components, context)
        await components.tasks.set_max_running(settings.max_running)
        if components.database.is_shared:
            await write_marker(components)
            await api.housekeeping.sweep_if_due()
        else:
            await components.tasks.requeue_running()
            await api.housekeeping.sweep()
        async with running(components, api.housekeeping.run()):
            yield api.app


async def serve(
    settings: StylizerSettings,
    host: str,
    port: int,
    *,
    store: ObjectStore | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve on a port until SIGINT or SIGTERM; `ready` is called once it answers. Raises as `service` does."""
    async with service(settings, store=store) as app:
        await http_server.serve(server_config(app, host=host, port=port), stop_on_signals(), ready=ready)


def server_config(app: ASGIApp, **address: Any) -> uvicorn.Config:
    """uvicorn's settings: few connections at a time (a body may be 28 MB), at most a second to shut down."""
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
        **address,
    )
