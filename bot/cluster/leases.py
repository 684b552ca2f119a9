"""One process's leases: for each role it holds, it is doing a job of procrastinate's.

For each role one job is being done, by the role's holder, and one is waiting for the next holder: `lock` and
`queueing_lock` ensure both. A process whose heartbeat stops loses its jobs.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

STALLED_SECONDS = 3.0  # a process without a heartbeat for so long has lost its roles
FORGOTTEN_SECONDS = 24 * 3600.0


@dataclass
class RoleLeases:
    """`worker_id`: procrastinate's id for this process; None: not registered. `held_by_others`: the roles that other
    processes held at the last heartbeat."""

    manager: JobManager
    worker_id: int | None = None
    held_by_others: frozenset[str] = frozenset()

    async def heartbeat(self, roles: Sequence[str]) -> dict[int, str]:
        """Send a heartbeat, release the leases of dead processes, and enqueue a job for the next holder of each role.

        Returns the jobs that this process is doing, with their roles. Raises ConnectorException."""
        if self.worker_id is None:
            await self.manager.prune_stalled_workers(FORGOTTEN_SECONDS)
            self.worker_id = await self.manager.register_worker()
        await self.manager.update_heartbeat(self.worker_id)
        for job in await self.manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await self.release(job.id)
        known = list(await self.manager.list_jobs_async())
        doing = [job for job in known if job.status == Status.DOING.value]
        self.held_by_others = frozenset(job.queue for job in doing if job.worker_id != self.worker_id)
        waiting = {job.queue for job in known if job.status == Status.TODO.value}
        for number, role in enumerate(roles):
            if role not in waiting:
                await self._enqueue(role, priority=-number)
        return {job.id: job.queue for job in doing if job.id and job.worker_id == self.worker_id}

    async def take(self, roles: Collection[str]) -> dict[int, str]:
        """Take the jobs that are free now. Returns them with their roles."""
        assert self.worker_id is not None
        taken: dict[int, str] = {}
        while (job := await self.manager.fetch_job(list(roles), self.worker_id)) is not None and job.id:
            taken[job.id] = job.queue
        return taken

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
