"""Drives one account: claims the next job when a slot is free, and takes every claimed job to its end.

There is one dispatcher for each account. Everything is written to the rows before it is done, so that the next
dispatcher continues where this one stopped, also after a crash.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.cluster.leadership import SOLE_LEADER, Leadership, LeadershipLost
from bot.runtime.wakeups import Topic
from bot.worker.accounts import ApiAccount
from bot.worker.claim import AskAgain, ClaimedJob, RetryIn, claim, peek, take_over
from bot.worker.context import AccountContext, WorkerDeps
from bot.worker.fetch import fetch
from bot.worker.learning import look_at_list, look_for_answers
from bot.worker.poll import poll_task
from bot.worker.submit import reconcile_submit, submit
from storage import jobs
from storage.jobs import ACTIVE, Job, State

log = structlog.get_logger(__name__)

RETRY_SECONDS = 5.0

_STEPS: dict[State, Callable[[AccountContext, Job, asyncio.Event], Awaitable[Job]]] = {
    State.SUBMITTING: reconcile_submit,
    State.RUNNING: poll_task,
    State.FETCHING: fetch,
}


async def run_account(
    api_account: ApiAccount, deps: WorkerDeps, stop: asyncio.Event, leadership: Leadership = SOLE_LEADER
) -> None:
    """Drive the account until told to stop; then every job finishes its current step.

    Raises:
        LeadershipLost: another dispatcher has taken over.
    """
    context = await take_over(api_account, deps, leadership)
    async with asyncio.TaskGroup() as group:
        for job in await active_jobs(context):
            context.inherited.add(job.id)
            group.create_task(run_job(context, job, stop))
        is_worth_a_try = True
        while not stop.is_set():
            await look_at_list(context)
            await look_for_answers(context)
            wakeup = deps.wakeups.subscribe(Topic.QUEUE)
            # Unless a look has shown that there is something, only peek, which blocks no writer.
            found = await claim(context) if is_worth_a_try else await peek(context)
            match found:
                case ClaimedJob(job):
                    group.create_task(run_job(context, await _submit(context, job), stop))
                    await context.report_slow_disk()
                case AskAgain():
                    await context.ask_again()
                case RetryIn(seconds):
                    await deps.clock.wait(wakeup, seconds)
            is_worth_a_try = found is None


async def active_jobs(context: AccountContext) -> list[Job]:
    """The jobs that an earlier dispatcher of this account has left unfinished."""
    async with context.deps.database.read() as connection:
        active = await jobs.list_active(connection)
    return [job for job in active if job.account_id == context.api_account.account_id]


async def _submit(context: AccountContext, job: Job) -> Job:
    try:
        return await submit(context, job)
    except LeadershipLost:
        raise
    except Exception:  # one job must not end the others; the task list shows how far it came
        log.exception("a submit broke", job=job.id)
        return job


async def run_job(context: AccountContext, job: Job, stop: asyncio.Event) -> None:
    """Take a job through its steps until the API has nothing more to do with it, or until told to stop between two."""
    now: Job | None = job
    while now is not None and now.state in ACTIVE and not stop.is_set():
        try:
            now = await _STEPS[now.state](context, now, stop)
        except LeadershipLost:
            raise
        except Exception:  # as above; the row says where to continue
            log.exception("a step broke and begins again", job=job.id, seconds=RETRY_SECONDS)
            await context.deps.clock.wait(stop, RETRY_SECONDS)
            now = await context.read(job)
