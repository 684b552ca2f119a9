"""What differs when several processes share an installation: where the rows are, whose clock counts, who does what, and
how the bell is heard elsewhere. A process that is alone needs none of it."""

import asyncio
import importlib.util
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial

from sqlalchemy.exc import DBAPIError

from bot.cluster.leadership import RoleRunner, SingleProcess
from bot.config.cluster import ClusterSettings
from bot.messaging.platform import CannotStart
from bot.runtime.clock import Clock, SharedClock, WallClock
from bot.runtime.data_folder import exclusive_data_folder
from bot.runtime.wakeups import Wakeups
from storage.database import Database, open_database
from storage.transactions import NotUsable

PACKAGES = ("psycopg", "procrastinate")
OWNER_BYTES = 4


@asynccontextmanager
async def open_own_database(settings: ClusterSettings) -> AsyncIterator[Database]:
    """The database, which is ours alone where it is in our folder. Raises CannotStart, FolderInUse or NewerSchema."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with nullcontext() if settings.database_url else exclusive_data_folder(settings.data_dir):
        async with open_shared_database(settings) as database:
            yield database


@asynccontextmanager
async def open_shared_database(settings: ClusterSettings) -> AsyncIterator[Database]:
    """The same, whoever works on it already. Raises CannotStart or NewerSchema."""
    if settings.database_url is not None and not all(map(importlib.util.find_spec, PACKAGES)):
        raise CannotStart(
            "DATABASE_URL is set, but its packages are missing; in the checkout: pip install '.[postgres]'"
        )
    async with AsyncExitStack() as stack:
        try:
            database = await stack.enter_async_context(open_database(settings.database))
        except DBAPIError as error:
            raise CannotStart(f"The database can't be used. {_first_line(error)}") from None
        except NotUsable as error:
            raise CannotStart(str(error)) from None
        yield database


async def choose_clock(database: Database, given: Clock | None) -> Clock:
    """The clock that counts: the one that was given, the database's, or the wall's."""
    if given is not None or not database.is_shared:
        return given or WallClock()
    clock = SharedClock(database)
    await clock.measure()
    return clock


@asynccontextmanager
async def open_role_runner(settings: ClusterSettings, database: Database, clock: Clock) -> AsyncIterator[RoleRunner]:
    """Who does what: we, or whoever is elected."""
    if settings.database_url is None:
        yield SingleProcess(clock)
        return
    from bot.cluster.election import Election  # noqa: PLC0415
    from bot.cluster.leases import RoleLeases  # noqa: PLC0415  # its packages are an extra that a single process can do without
    from storage.leases import open_elections  # noqa: PLC0415

    async with open_elections(settings.database_url.get_secret_value()) as manager:
        owner = f"{os.getpid()}-{os.urandom(OWNER_BYTES).hex()}"
        yield Election(database, RoleLeases(manager), clock, owner)


def cluster_tasks(
    database: Database, wakeups: Wakeups, clock: Clock, stop: asyncio.Event
) -> list[Callable[[], Awaitable[None]]]:
    """What keeps bell and clock one for all, as parts to be kept up."""
    if not database.is_shared:
        return []
    kept = [partial(clock.keep, stop)] if isinstance(clock, SharedClock) else []
    return [partial(wakeups.forward, database, clock, stop), partial(wakeups.listen, database, stop), *kept]


def _first_line(error: DBAPIError) -> str:
    """What the server or the driver says; neither ever shows a password."""
    return str(error.orig).strip().split("\n", 1)[0]
