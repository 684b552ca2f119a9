"""What differs when several processes share an installation: where the rows are, whose clock counts, who does what, and
how the bell is heard elsewhere. A process that is alone needs none of it."""

import asyncio
import importlib.util
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from sqlalchemy.exc import DBAPIError

from bot.bell import Bell
from bot.chat import CannotStart
from bot.clock import Clock, SharedClock, WallClock
from bot.roles import Alone, Roles
from bot.shared_settings import SharedSettings
from bot.sole import sole_user
from storage.database import Database, open_database

OWNER_BYTES = 4


@asynccontextmanager
async def open_rows(settings: SharedSettings) -> AsyncIterator[Database]:
    """The database, which is ours alone where it is in our folder. Raises CannotStart, FolderInUse or NewerSchema."""
    if settings.database_url is None:
        with sole_user(settings.data_dir):
            async with open_database(settings.database) as database:
                yield database
        return
    if not all(importlib.util.find_spec(name) for name in ("psycopg", "procrastinate")):
        raise CannotStart("DATABASE_URL is set, but its packages are not installed: pip install 'repaint[postgres]'")
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    opening = open_database(settings.database)
    try:
        database = await opening.__aenter__()
    except DBAPIError as error:
        raise CannotStart(f"The database at DATABASE_URL can't be used. {_first_line(error)}") from None
    try:
        yield database
    finally:
        await opening.__aexit__(None, None, None)


async def clock_of(database: Database, given: Clock | None) -> Clock:
    """The clock that counts: the one that was given, the database's, or the wall's."""
    if given is not None or not database.is_shared:
        return given or WallClock()
    clock = SharedClock(database)
    await clock.ask()
    return clock


@asynccontextmanager
async def roles_of(settings: SharedSettings, database: Database, clock: Clock) -> AsyncIterator[Roles]:
    """Who does what: we, or whoever is elected."""
    if settings.database_url is None:
        yield Alone(clock)
        return
    from bot.ballot import Ballot  # noqa: PLC0415  # its packages are an extra that a single process can do without
    from bot.election import Election  # noqa: PLC0415
    from storage.elections import open_elections  # noqa: PLC0415

    async with open_elections(settings.database_url.get_secret_value()) as manager:
        owner = f"{os.getpid()}-{os.urandom(OWNER_BYTES).hex()}"
        yield Election(database, Ballot(manager), clock, owner)


def upkeep(database: Database, bell: Bell, clock: Clock, stop: asyncio.Event) -> list[Callable[[], Awaitable[None]]]:
    """What keeps bell and clock one for all, as parts to be kept up."""
    if not database.is_shared:
        return []
    kept = [partial(clock.keep, stop)] if isinstance(clock, SharedClock) else []
    return [partial(bell.tell, database, clock, stop), partial(bell.hear, database, stop), *kept]


def _first_line(error: DBAPIError) -> str:
    """What the server or the driver says; neither ever shows a password."""
    return str(error.orig).strip().split("\n", 1)[0]
