"""Roles: work that only one process may do at a time. The work of a role runs while it is held.

`dispatcher:<account>` drives an API account, `receiver:<platform>` receives messages from a platform,
`courier:<platform>` sends messages there (a platform's rate limits apply to all processes together), `housekeeping`
cleans up. A single process does all of them (`SingleProcess`); several elect one holder of each (`election`). Losing a
role is no error: the work ends, and another process continues from the rows.
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

RETRY_SECONDS = 5.0
RECONNECT_SECONDS = 1.0


class LeadershipLost(Exception):
    """Another process holds this role now; whatever this one knows is out of date."""


class Leadership(Protocol):
    """Holding a role, from gaining it until losing it."""

    @property
    def is_contested(self) -> bool:
        """Whether an earlier holder may still be working somewhere for some seconds."""

    async def fence(self, connection: AsyncConnection) -> None:
        """Inside a write: make sure that no other process holds the role before the write ends. Raises
        LeadershipLost."""

    async def confirm(self) -> None:
        """Wait until it is certain that the role was ours a moment ago. For what can't be fenced, such as a message."""


@asynccontextmanager
async def fenced_write(database: Database, leadership: Leadership) -> AsyncIterator[AsyncConnection]:
    """A write that fails unless the role is held. Raises LeadershipLost."""
    async with database.write() as connection:
        await leadership.fence(connection)
        yield connection


class SoleLeader:
    """Leadership in a process that is alone: never lost."""

    @property
    def is_contested(self) -> bool:
        return False

    async def fence(self, connection: AsyncConnection) -> None:
        pass

    async def confirm(self) -> None:
        pass


SOLE_LEADER = SoleLeader()

RoleWork = Callable[[Leadership, asyncio.Event], Awaitable[None]]


@dataclass(frozen=True)
class Role:
    """`work` runs until told to stop and may be cancelled at any time, since it writes to the rows before it acts. It
    may raise LeadershipLost."""

    name: str
    work: RoleWork


class RoleRunner(Protocol):
    """Decides which roles this process has, and runs their work."""

    def held_elsewhere(self) -> frozenset[str]:
        """The names of the roles that other processes held a moment ago; some may be unknown to this one."""

    async def run(self, roles: Sequence[Role], stop: asyncio.Event) -> None:
        """Run the work of the roles that we hold until told to stop; then each finishes its step."""


@dataclass(frozen=True)
class SingleProcess:
    """Holds all roles."""

    clock: Clock

    def held_elsewhere(self) -> frozenset[str]:
        return frozenset()

    async def run(self, roles: Sequence[Role], stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for role in roles:
                group.create_task(self._hold(role, stop))

    async def _hold(self, role: Role, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await keep_running(partial(role.work, SOLE_LEADER, stop), self.clock, stop)
            except LeadershipLost:  # another process uses our rows, which it must not; the fence has kept the two apart
                log.exception("another process works on our rows", role=role.name)
                await self.clock.wait(stop, RETRY_SECONDS)


async def keep_running(work: Callable[[], Awaitable[None]], clock: Clock, stop: asyncio.Event) -> None:
    """Restart `work` when it raises: one bug or one full disk must not end the other work. Raises LeadershipLost."""
    while not stop.is_set():
        try:
            await work()
        except Exception as error:  # it is logged, and the rows say where to continue
            if is_leadership_lost(error):
                raise LeadershipLost(str(error)) from error
            if is_connection_lost(error):
                log.warning("the database has gone away", seconds=RECONNECT_SECONDS)
                await clock.wait(stop, RECONNECT_SECONDS)
                continue
            log.exception("work failed and is restarted", seconds=RETRY_SECONDS)
            await clock.wait(stop, RETRY_SECONDS)


def is_leadership_lost(error: Exception) -> bool:
    """Whether this is LeadershipLost, or a group with one in it."""
    return ExceptionGroup("", [error]).subgroup(LeadershipLost) is not None


def is_connection_lost(error: Exception) -> bool:
    """Whether this is nothing but a database connection that broke or can't be made."""
    return ExceptionGroup("", [error]).split(is_server_unreachable)[1] is None
