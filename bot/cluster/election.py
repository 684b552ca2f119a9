"""Several processes elect one holder of each role; `leadership` says what a role is.

When a holder dies, another follows within about four seconds. A holder that was suspended or cut off finds out when it
continues: what it writes changes nothing, since its epoch is old, and what can't be fenced it does only while its last
heartbeat is recent. When a holder stops cleanly, another follows at its next heartbeat.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg import Error
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cluster.leadership import LeadershipLost, Role, keep_running
from bot.runtime.clock import Clock, wait_for
from storage import leadership as rows
from storage.database import Database
from storage.leases import is_elected

log = structlog.get_logger(__name__)

STALLED_SECONDS = 3.0  # a process without a heartbeat for so long has lost its roles
FORGOTTEN_SECONDS = 24 * 3600.0
BEAT_SECONDS = 0.75
SHORTEST_PAUSE = 0.05  # between two heartbeats
ANSWER_SECONDS = 3.0  # a heartbeat that takes longer has failed
LOOK_SECONDS = 20.0  # a look for free roles that takes longer goes on after a new one
SURE_SECONDS = 2.0  # for so long after a heartbeat roles are surely ours: others wait for STALLED_SECONDS
LOST_SECONDS = 8.0  # without a heartbeat for so long, we give up all roles
UNKNOWN_SECONDS = 60.0  # and after so long we register again


@dataclass
class RoleLeases:
    """One process's leases: for each role it holds, it is doing a job of procrastinate's.

    For each role one job is being done, by the role's holder, and one is waiting for the next holder: `lock` and
    `queueing_lock` ensure both. A process whose heartbeat stops loses its jobs.

    `worker_id`: procrastinate's id for this process; None: not registered. `held_by_others`: the roles that other
    processes held at the last heartbeat; `waiting`: those with a job for the next holder.
    """

    manager: JobManager
    worker_id: int | None = None
    held_by_others: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()

    async def heartbeat(self) -> dict[int, str]:
        """Send a heartbeat. Returns the jobs that this process is doing, with their roles. Raises
        ConnectorException."""
        if self.worker_id is None:
            await self.manager.prune_stalled_workers(FORGOTTEN_SECONDS)
            self.worker_id = await self.manager.register_worker()
        await self.manager.update_heartbeat(self.worker_id)
        known = list(await self.manager.list_jobs_async())
        doing = [job for job in known if job.status == Status.DOING.value]
        self.held_by_others = frozenset(job.queue for job in doing if job.worker_id != self.worker_id)
        self.waiting = frozenset(job.queue for job in known if job.status == Status.TODO.value)
        return {job.id: job.queue for job in doing if job.id and job.worker_id == self.worker_id}

    async def offer(self, roles: Sequence[str]) -> None:
        """Release the leases of dead processes, and enqueue a job for the next holder of each role."""
        for job in await self.manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await self.release(job.id)
        for number, role in enumerate(roles):
            if role not in self.waiting:
                await self._enqueue(role, priority=-number)

    async def take(self, roles: Collection[str]) -> AsyncIterator[tuple[int, str]]:
        """Take the jobs that are free now, one after the other. Yields them with their roles."""
        while self.worker_id is not None:
            job = await self.manager.fetch_job(list(roles), self.worker_id)
            if job is None or not job.id:
                return
            yield job.id, job.queue

    async def release(self, job_id: int | None) -> None:
        """End this job, so that another process may take the role. One that was taken from us needs no release."""
        with suppress(ConnectorException):  # another process was quicker, or the next heartbeat tries again
            await self.manager.finish_job_by_id_async(job_id or 0, Status.FAILED, delete_job=True)

    async def leave(self) -> None:
        """Take no part in elections any more."""
        if self.worker_id is not None:
            with suppress(ConnectorException):
                await self.manager.unregister_worker(self.worker_id)
        self.worker_id = None

    async def _enqueue(self, role: str, priority: int) -> None:
        job = Job(
            id=None, queue=role, lock=role, queueing_lock=role, task_name="hold", task_kwargs={}, priority=priority
        )
        with suppress(AlreadyEnqueued):
            await self.manager.defer_job_async(job)


def loop_time() -> float:
    """Seconds, by the clock of asyncio's own timeouts."""
    return asyncio.get_running_loop().time()


class Heartbeat:
    """When this process last sent a heartbeat; `at` by `loop_time`."""

    def __init__(self) -> None:
        self.at = float("-inf")
        self._next = asyncio.Event()

    def beat(self, at: float) -> None:
        self.at = at
        self._next.set()
        self._next = asyncio.Event()

    async def confirm(self) -> None:
        """Wait until the last heartbeat is recent."""
        while loop_time() - self.at > SURE_SECONDS:
            await self._next.wait()


