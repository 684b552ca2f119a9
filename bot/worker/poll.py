"""RUNNING: query the task until it has ended. An event of the API that it has cuts the wait short."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dashscope.errors import DashScopeError, Decision
from bot.dashscope.wire import Task, TaskStatus
from bot.domain import job_lifecycle, poll_schedule, quota
from bot.domain.job_lifecycle import Event
from bot.domain.poll_schedule import TaskDurations
from bot.runtime.clock import Clock
from bot.worker import photo_exposure
from bot.worker.context import AccountContext
from bot.worker.learning import learn_slot
from common.clock import steady
from storage import accounts, attempts, completion_events, findings, ledger
from storage.jobs import Job

BETWEEN_LOOKS_SECONDS = 0.25  # every change of any row is a wake-up
LOOK_SECONDS = 1.0  # a wake-up is a hint; one from another process may be lost
QUICK_QUERIES = 20  # the answer may lag behind the event for some seconds


class CompletionListener:
    """For one attempt of one job. Where the API sends no events, it only waits."""

    def __init__(self, context: AccountContext, job: Job) -> None:
        self._deps = context.deps
        self._job = job
        self._is_listening = context.api_account.gets_events
        self._quick_left = 0

    async def pause(self, stop: asyncio.Event, seconds: float, *, in_full: bool = False) -> float | None:
        """Wait for so many seconds, or until an event arrives; returns the seconds waited, or None when told to stop.
        `in_full`: don't let an event cut it short."""
        if self._is_listening and not in_full:
            return await self._listen(stop, seconds)
        if self._quick_left and not in_full:
            self._quick_left -= 1
            seconds = min(seconds, poll_schedule.NEAR_SECONDS)
        return None if await self._deps.clock.wait(stop, seconds) else seconds

    async def _listen(self, stop: asyncio.Event, seconds: float) -> float | None:
        clock, left = self._deps.clock, seconds
        while left > 0:
            began, wakeup = clock.now(), self._deps.wakeups.subscribe()
            if await self._is_reported():
                self._is_listening, self._quick_left = False, QUICK_QUERIES
                break
            step = min(left, LOOK_SECONDS)
            was_woken = await _any_of(clock, (stop, wakeup), step)
            if stop.is_set() or (was_woken and await clock.wait(stop, min(left, BETWEEN_LOOKS_SECONDS))):
                return None
            left -= clock.now() - began if was_woken else step
        return seconds - max(0.0, left)

    async def _is_reported(self) -> bool:
        async with self._deps.database.read() as connection:
            return await completion_events.is_recorded(connection, job_id=self._job.id, n=self._job.attempts)


async def _any_of(clock: Clock, events: Sequence[asyncio.Event], seconds: float) -> bool:
    """Whether one of the events was set within that time."""
    over, waiting = asyncio.Event(), [asyncio.create_task(event.wait()) for event in events]
    for task in waiting:
        task.add_done_callback(lambda _: over.set())
    try:
        return await clock.wait(over, seconds)
    finally:
        for task in waiting:
            task.cancel()


log = structlog.get_logger(__name__)

MAX_ODD_ANSWERS = 3
ODD_SECONDS = 5.0
YOUNG_SECONDS = 60.0  # a task may take so long to be known everywhere at the API
STRANGE_QUERY_SECONDS = 10.0  # between queries of a task in a state that nobody knows
MAX_STRANGE_SECONDS = 300.0
SILENT_QUERIES = 3  # in a row without an answer: the painting service is away
MANY_UNANSWERED = 20  # in a row, within three minutes: the owner is told
TASK_LIFETIME = 24 * 3600.0  # seconds for which the API keeps tasks and pictures


