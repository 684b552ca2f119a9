"""Drives one account: claims the next job when a slot is free, and leads every claimed job to its end.

One dispatcher an account. What it does is in the rows before it is done, so that whoever starts after a crash goes on
where this one stopped.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.cluster.leadership import SOLE_LEADER, Leadership, LeadershipLost
from bot.worker.accounts import ApiAccount
from bot.worker.claim import claim, peek, take_over
from bot.worker.context import AccountContext, WorkerDeps
from bot.worker.fetch import fetch
from bot.worker.poll import poll_task
from bot.worker.submit import reconcile_submit, submit
from storage import jobs
from storage.jobs import ACTIVE, Job, State

log = structlog.get_logger(__name__)

AGAIN_SECONDS = 5.0

_STEPS: dict[State, Callable[[AccountContext, Job, asyncio.Event], Awaitable[Job]]] = {
    State.SUBMITTING: reconcile_submit,
    State.RUNNING: poll_task,
    State.FETCHING: fetch,
}


async def run_account(
    api_account: ApiAccount, deps: WorkerDeps, stop: asyncio.Event, leadership: Leadership = SOLE_LEADER
) -> None:
    """Drive the account until told to stop; then every job finishes the step it is in, and the rest stays in its row.

    Raises:
        Deposed: another dispatcher has taken over.
    """
    context = await take_over(api_account, deps, leadership)
    async with asyncio.TaskGroup() as group:
        for job in await _ours(context):
            context.inherited.add(job.id)
            group.create_task(_lead(context, job, stop))
        wait: float | None = None
        while not stop.is_set():
            await context.sync_clock()
            wakeup = deps.wakeups.subscribe()
            # After a look in vain the next is one that keeps nobody from writing: every change anywhere rings.
            found = await claim(context) if wait is None else await peek(context)
            if isinstance(found, Job):
                group.create_task(_lead(context, await _sent(context, found), stop))
            elif found is not None:
                await deps.clock.wait(wakeup, found)
            wait = found if isinstance(found, float) else None


async def _ours(context: AccountContext) -> list[Job]:
    """The jobs that an earlier dispatcher of this account has left on their way."""
    async with context.deps.database.read() as connection:
        active = await jobs.list_active(connection)
    return [job for job in active if job.account_id == context.api_account.account_id]


async def _sent(context: AccountContext, job: Job) -> Job:
    try:
        return await submit(context, job)
    except LeadershipLost:
        raise
    except Exception:  # whatever broke, one job's trouble must not end the others; the task list tells how far it came
        log.exception("a submit broke", job=job.id)
        return job


async def _lead(context: AccountContext, job: Job, stop: asyncio.Event) -> None:
    """Lead a job on until it is out of the API's hands, or until told to stop between two steps."""
    now: Job | None = job
    while now is not None and now.state in ACTIVE and not stop.is_set():
        try:
            now = await _STEPS[now.state](context, now, stop)
        except LeadershipLost:
            raise
        except Exception:  # as above; the row says where to go on
            log.exception("a step broke and begins again", job=job.id, seconds=AGAIN_SECONDS)
            await context.deps.clock.wait(stop, AGAIN_SECONDS)
            now = await context.read(job)
