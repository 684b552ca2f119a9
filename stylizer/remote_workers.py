"""Workers on other machines: they take tasks from the shared table and serve no API.

A worker has to find the photos where the service stores them. The service therefore writes a marker file there, and a
worker that does not find it refuses to start, instead of failing everybody's tasks.
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from obstore.store import ObjectStore

from common.signals import stop_on_signals
from stylizer.app import Components
from stylizer.database import CannotOpen
from stylizer.engines import Engine
from stylizer.resources import Resources, open_components, running, shared_secret
from stylizer.settings import StylizerSettings

_log = logging.getLogger(__name__)
MARKER_FILE = "mark"
_CHECK = "check the disk, or PHOTO_STORE and its AWS_ settings."


@asynccontextmanager
async def remote_workers(
    settings: StylizerSettings,
    *,
    engine: Engine | None = None,
    store: ObjectStore | None = None,
    clock: Callable[[], float] | None = None,
) -> AsyncIterator[None]:
    """Run `settings.workers` workers until the end of the block; others then take over what is unfinished.

    `Resources` explains the keywords. Raises CannotOpen.
    """
    if settings.database_url is None:
        raise CannotOpen("Workers share the service's task table: set STYLIZER_DATABASE_URL, here and there.")
    async with open_components(settings, Resources(engine, store, clock)) as (components, _):
        await _check_marker(components)
        async with running(components):
            yield


async def serve_as_worker(
    settings: StylizerSettings, *, store: ObjectStore | None = None, ready: Callable[[], None]
) -> None:
    """Work until SIGINT or SIGTERM; `ready` is called once tasks are taken. Raises CannotOpen."""
    stop = stop_on_signals()
    async with remote_workers(settings, store=store):
        ready()
        await stop.wait()


async def write_marker(components: Components) -> None:
    """Mark the store as the one with the photos. Raises CannotOpen when it can't be written."""
    marker = await shared_secret(components.database, MARKER_FILE)
    try:
        if await components.files.get(MARKER_FILE) != marker.encode():
            _log.info("photos are kept here from now on; all who share the table need the same folder or PHOTO_STORE")
            await components.files.put(MARKER_FILE, marker.encode())
    except OSError as error:
        raise CannotOpen(f"Photos can't be stored ({type(error.__cause__ or error).__name__}): {_CHECK}") from error


async def _check_marker(components: Components) -> None:
    marker = await shared_secret(components.database, MARKER_FILE)
    try:
        found = await components.files.get(MARKER_FILE)
    except OSError as error:
        raise CannotOpen(f"Photos can't be read ({type(error.__cause__ or error).__name__}): {_CHECK}") from error
    if found != marker.encode():
        raise CannotOpen("The service's photos are not here: start it first, and set PHOTO_STORE as it is there.")
