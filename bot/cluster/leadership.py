"""Roles: what only one process may do at a time. Each is a piece of work that runs while it is held.

`dispatcher:<account>` drives a lane, `receiver:<platform>` asks a platform for what people say, `courier:<platform>`
writes there (the platform's limits are for all of us), `housekeeping` tidies up. A single process simply does them all
(`SingleProcess`); several elect one holder of each (`election`). Losing a role is no fault: the work ends, and somebody
else goes on from the rows.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.runtime.clock import Clock
from storage.database import Database
from storage.transactions import is_server_unreachable

log = structlog.get_logger(__name__)

AGAIN_SECONDS = 5.0
CUT_OFF_SECONDS = 1.0


class LeadershipLost(Exception):
    """Somebody else holds this role now: whatever we know is old."""


class Leadership(Protocol):
    """The time for which a role is held."""

    @property
    def is_contested(self) -> bool:
        """Whether an earlier holder may still be at work somewhere, for some seconds."""

    async def fence(self, connection: AsyncConnection) -> None:
        """Inside a write: nobody else holds the role before it ends. Raises LeadershipLost."""

    async def sure(self) -> None:
        """Wait until it is known that the role was ours a moment ago; for what can't be fenced, such as a message."""


@asynccontextmanager
async def fenced_write(database: Database, leadership: Leadership) -> AsyncIterator[AsyncConnection]:
    """A write of whoever holds the role. Raises LeadershipLost."""
    async with database.write() as connection:
        await leadership.fence(connection)
        yield connection


class SoleLeader:
    """The term of a process that is alone."""

    @property
    def is_contested(self) -> bool:
        return False

    async def fence(self, connection: AsyncConnection) -> None:
        pass

    async def sure(self) -> None:
        pass


SOLE_LEADER = SoleLeader()

Work = Callable[[Leadership, asyncio.Event], Awaitable[None]]


@dataclass(frozen=True)
class Role:
    """`work` goes on until told to stop, and may be cancelled at any time: what it does is in the rows before it is
    done. It may raise Deposed."""

    name: str
    work: Work


class RoleRunner(Protocol):
    """Who does what."""

    def elsewhere(self) -> frozenset[str]:
        """The roles that others held a moment ago; among them may be some that we know nothing of."""

    async def run(self, roles: Sequence[Role], stop: asyncio.Event) -> None:
        """Do what falls to us until told to stop; then each finishes its step."""


@dataclass(frozen=True)
class SingleProcess:
    """All roles are ours."""

    clock: Clock

    def elsewhere(self) -> frozenset[str]:
        return frozenset()

    async def run(self, roles: Sequence[Role], stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for role in roles:
                group.create_task(self._hold(role, stop))

    async def _hold(self, role: Role, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await keep_running(partial(role.work, SOLE_LEADER, stop), self.clock, stop)
            except LeadershipLost:  # somebody works on our rows, against the rules; the fence has kept us apart
                log.exception("somebody else does what is ours to do", role=role.name)
                await self.clock.wait(stop, AGAIN_SECONDS)


async def keep_running(work: Callable[[], Awaitable[None]], clock: Clock, stop: asyncio.Event) -> None:
    """Begin a part again when it broke: one bug or one full disk must not end the others. Raises LeadershipLost."""
    while not stop.is_set():
        try:
            await work()
        except Exception as error:  # whatever it was, it is in the log, and the rows say where to go on
            if is_leadership_lost(error):
                raise LeadershipLost(str(error)) from error
            if is_connection_lost(error):
                log.warning("the database has gone away", seconds=CUT_OFF_SECONDS)
                await clock.wait(stop, CUT_OFF_SECONDS)
                continue
            log.exception("a part broke and begins again", seconds=AGAIN_SECONDS)
            await clock.wait(stop, AGAIN_SECONDS)


def is_leadership_lost(error: Exception) -> bool:
    """Whether this is Deposed, or several errors with Deposed among them."""
    return ExceptionGroup("", [error]).subgroup(LeadershipLost) is not None


def is_connection_lost(error: Exception) -> bool:
    """Whether this is nothing but a connection to the database that broke, or can't be made."""
    return ExceptionGroup("", [error]).split(is_server_unreachable)[1] is None
