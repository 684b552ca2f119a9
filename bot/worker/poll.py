"""RUNNING: query the task until it has ended."""

import asyncio

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dashscope.errors import DashScopeError, Decision
from bot.dashscope.wire import Task, TaskStatus
from bot.domain import job_lifecycle, poll_schedule, quota
from bot.domain.job_lifecycle import Event
from bot.worker.completion_events import CompletionListener
from bot.worker.context import AccountContext
from common.clock import steady
from storage import accounts, attempts, ledger
from storage.jobs import Job

log = structlog.get_logger(__name__)

MAX_ODD_ANSWERS = 3
ODD_SECONDS = 5.0
TASK_LIFETIME = 24 * 3600.0  # seconds for which the API keeps tasks and pictures


async def poll_task(context: AccountContext, job: Job, stop: asyncio.Event) -> Job:
    """Query the task until it has ended. Returns early, with the job as it is, when told to stop."""
    unanswered, odd, cancel_tried, running_for = 0, 0, False, 0.0  # the first two count answers in a row
    listener = CompletionListener(context, job)
    query_seconds, pending = 0.0, 0.0  # how long the last query took; for how long the task was seen to be pending
    delay = 0.0 if context.take_inherited(job) else poll_schedule.next_poll(context.durations, waited(context, job))
    while True:
        waited_for = await listener.pause(stop, ODD_SECONDS if odd else delay, in_full=odd + unanswered > 0)
        if waited_for is None:
            return job
        job = await context.read(job) or job
        if job.cancel_requested and not cancel_tried:
            cancel_tried = True
            if await _cancel_task(context, job):
                return await context.write(job, job_lifecycle.TaskFailed("Canceled", Decision.RETRY_LATER))
        asked = context.deps.clock.now()
        task = await query(context, job)
        query_seconds = context.deps.clock.now() - asked
        unanswered = unanswered + 1 if task is None else 0
        if task is not None:
            odd = odd + 1 if is_odd(task) else 0
            running_for += waited_for if task.status == TaskStatus.RUNNING else 0.0  # what we waited: clocks may jump
        expired = task is None and await is_expired(context, job)
        event = event_from(task, odd, running_for=running_for, expired=expired)
        if event is not None:
            return await _finish(context, job, event, task)
        if unanswered:
            delay = poll_schedule.after_failures(unanswered)
        elif task is not None and task.status == TaskStatus.PENDING:
            pending, delay = waited(context, job), poll_schedule.while_pending(context.durations)
        else:
            delay = poll_schedule.next_poll(context.durations, waited(context, job) - pending, query_seconds)


async def query(context: AccountContext, job: Job) -> Task | None:
    """The state of the job's task; None when there was no answer."""
    await context.wait_to_query()
    try:
        return await context.api_account.client.query_task(job.task_id or "")
    except DashScopeError as error:
        log.warning("no answer about a task", job=job.id, code=error.code)
        return None


def is_odd(task: Task) -> bool:
    """Whether another query may give a better answer: the task is unknown, or was paid for and has no picture."""
    without_picture = task.status == TaskStatus.SUCCEEDED and task.result_url is None and task.image_count > 0
    return without_picture or task.status == TaskStatus.UNKNOWN


def event_from(task: Task | None, odd: int, *, running_for: float, expired: bool) -> Event | None:
    """What an answer means for the job; None: the task has not ended. `task`: None without an answer; `odd` counts odd
    answers in a row; `running_for` in seconds. Pure."""
    if task is None:  # the API keeps the picture for a day
        return job_lifecycle.TaskLost() if expired else None
    if is_odd(task):
        if odd < MAX_ODD_ANSWERS:
            return None
        # Paid for, and somewhere: its slot is free, and `fetch` asks for its link until the API has dropped it.
        return job_lifecycle.Succeeded(None) if task.status == TaskStatus.SUCCEEDED else job_lifecycle.TaskLost()
    match task.status:
        case TaskStatus.SUCCEEDED if task.result_url is not None:
            return job_lifecycle.Succeeded(task.result_url)
        case TaskStatus.SUCCEEDED | TaskStatus.FAILED if task.failure is not None:
            return job_lifecycle.TaskFailed(task.failure.code, task.failure.decision)
        case TaskStatus.CANCELED:
            return job_lifecycle.TaskFailed("Canceled", Decision.RETRY_LATER)
        case TaskStatus.PENDING:  # it waits for its turn at the API, which is no reason to give up
            return None
    return job_lifecycle.TaskLost() if running_for > poll_schedule.GIVE_UP_SECONDS else None


def waited(context: AccountContext, job: Job) -> float:
    """Seconds since the job was submitted; never negative, also when the clock was set back before a restart."""
    return max(0.0, context.deps.clock.now() - (job.submitted or job.updated))


async def is_expired(context: AccountContext, job: Job) -> bool:
    """Whether the API has dropped the task by now: by its own time where that is known, since our clock may have been
    changed; as long as it never answered, by how long we have been asking."""
    async with context.deps.database.read() as connection:
        intent = await attempts.get_intent(connection, job_id=job.id, n=job.attempts)
    if intent.server_at is None:
        return waited(context, job) > TASK_LIFETIME
    server_now = context.api_account.client.server_clock.estimate()
    if server_now is None:
        return steady() - context.began_at > TASK_LIFETIME
    return server_now - intent.server_at > TASK_LIFETIME


async def _cancel_task(context: AccountContext, job: Job) -> bool:
    await context.wait_to_query()
    try:
        return await context.api_account.client.cancel_task(job.task_id or "")
    except DashScopeError as error:
        log.info("could not cancel a task", job=job.id, code=error.code)
        return False


async def _finish(context: AccountContext, job: Job, event: Event, task: Task | None) -> Job:
    if isinstance(event, job_lifecycle.TaskFailed):
        log.warning("a task failed", job=job.id, code=event.code, decision=event.decision)
    if not isinstance(event, job_lifecycle.Succeeded) or task is None:
        return await context.write(job, event)
    started, waits = task.scheduled_time or task.start_time, waited(context, job)
    context.durations = context.durations.updated_with(
        poll_schedule.task_seconds(started, task.end_time, waited=waits, durations=context.durations)
    )
    api_account, durations, now = context.api_account, context.durations, context.deps.clock.now()
    counted = [quota.account_scope(api_account.account_id, api_account.free_images)]
    if api_account.paid:  # a job that was queued when nothing was paid for has reserved nothing of the budget
        counted.append(quota.budget_scope(None, now))

    async def count_and_learn(connection: AsyncConnection) -> None:
        for scope in counted:
            await ledger.count(connection, job.id, scope, now=now)
        await accounts.set_durations(
            connection, api_account.account_id, mean=durations.mean, deviation=durations.deviation
        )

    return await context.write(job, event, count_and_learn)
