"""Done at a beginning: what an earlier process has left behind is put in order.

A lane's own affairs belong to whoever takes it over, everything else to whoever begins to keep house: in a process that
is alone, that is the start.
"""

from collections.abc import Collection

import structlog

from bot.cluster.leadership import SOLE_LEADER, Leadership
from bot.domain import job_lifecycle
from bot.jobs.transitions import apply_event
from bot.worker.context import WorkerDeps
from storage import accounts, broadcasts, jobs, notifications, queue, results
from storage.accounts import PAUSED_BY_OWNER
from storage.jobs import Job

log = structlog.get_logger(__name__)


async def refresh_account(deps: WorkerDeps, account_id: str) -> None:
    """The lane goes on: its new driver, or the owner, may have mended what it stood still for."""
    async with deps.database.write() as connection:
        await accounts.reset(connection, account_id, stays=PAUSED_BY_OWNER)


async def recover(
    deps: WorkerDeps, account_ids: Collection[str], *, free: Collection[str], leadership: Leadership = SOLE_LEADER
) -> None:
    """Times that a wrong clock has written come near, jobs at accounts that are not ours any more end.

    `account_ids`: the accounts that are driven from now on; `free`: those, of now or of old, where nothing costs.
    """
    async with deps.database.write() as connection:
        await leadership.fence(connection)
        latest = deps.clock.now() + job_lifecycle.MAX_BACKOFF_SECONDS
        for waits in (queue, results, notifications, broadcasts):
            await waits.clamp_times(connection, latest)
        active = await jobs.list_active(connection)
    for job in active:
        if job.account_id not in account_ids:
            await _orphaned(deps, job, free=job.account_id in free)


async def _orphaned(deps: WorkerDeps, job: Job, *, free: bool) -> None:
    """Its key is gone, and with it every way to ask for its task. It may have been paid, so it is not sent again."""
    log.warning("a job's account is not ours any more", job=job.id, account=job.account_id, state=job.state)
    async with deps.database.write() as connection:
        await apply_event(connection, job, job_lifecycle.Orphaned(free), deps.clock.now())