@dataclass(frozen=True)
class HeldRole:
    """A role that this process was elected for."""

    name: str
    epoch: int
    heartbeat: Heartbeat
    is_contested: bool = True

    async def fence(self, connection: AsyncConnection) -> None:
        if not await rows.is_current_epoch(connection, self.name, self.epoch):
            raise LeadershipLost(f"{self.name} is held by another process now")

    async def confirm(self) -> None:
        await self.heartbeat.confirm()


@dataclass
class Election:
    """One process as a candidate for every role. `owner`: its name in the rows."""

    database: Database
    leases: RoleLeases
    clock: Clock
    owner: str
    heartbeat: Heartbeat = field(default_factory=Heartbeat)
    _held: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _orphans: AbstractSet[int] = frozenset()
    _look: asyncio.Task[None] | None = None
    _began: float = float("-inf")

    def held_elsewhere(self) -> frozenset[str]:
        return self.leases.held_by_others

    async def run(self, roles: Sequence[Role], stop: asyncio.Event) -> None:
        named = {role.name: role for role in roles}
        guard = asyncio.create_task(self._guard())
        try:
            while not stop.is_set():
                await self._send_heartbeat()
                if self._look is None or self._look.done():
                    self._look = asyncio.create_task(self._look_for_roles(named, stop))
                await wait_for(stop, BEAT_SECONDS - min(loop_time() - self._began, BEAT_SECONDS - SHORTEST_PAUSE))
            while self._held:  # each finishes its step; heartbeats go on until then
                await asyncio.wait(self._held.values(), timeout=BEAT_SECONDS)
                await self._send_heartbeat()
        finally:
            guard.cancel()
            await self._release_all()

    async def _send_heartbeat(self) -> None:
        """What a heartbeat waits for is one flush of the database's disk, so that it is as recent as that allows."""
        self._began = began = loop_time()
        if began - self.heartbeat.at > UNKNOWN_SECONDS:  # our registration may have expired
            self.leases.worker_id = None
        working = set(self._held)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                held = await self.leases.heartbeat()
                self.heartbeat.beat(began)
        except (ConnectorException, Error, TimeoutError) as error:
            log.warning("no answer from the election", error=type(error).__name__)
            return
        for job_id in working & self._held.keys() - held.keys():  # taken from us
            self._held[job_id].cancel()
        self._orphans = held.keys() - self._held.keys()

    async def _look_for_roles(self, roles: dict[str, Role], stop: asyncio.Event) -> None:
        """Take the roles that are free. Heartbeats go on meanwhile: on a slow disk each write takes as long as one."""
        orphans, self._orphans = self._orphans, frozenset()
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                for job_id in orphans - self._held.keys():  # an earlier look was broken off when it had taken them
                    await self.leases.release(job_id)
                await self.leases.offer(list(roles))
                async for job_id, name in self.leases.take(roles):
                    self._held[job_id] = asyncio.create_task(self._hold(roles[name], job_id, stop))
        except (ConnectorException, Error, TimeoutError) as error:
            log.warning("no answer from the election", error=type(error).__name__)

    async def _hold(self, role: Role, job_id: int, stop: asyncio.Event) -> None:
        try:
            async with self.database.write() as connection:
                if not await is_elected(connection, job_id):
                    return
                epoch = await rows.acquire(connection, role.name, self.owner)
            log.info("took a role", role=role.name, epoch=epoch)
            await keep_running(partial(role.work, HeldRole(role.name, epoch, self.heartbeat), stop), self.clock, stop)
        except LeadershipLost:
            log.warning("lost a role", role=role.name)
        except SQLAlchemyError as error:
            log.warning("could not take a role", role=role.name, error=type(error).__name__)
        finally:
            del self._held[job_id]
            await self._give_back(job_id)

    async def _give_back(self, job_id: int) -> None:
        with suppress(TimeoutError, Error):  # then the next heartbeat releases it, or another process takes it
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.leases.release(job_id)

    async def _guard(self) -> None:
        """Cancel all work when no heartbeat has succeeded for too long."""
        while True:
            await asyncio.sleep(BEAT_SECONDS / 2)
            works = [work for work in self._held.values() if not work.cancelling()]
            if works and loop_time() - self.heartbeat.at > LOST_SECONDS:
                log.warning("cut off from the database: giving up all roles")
                for work in works:
                    work.cancel()

    async def _release_all(self) -> None:
        if self._look is not None:
            self._look.cancel()
            await asyncio.wait([self._look])
        works = list(self._held.values())
        for work in works:
            work.cancel()
        if works:
            await asyncio.wait(works)
        with suppress(TimeoutError, Error):
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.leases.leave()
