"""RUNNING: ask the API how a task is doing until it is over."""

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

ODD_LOOKS = 3
ODD_SECONDS = 5.0
LIFE_SECONDS = 24 * 3600.0  # the API keeps tasks and pictures that long


async def poll_task(context: AccountContext, job: Job, stop: asyncio.Event) -> Job:
    """Ask until the task is over. `silent` counts unanswered questions in a row."""
    silent, odd, cancel_tried, running_for, ear = 0, 0, False, 0.0, CompletionListener(context, job)
    asking, pending = 0.0, 0.0  # how long the last question took; until when the task was seen waiting for its turn
    delay = 0.0 if context.take_inherited(job) else poll_schedule.next_poll(context.pace, waited(context, job))
    while True:
        waited_for = await ear.pause(stop, ODD_SECONDS if odd else delay, patiently=odd + silent > 0)
        if waited_for is None:
            return job
        job = await context.read(job) or job
        if job.cancel_requested and not cancel_tried:
            cancel_tried = True
            if await _cancelled_there(context, job):
                return await context.write(job, job_lifecycle.TaskFailed("Canceled", Decision.AGAIN_LATER))
        asked = context.deps.clock.now()
        task = await ask(context, job)
        asking = context.deps.clock.now() - asked
        silent = silent + 1 if task is None else 0
        if task is not None:
            odd = odd + 1 if is_odd(task) else 0
            running_for += waited_for if task.status == TaskStatus.RUNNING else 0.0  # as we waited: clocks may jump
        outlived = task is None and await has_outlived(context, job)
        event = event_from(task, odd, running_for=running_for, outlived=outlived)
        if event is not None:
            return await _over(context, job, event, task)
        if silent:
            delay = poll_schedule.after_trouble(silent)
        elif task is not None and task.status == TaskStatus.PENDING:
            pending, delay = waited(context, job), poll_schedule.while_pending(context.pace)
        else:
            delay = poll_schedule.next_poll(context.pace, waited(context, job) - pending, asking)


async def ask(context: AccountContext, job: Job) -> Task | None:
    """How the job's task is doing; None when there was no answer."""
    await context.wait_to_query()
    try:
        return await context.api_account.client.query_task(job.task_id or "")
    except DashScopeError as error:
        log.warning("no answer about a task", job=job.id, code=error.code)
        return None


def is_odd(task: Task) -> bool:
    """An answer that another look may mend: the task is not known, or it was paid for and has no picture."""
    without_picture = task.status == TaskStatus.SUCCEEDED and task.result_url is None and task.image_count > 0
    return without_picture or task.status == TaskStatus.UNKNOWN


def event_from(task: Task | None, odd: int, *, running_for: float, outlived: bool) -> Event | None:
    """What an answer means, or none; None: not over yet. `odd` counts odd answers in a row. Pure."""
    if task is None:  # nobody answers: the picture is kept there for a day
        return job_lifecycle.TaskLost() if outlived else None
    if is_odd(task):
        return job_lifecycle.TaskLost() if odd >= ODD_LOOKS else None
    match task.status:
        case TaskStatus.SUCCEEDED if task.result_url is not None:
            return job_lifecycle.Succeeded(task.result_url)
        case TaskStatus.SUCCEEDED | TaskStatus.FAILED if task.failure is not None:
            return job_lifecycle.TaskFailed(task.failure.code, task.failure.decision)
        case TaskStatus.CANCELED:
            return job_lifecycle.TaskFailed("Canceled", Decision.AGAIN_LATER)
        case TaskStatus.PENDING:  # it waits for its turn there, which is no reason to give up
            return None
    return job_lifecycle.TaskLost() if running_for > poll_schedule.GIVE_UP_SECONDS else None


def waited(context: AccountContext, job: Job) -> float:
    """Seconds since the job was submitted; never negative, also when the clock was set back before a restart."""
    return max(0.0, context.deps.clock.now() - (job.submitted or job.updated))


async def has_outlived(context: AccountContext, job: Job) -> bool:
    """Whether the API has dropped the task by now: by its own time where that is known, for ours may have been set; and
    while it never answers, by how long we have been asking."""
    async with context.deps.database.read() as connection:
        intent = await attempts.get_intent(connection, job_id=job.id, n=job.attempts)
    if intent.server_at is None:
        return waited(context, job) > LIFE_SECONDS
    server_now = context.api_account.client.server_clock.about()
    if server_now is None:
        return steady() - context.began > LIFE_SECONDS
    return server_now - intent.server_at > LIFE_SECONDS


async def _cancelled_there(context: AccountContext, job: Job) -> bool:
    await context.wait_to_query()
    try:
        return await context.api_account.client.cancel_task(job.task_id or "")
    except DashScopeError as error:
        log.info("could not cancel a task", job=job.id, code=error.code)
        return False


async def _over(context: AccountContext, job: Job, event: Event, task: Task | None) -> Job:
    if isinstance(event, job_lifecycle.TaskFailed):
        log.warning("a task failed", job=job.id, code=event.code, decision=event.decision)
    if not isinstance(event, job_lifecycle.Succeeded) or task is None:
        return await context.write(job, event)
    started, waits = task.scheduled_time or task.start_time, waited(context, job)
    context.pace = context.pace.updated_with(
        poll_schedule.task_seconds(started, task.end_time, waited=waits, pace=context.pace)
    )
    api_account, pace, now = context.api_account, context.pace, context.deps.clock.now()
    counted = [quota.account_scope(api_account.account_id, api_account.free_images)]
    if api_account.paid:  # a job that was queued when nothing was paid for has reserved nothing of the budget
        counted.append(quota.budget_scope(None, now))

    async def count_and_learn(connection: AsyncConnection) -> None:
        for scope in counted:
            await ledger.count(connection, job.id, scope, now=now)
        await accounts.set_durations(connection, api_account.account_id, mean=pace.mean, deviation=pace.deviation)

    return await context.write(job, event, count_and_learn)
