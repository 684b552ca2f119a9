"""One process's part in the elections: a job of procrastinate's for each role, done for as long as the role is held.

For each role one job is being done, by its holder, and one waits to be done by the next: `lock` and `queueing_lock` see
to both. A process whose heart has stopped beating loses its jobs; the tables know nothing else of it.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

STALLED_SECONDS = 3.0  # a process that was silent for so long has lost its roles
FORGOTTEN_SECONDS = 24 * 3600.0


@dataclass
class RoleLeases:
    """`worker`: what procrastinate calls this process; None: it is not known there. `others`: the roles that others
    held at the last beat."""

    manager: JobManager
    worker: int | None = None
    others: frozenset[str] = frozenset()

    async def beat(self, roles: Sequence[str]) -> dict[int, str]:
        """Say that we live, take what the dead have held from them, and see to it that each role has a next holder.
        Returns the jobs that we do, with their roles. Raises ConnectorException."""
        if self.worker is None:
            await self.manager.prune_stalled_workers(FORGOTTEN_SECONDS)
            self.worker = await self.manager.register_worker()
        await self.manager.update_heartbeat(self.worker)
        for job in await self.manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await self.done(job.id)
        known = list(await self.manager.list_jobs_async())
        doing = [job for job in known if job.status == Status.DOING.value]
        self.others = frozenset(job.queue for job in doing if job.worker_id != self.worker)
        waiting = {job.queue for job in known if job.status == Status.TODO.value}
        for number, role in enumerate(roles):
            if role not in waiting:
                await self._enqueue(role, priority=-number)
        return {job.id: job.queue for job in doing if job.id and job.worker_id == self.worker}

    async def take(self, roles: Collection[str]) -> dict[int, str]:
        """The jobs that fall to us now, with their roles."""
        assert self.worker is not None
        taken: dict[int, str] = {}
        while (job := await self.manager.fetch_job(list(roles), self.worker)) is not None and job.id:
            taken[job.id] = job.queue
        return taken

    async def done(self, job_id: int | None) -> None:
        """Nobody does this job any more, and the next may be done. Who has lost it need not say so."""
        with suppress(ConnectorException):  # somebody else has been quicker; or it is said again at the next beat
            await self.manager.finish_job_by_id_async(job_id or 0, Status.FAILED, delete_job=True)

    async def leave(self) -> None:
        """We do not vote any more."""
        if self.worker is not None:
            with suppress(ConnectorException):
                await self.manager.unregister_worker(self.worker)
        self.worker = None

    async def _enqueue(self, role: str, priority: int) -> None:
        job = Job(
            id=None, queue=role, lock=role, queueing_lock=role, task_name="hold", task_kwargs={}, priority=priority
        )
        with suppress(AlreadyEnqueued):
            await self.manager.defer_job_async(job)
