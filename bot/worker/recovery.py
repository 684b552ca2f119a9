"""Cleans up after earlier processes.

Whoever takes over an account refreshes it; everything else is done when the housekeeping role begins. A single process
does both when it starts.
"""

from collections.abc import Collection
from contextlib import suppress

import structlog

from bot.cluster.leadership import SOLE_LEADER, Leadership
from bot.domain import job_lifecycle
from bot.domain.error_codes import ErrorCode
from bot.jobs.transitions import StaleJob, apply_event
from bot.worker.context import WorkerDeps
from storage import accounts, broadcasts, jobs, notifications, queue, results
from storage.jobs import Job

log = structlog.get_logger(__name__)


async def refresh_account(deps: WorkerDeps, account_id: str) -> None:
    """Resume an account that was paused by an error, which may be gone by now; a pause of the owner's stays."""
    async with deps.database.write() as connection:
        await accounts.reset(connection, account_id)


async def recover(
    deps: WorkerDeps,
    account_ids: Collection[str],
    *,
    free: Collection[str],
    styles: Collection[int] | None = None,
    leadership: Leadership = SOLE_LEADER,
) -> None:
    """Bring times near that a wrong clock has written, and end the jobs of accounts that we no longer have.

    `account_ids`: the accounts that are driven from now on; `free`: accounts, also former ones, where nothing costs;
    `styles`: what these accounts paint together (None: not known), so that no job waits for what nobody paints.
    """
    async with deps.database.write() as connection:
        await leadership.fence(connection)
        latest = deps.clock.now() + job_lifecycle.MAX_BACKOFF_SECONDS
        for waits in (queue, results, notifications, broadcasts):
            await waits.clamp_times(connection, latest)
        active = await jobs.list_active(connection)
        unpaintable = () if styles is None else await jobs.list_queued_in_other_styles(connection, styles)
    for job in active:
        if job.account_id not in account_ids:
            await end_orphan(deps, job, free=job.account_id in free)
    for job in unpaintable:
        log.warning("no account paints this style any more", job=job.id, style=job.style)
        with suppress(StaleJob):  # cancelled meanwhile
            async with deps.database.write() as connection:
                await apply_event(connection, job, job_lifecycle.Declined(ErrorCode.STYLE_INVALID), deps.clock.now())


async def end_orphan(deps: WorkerDeps, job: Job, *, free: bool) -> None:
    """Without its key, its task can't be queried. The task may have been paid, so the job is not sent again."""
    log.warning("a job's account is not ours any more", job=job.id, account=job.account_id, state=job.state)
    async with deps.database.write() as connection:
        await apply_event(connection, job, job_lifecycle.Orphaned(free), deps.clock.now())