@dataclass
class Seen:
    """What a task's answers have shown so far: seconds in each of these states without a break, and answers in a
    row."""

    unanswered: int = 0
    odd: int = 0
    odd_seconds: float = 0.0
    strange_seconds: float = 0.0
    running_seconds: float = 0.0  # in all: what we waited, since clocks may jump

    def note(self, task: Task | None, waited_for: float) -> None:
        """Count one more answer, or one that did not come, after so many seconds."""
        self.unanswered = self.unanswered + 1 if task is None else 0
        if task is None:
            return
        self.odd, self.odd_seconds = (self.odd + 1, self.odd_seconds + waited_for) if is_odd(task) else (0, 0.0)
        self.strange_seconds = self.strange_seconds + waited_for if task.status == TaskStatus.UNRECOGNISED else 0.0
        self.running_seconds += waited_for if task.status in {TaskStatus.RUNNING, TaskStatus.SUSPENDED} else 0.0


async def poll_task(context: AccountContext, job: Job, stop: asyncio.Event) -> Job:
    """Query the task until it has ended. Returns early, with the job as it is, when told to stop."""
    seen, cancel_tried = Seen(), False
    listener = CompletionListener(context, job)
    query_seconds, pending = 0.0, 0.0  # how long the last query took; for how long the task was seen to be pending
    is_odd = is_inherited = context.take_inherited(job)
    delay = 0.0 if is_inherited else poll_schedule.next_poll(context.durations, waited(context, job))
    while True:
        waited_for = await listener.pause(stop, delay, in_full=seen.odd + seen.unanswered > 0)
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
        seen.note(task, waited_for)
        is_odd = is_odd or seen.unanswered + seen.odd > 1
        await _note_answer(context, task, seen)
        if seen.unanswered == MANY_UNANSWERED and not await context.are_queries_refused():
            await context.record(findings.UNANSWERED, f"{MANY_UNANSWERED} queries in a row")
        expired = task is None and await is_expired(context, job)
        event = event_from(task, seen, age=waited(context, job), expired=expired)
        if event is not None:
            held = waited(context, job) - (pending if context.prefetch else 0.0)
            return await _finish(context, job, event, task, held=None if is_odd else held)
        if task is not None and task.status == TaskStatus.PENDING:
            pending, delay = waited(context, job), poll_schedule.while_pending(context.durations)
        else:
            delay = next_delay(task, seen, context.durations, waited(context, job) - pending, query_seconds)


async def _note_answer(context: AccountContext, task: Task | None, seen: Seen) -> None:
    """When several queries in a row got no answer, the API is silent, until one gets an answer."""
    if task is not None:
        await context.note_answer(by_query=True)
    elif seen.unanswered % SILENT_QUERIES == 0 and not await context.are_queries_refused():
        await context.note_silent_queries()


def next_delay(task: Task | None, seen: Seen, durations: TaskDurations, elapsed: float, query_seconds: float) -> float:
    """Seconds until the next query of a task that is not pending. Pure."""
    if task is None:
        return poll_schedule.after_failures(seen.unanswered)
    if is_odd(task):
        return ODD_SECONDS
    if task.status == TaskStatus.UNRECOGNISED:
        return STRANGE_QUERY_SECONDS
    return poll_schedule.next_poll(durations, elapsed, query_seconds)


async def query(context: AccountContext, job: Job) -> Task | None:
    """The state of the job's task; None when there was no answer, or while the API refuses to tell."""
    if await context.are_queries_refused():
        return None
    await context.wait_to_query()
    reader_id = context.reader_id
    try:
        task = await context.reader.query_task(job.task_id or "")
    except DashScopeError as error:
        return await _without_answer(context, job, error, reader_id)
    if task.status == TaskStatus.UNRECOGNISED:
        log.error("a task is in a state that nobody knows", job=job.id, state=task.stated)
        await context.record(findings.TASK_STATE, task.stated)
    return task


async def _without_answer(context: AccountContext, job: Job, error: DashScopeError, reader_id: str) -> Task | None:
    """What a failed query says: nothing, or that the account is refused, or that the API doesn't know the task."""
    log.warning("no answer about a task", job=job.id, code=error.code, status=error.http_status)
    if error.decision.is_temporary:
        return None
    if error.decision == Decision.PAUSE_ACCOUNT and error.http_status != 404:
        await context.refuse_queries(error, reader_id)
        return None
    # It is about this task only if the account's other tasks can be seen.
    if not await context.is_list_answered():
        return None
    return Task(job.task_id or "", TaskStatus.UNKNOWN)


