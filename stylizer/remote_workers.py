"""Painters on other machines: they take tasks from the table that services share, and serve nobody themselves.

A painter has to find the photos where the service puts them. So the service leaves a mark beside them, and a painter
that doesn't find it says so, instead of ending everybody's tasks as broken.
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from obstore.store import ObjectStore

from common.signals import stop_on_signals
from stylizer.app import Painting
from stylizer.database import CannotOpen
from stylizer.engines import Engine
from stylizer.resources import World, moving, opened, word
from stylizer.settings import StylizerSettings

_log = logging.getLogger(__name__)
MARK = "mark"
_CHECK = "check the disk, or PHOTO_STORE and its AWS_ settings."


@asynccontextmanager
async def painters(
    settings: StylizerSettings,
    *,
    engine: Engine | None = None,
    store: ObjectStore | None = None,
    clock: Callable[[], float] | None = None,
) -> AsyncIterator[None]:
    """Paint in `settings.workers` processes until the end of the block; then what is unfinished goes to the others.

    `World` explains the keywords. Raises CannotOpen.
    """
    if settings.database_url is None:
        raise CannotOpen("Painters share the service's task table: set STYLIZER_DATABASE_URL, here and there.")
    async with opened(settings, World(engine, store, clock)) as (parts, _):
        await _find_mark(parts)
        async with moving(parts):
            yield


async def paint_until_told(
    settings: StylizerSettings, *, store: ObjectStore | None = None, ready: Callable[[], None]
) -> None:
    """Paint until SIGINT or SIGTERM; `ready` is called once we are at work. Raises CannotOpen."""
    stop = stop_on_signals()
    async with painters(settings, store=store):
        ready()
        await stop.wait()


async def leave_mark(parts: Painting) -> None:
    """Say where the photos are. Raises CannotOpen when nothing can be written there."""
    mark = await word(parts.database, MARK)
    try:
        if await parts.shelf.get(MARK) != mark.encode():
            _log.info("photos are kept here from now on; all who share the table need the same folder or PHOTO_STORE")
            await parts.shelf.put(MARK, mark.encode())
    except OSError as error:
        raise CannotOpen(f"Photos can't be stored ({type(error.__cause__ or error).__name__}): {_CHECK}") from error


async def _find_mark(parts: Painting) -> None:
    mark = await word(parts.database, MARK)
    try:
        found = await parts.shelf.get(MARK)
    except OSError as error:
        raise CannotOpen(f"Photos can't be read ({type(error.__cause__ or error).__name__}): {_CHECK}") from error
    if found != mark.encode():
        raise CannotOpen("The service's photos are not here: start it first, and set PHOTO_STORE as it is there.")
