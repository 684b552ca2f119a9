"""Several processes elect one holder of each role; `roles` says what that means, `ballot` how.

A holder that dies is followed by another within some four seconds. One that only stands still, or is cut off, finds
when it goes on that it was deposed: what it writes changes nothing (its epoch is old), and what can't be fenced it does
only while its last beat is young. A holder that stops in good order is followed at the next beat of another.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog
from procrastinate.exceptions import ConnectorException
from psycopg import Error
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cluster.leadership import LeadershipLost, Role, keep_running
from bot.cluster.leases import RoleLeases
from bot.runtime.clock import Clock, within
from storage import leadership as rows
from storage.database import Database
from storage.leases import is_elected

log = structlog.get_logger(__name__)

BEAT_SECONDS = 0.75
ANSWER_SECONDS = 3.0  # a beat that takes longer was none
SURE_SECONDS = 2.0  # after a beat, roles are ours for so long at least: others wait for STALLED_SECONDS
LOST_SECONDS = 8.0  # without a beat for so long, we let go by ourselves
UNKNOWN_SECONDS = 60.0  # and after so long we introduce ourselves anew


def tick() -> float:
    """Seconds, by the clock that asyncio's own time-outs go by."""
    return asyncio.get_running_loop().time()


class Heartbeat:
    """When our heart beat last."""

    def __init__(self) -> None:
        self.at = float("-inf")
        self._next = asyncio.Event()

    def beat(self, at: float) -> None:
        self.at = at
        self._next.set()
        self._next = asyncio.Event()

    async def sure(self) -> None:
        """Wait until the last beat is young."""
        while tick() - self.at > SURE_SECONDS:
            await self._next.wait()


@dataclass(frozen=True)
class HeldRole:
    """The term of a role that we were elected for."""

    name: str
    epoch: int
    pulse: Heartbeat
    is_contested: bool = True

    async def fence(self, connection: AsyncConnection) -> None:
        if not await rows.is_current_epoch(connection, self.name, self.epoch):
            raise LeadershipLost(f"{self.name} is somebody else's now")

    async def sure(self) -> None:
        await self.pulse.sure()


@dataclass
class Election:
    """One process's candidacy for every role. `owner`: what it is called in the rows."""

    database: Database
    ballot: RoleLeases
    clock: Clock
    owner: str
    pulse: Heartbeat = field(default_factory=Heartbeat)
    _held: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    def elsewhere(self) -> frozenset[str]:
        return self.ballot.others

    async def run(self, roles: Sequence[Role], stop: asyncio.Event) -> None:
        named = {role.name: role for role in roles}
        guard = asyncio.create_task(self._guard())
        try:
            while not stop.is_set():
                await self._beat(named, stop)
                await within(stop, BEAT_SECONDS)
            while self._held:  # each finishes its step; until then our heart has to beat
                await asyncio.wait(self._held.values(), timeout=BEAT_SECONDS)
                await self._beat(named, stop)
        finally:
            guard.cancel()
            await self._let_go()

    async def _beat(self, roles: dict[str, Role], stop: asyncio.Event) -> None:
        began = tick()
        if began - self.pulse.at > UNKNOWN_SECONDS:  # they may have forgotten us
            self.ballot.worker = None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                ours = await self.ballot.beat([] if stop.is_set() else list(roles))
                self.pulse.beat(began)
                await self._compare(ours)
                for job_id, name in ({} if stop.is_set() else await self.ballot.take(roles)).items():
                    self._held[job_id] = asyncio.create_task(self._hold(roles[name], job_id, stop))
        except (ConnectorException, Error, TimeoutError) as error:
            log.warning("no word from the election", error=type(error).__name__)

    async def _compare(self, ours: dict[int, str]) -> None:
        """Stop what is not ours any more, and say of what we do not do that it is done."""
        for job_id, work in self._held.items():
            if job_id not in ours:
                work.cancel()
        for job_id in ours.keys() - self._held.keys():
            await self.ballot.done(job_id)

    async def _hold(self, role: Role, job_id: int, stop: asyncio.Event) -> None:
        try:
            async with self.database.write() as connection:
                if not await is_elected(connection, job_id):
                    return
                epoch = await rows.acquire(connection, role.name, self.owner)
            log.info("took a role", role=role.name, epoch=epoch)
            await keep_running(partial(role.work, HeldRole(role.name, epoch, self.pulse), stop), self.clock, stop)
        except LeadershipLost:
            log.warning("lost a role", role=role.name)
        except SQLAlchemyError as error:
            log.warning("could not take a role", role=role.name, error=type(error).__name__)
        finally:
            del self._held[job_id]
            await self._give_back(job_id)

    async def _give_back(self, job_id: int) -> None:
        with suppress(TimeoutError, Error):  # then it is given back at the next beat, or taken from us
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.ballot.done(job_id)

    async def _guard(self) -> None:
        """Let go by ourselves when nobody hears our heart any more."""
        while True:
            await asyncio.sleep(BEAT_SECONDS / 2)
            works = [work for work in self._held.values() if not work.cancelling()]
            if works and tick() - self.pulse.at > LOST_SECONDS:
                log.warning("cut off from the database: letting go of all roles")
                for work in works:
                    work.cancel()

    async def _let_go(self) -> None:
        works = list(self._held.values())
        for work in works:
            work.cancel()
        if works:
            await asyncio.wait(works)
        with suppress(TimeoutError, Error):
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.ballot.leave()