def is_odd(task: Task) -> bool:
    """Whether another query may give a better answer: the task is unknown, or was paid for and has no picture."""
    without_picture = task.status == TaskStatus.SUCCEEDED and task.result_url is None and task.image_count > 0
    return without_picture or task.status == TaskStatus.UNKNOWN


def event_from(task: Task | None, seen: Seen, *, age: float, expired: bool) -> Event | None:
    """What an answer means for the job; None: the task has not ended. `task`: None without an answer, else already
    counted in `seen`; `age`: seconds since the submit. Pure."""
    if task is None:  # the API keeps the picture for a day
        return job_lifecycle.TaskLost() if expired else None
    if is_odd(task):
        is_young = task.status == TaskStatus.UNKNOWN and max(age, seen.odd_seconds) < YOUNG_SECONDS
        if seen.odd < MAX_ODD_ANSWERS or is_young:
            return None
        # Paid for, and somewhere: its slot is free, and `fetch` asks for its link until the API has dropped it.
        is_paid = task.status == TaskStatus.SUCCEEDED
        return job_lifecycle.Succeeded(None) if is_paid else job_lifecycle.TaskLost(task.status)
    match task.status:
        case TaskStatus.SUCCEEDED if task.result_url is not None:
            return job_lifecycle.Succeeded(task.result_url)
        case TaskStatus.SUCCEEDED | TaskStatus.FAILED if task.failure is not None:
            return job_lifecycle.TaskFailed(task.failure.code, task.failure.decision)
        case TaskStatus.CANCELED:
            return job_lifecycle.TaskFailed("Canceled", Decision.RETRY_LATER)
        case TaskStatus.PENDING:  # it waits for its turn at the API, which is no reason to give up
            return None
        case TaskStatus.UNRECOGNISED:
            return job_lifecycle.TaskLost(task.stated) if seen.strange_seconds > MAX_STRANGE_SECONDS else None
    return job_lifecycle.TaskLost(task.status) if seen.running_seconds > poll_schedule.GIVE_UP_SECONDS else None


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
        return await context.reader.cancel_task(job.task_id or "")
    except DashScopeError as error:
        log.info("could not cancel a task", job=job.id, code=error.code)
        return False


async def _finish(context: AccountContext, job: Job, event: Event, task: Task | None, *, held: float | None) -> Job:
    """`held`: for how long the task has held its slot; None: that says nothing about others, after a restart or an
    outage."""
    if isinstance(event, job_lifecycle.TaskFailed):
        log.warning("a task failed", job=job.id, code=event.code, decision=event.decision)
        await photo_exposure.note_failure(context, event.decision, event.code)
    if not isinstance(event, job_lifecycle.Succeeded) or task is None:
        return await context.write(job, event)
    if event.url is None:
        log.error("a paid task has no link that this version knows", job=job.id)
    started, waits = task.scheduled_time or task.start_time, waited(context, job)
    context.durations = context.durations.updated_with(
        poll_schedule.task_seconds(started, task.end_time, waited=waits, durations=context.durations)
    )
    api_account, durations, now = context.api_account, context.durations, context.deps.clock.now()
    counted = [quota.account_scope(api_account.account_id, api_account.free_images)]
    if api_account.paid:  # a job that was queued when nothing was paid for has reserved nothing of the budget
        counted.append(quota.budget_scope(None, now, api_account.price_cny))

    async def count_and_learn(connection: AsyncConnection) -> None:
        for scope in counted:
            await ledger.count(connection, job.id, scope, now=now)
        if held is not None and job.style is not None:
            await learn_slot(context, connection, job.style, held)
        await accounts.set_durations(
            connection, api_account.account_id, mean=durations.mean, deviation=durations.deviation
        )

    return await context.write(job, event, count_and_learn)
