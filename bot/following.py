"""RUNNING: ask the API how a task is doing until it is over."""

import asyncio

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import lifecycle, polling, quota
from bot.dashscope.errors import DashScopeError, Decision
from bot.dashscope.wire import Task, TaskStatus
from bot.desk import Desk
from bot.lifecycle import Event
from storage import accounts, ledger
from storage.jobs import Job

log = structlog.get_logger(__name__)

UNKNOWN_LOOKS = 3
UNKNOWN_SECONDS = 5.0


async def follow(desk: Desk, job: Job, stop: asyncio.Event) -> Job:
    """Ask until the task is over. `silent` counts unanswered questions, `unknown` answers that don't know the task."""
    silent, unknown, cancel_tried = 0, 0, False
    while True:
        elapsed = _elapsed(desk, job)
        delay = polling.after_trouble(silent) if silent else polling.next_poll(desk.pace, elapsed)
        if await desk.house.clock.wait(stop, UNKNOWN_SECONDS if unknown else delay):
            return job
        job = await desk.read(job)
        if job.cancel_requested and not cancel_tried:
            cancel_tried = True
            if await _cancelled_there(desk, job):
                return await desk.write(job, lifecycle.TaskFailed("Canceled", Decision.AGAIN_LATER))
        task = await ask(desk, job)
        silent = silent + 1 if task is None else 0
        if task is not None:
            unknown = unknown + 1 if task.status == TaskStatus.UNKNOWN else 0
        event = heard(task, unknown, elapsed)
        if event is not None:
            return await _over(desk, job, event)


async def ask(desk: Desk, job: Job) -> Task | None:
    """How the job's task is doing; None when there was no answer."""
    await desk.turn_to_query()
    try:
        return await desk.lane.client.query_task(job.task_id or "")
    except DashScopeError as error:
        log.warning("no answer about a task", job=job.id, code=error.code)
        return None


def heard(task: Task | None, unknown: int, elapsed: float) -> Event | None:
    """What an answer means; None: not over yet. Pure."""
    if task is not None:
        match task.status:
            case TaskStatus.SUCCEEDED if task.result_url is not None:
                return lifecycle.Succeeded(task.result_url)
            case TaskStatus.SUCCEEDED | TaskStatus.FAILED if task.failure is not None:
                return lifecycle.TaskFailed(task.failure.code, task.failure.decision)
            case TaskStatus.CANCELED:
                return lifecycle.TaskFailed("Canceled", Decision.AGAIN_LATER)
            case TaskStatus.UNKNOWN if unknown >= UNKNOWN_LOOKS:
                return lifecycle.TaskLost()
    return lifecycle.TaskLost() if elapsed > polling.GIVE_UP_SECONDS else None


def _elapsed(desk: Desk, job: Job) -> float:
    return desk.house.clock.now() - (job.submitted or job.updated)


async def _cancelled_there(desk: Desk, job: Job) -> bool:
    await desk.turn_to_query()
    try:
        return await desk.lane.client.cancel_task(job.task_id or "")
    except DashScopeError as error:
        log.info("could not cancel a task", job=job.id, code=error.code)
        return False


async def _over(desk: Desk, job: Job, event: Event) -> Job:
    if isinstance(event, lifecycle.TaskFailed):
        log.warning("a task failed", job=job.id, code=event.code, decision=event.decision)
    if not isinstance(event, lifecycle.Succeeded):
        return await desk.write(job, event)
    desk.pace = desk.pace.learned(_elapsed(desk, job))
    lane, pace, now = desk.lane, desk.pace, desk.house.clock.now()

    async def count_and_learn(connection: AsyncConnection) -> None:
        await ledger.count(connection, job.id, quota.account_scope(lane.account_id, lane.free_images), now=now)
        await accounts.learn(connection, lane.account_id, mean=pace.mean, deviation=pace.deviation)

    return await desk.write(job, event, count_and_learn)
