"""Opens what depends on whether several processes share an installation: the database, the photo store, the clock, the
roles, and wake-ups across processes."""

import asyncio
import importlib.util
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from bot.cluster.leadership import RoleRunner, SingleProcess
from bot.config.cluster import BucketSettings, ClusterSettings
from bot.messaging.platform import CannotStart
from bot.runtime.clock import Clock, SharedClock, WallClock
from bot.runtime.data_folder import exclusive_data_folder
from bot.runtime.wakeups import Wakeups
from storage.bucket import BucketUnusable, open_bucket
from storage.database import Database, open_database
from storage.photos import PhotoStore, open_photos
from storage.transactions import UnusableDatabase

PACKAGES = ("psycopg", "procrastinate")
OWNER_BYTES = 4


@asynccontextmanager
async def open_own_database(settings: ClusterSettings) -> AsyncIterator[Database]:
    """The database; one in our data folder is locked against other processes. Raises CannotStart, FolderInUse or
    NewerSchema."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with nullcontext() if settings.database_url else exclusive_data_folder(settings.data_dir):
        async with open_shared_database(settings) as database:
            yield database


@asynccontextmanager
async def open_shared_database(settings: ClusterSettings) -> AsyncIterator[Database]:
    """The database, also when another process uses it already. Raises CannotStart or NewerSchema."""
    if settings.database_url is not None and not all(map(importlib.util.find_spec, PACKAGES)):
        raise CannotStart(
            "DATABASE_URL is set, but its packages are missing; in the checkout: pip install '.[postgres]'"
        )
    async with AsyncExitStack() as stack:
        try:
            database = await stack.enter_async_context(open_database(settings.database))
        except DBAPIError as error:
            raise CannotStart(f"The database can't be used. {_first_line(error)}") from None
        except UnusableDatabase as error:
            raise CannotStart(str(error)) from None
        yield database


async def open_photo_store(settings: BucketSettings, folder: Path, name: str) -> PhotoStore:
    """Where photos are kept: in `folder`, or in the bucket that several machines share. A bucket is tried out first,
    with an object called `name`, so that a wrong setting is noticed before anybody has sent a photo.

    Raises:
        CannotStart: with what is wrong with the bucket.
    """
    if settings.bucket is None:
        return open_photos(folder)
    photos = open_bucket(settings.bucket)
    try:
        await photos.check_access(name)
    except BucketUnusable as error:
        raise CannotStart(str(error)) from None
    return photos


async def choose_clock(database: Database, given: Clock | None) -> Clock:
    """The clock to use: the one that was given, else the database's where it is shared, else the wall clock."""
    if given is not None or not database.is_shared:
        return given or WallClock()
    clock = SharedClock(database)
    await clock.measure()
    return clock


@asynccontextmanager
async def open_role_runner(settings: ClusterSettings, database: Database, clock: Clock) -> AsyncIterator[RoleRunner]:
    """What decides which roles this process has: all of them when it is alone, else an election."""
    if settings.database_url is None:
        yield SingleProcess(clock)
        return
    # Their packages are an extra that a single process can do without.
    from bot.cluster.election import Election, RoleLeases  # noqa: PLC0415  # see above
    from storage.leases import open_elections  # noqa: PLC0415  # see above

    async with open_elections(settings.database_url.get_secret_value()) as manager:
        owner = f"{os.getpid()}-{os.urandom(OWNER_BYTES).hex()}"
        yield Election(database, RoleLeases(manager), clock, owner)


def cluster_tasks(
    database: Database, wakeups: Wakeups, clock: Clock, stop: asyncio.Event
) -> list[Callable[[], Awaitable[None]]]:
    """Background tasks that share wake-ups and the clock between processes; none when the process is alone."""
    if not database.is_shared:
        return []
    kept = [partial(clock.keep, stop)] if isinstance(clock, SharedClock) else []
    return [partial(wakeups.forward, database, clock, stop), partial(wakeups.listen, database, stop), *kept]


def _first_line(error: DBAPIError) -> str:
    """The message of the server or the driver; neither ever contains a password."""
    return str(error.orig).strip().split("\n", 1)[0]
