"""Builds job views: from the row, its place in the queue, and the estimated time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import eta
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import WAITING, JobView, State
from bot.domain.styles import ALL_INDICES
from storage import accounts, jobs, queue, results
from storage.accounts import Account
from storage.jobs import ACTIVE, Job
from storage.queue import Depth, Place
from storage.results import Result


@dataclass(frozen=True)
class Capacity:
    """What others need to know about the API accounts: their ids, the slots of all together, the assumed seconds of a
    task (`first_guess`) until some were measured, the indices of the `styles` that at least one of them paints, and the
    number of free images that came with each that is paid, by its id."""

    account_ids: frozenset[str]
    slots: int
    first_guess: float
    styles: frozenset[int] = ALL_INDICES
    free_images: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class QueueState:
    """The queue at one moment: mean seconds of a task, seconds that the oldest task has run (None: none runs), whether
    all accounts are paused, the number of waiting and running jobs, and the accounts where queries are refused, so
    that their running jobs make no progress."""

    task_seconds: float
    running_for: float | None
    paused: bool
    waiting: int
    running: int
    refusing: frozenset[str] = frozenset()


# For views of jobs that are not waiting: they don't depend on the queue.
IDLE_QUEUE = QueueState(task_seconds=0.0, running_for=None, paused=False, waiting=0, running=0)


async def read_queue_state(connection: AsyncConnection, capacity: Capacity, now: float) -> QueueState:
    """Read the state of the queue. `now` is in epoch seconds."""
    return queue_state(await accounts.list_all(connection), await queue.get_depth(connection), capacity, now)


def queue_state(every: Sequence[Account], depth: Depth, capacity: Capacity, now: float) -> QueueState:
    """The state of the queue, from the rows of all accounts and its depth. Pure."""
    ours = [account for account in every if account.id in capacity.account_ids]
    return QueueState(
        task_seconds=min((account.mean_seconds for account in ours), default=capacity.first_guess),
        running_for=None if depth.oldest_submitted is None else max(0.0, now - depth.oldest_submitted),
        paused=bool(ours) and all(account.paused_reason is not None for account in ours),
        waiting=depth.waiting,
        running=depth.running,
        refusing=frozenset(account.id for account in ours if account.queries_refused),
    )


async def read_view(
    connection: AsyncConnection, job: Job, capacity: Capacity, now: float, *, repeated: bool = False
) -> JobView:
    """Read a job's view: its place, its time left, its result."""
    if job.state not in WAITING:
        shown = view_of(job, None, await results.get(connection, job.id), IDLE_QUEUE, slots=capacity.slots, now=now)
        return replace(shown, repeated=repeated)
    state, place = await read_queue_state(connection, capacity, now), None
    if job.state == State.QUEUED and job.tag is not None:
        place = await queue.get_place(connection, job_id=job.id, person_id=job.person_id, tag=job.tag)
    return replace(view_of(job, place, None, state, slots=capacity.slots, now=now), repeated=repeated)


async def views_of_jobs(
    connection: AsyncConnection, found: Sequence[Job], capacity: Capacity, now: float
) -> tuple[JobView, ...]:
    """The views of many jobs with their results, reading the queue once: a history may have a hundred entries."""
    if not found:
        return ()
    state, places = (
        await read_queue_state(connection, capacity, now),
        await queue.list_places(connection, {job.id for job in found}),
    )
    pictures = await results.get_many(connection, [job.id for job in found])
    return tuple(
        view_of(job, places.get(job.id), pictures.get(job.id), state, slots=capacity.slots, now=now) for job in found
    )


async def views_by_id(
    connection: AsyncConnection, job_ids: Sequence[int], capacity: Capacity, now: float
) -> list[JobView]:
    """The views of jobs by id, in this order and without results, reading the queue once. Missing jobs are left out."""
    if not job_ids:
        return []
    state, places = (
        await read_queue_state(connection, capacity, now),
        await queue.list_places(connection, frozenset(job_ids)),
    )
    found = await jobs.get_many(connection, job_ids)
    shown = [found[job_id] for job_id in job_ids if job_id in found]
    return [view_of(job, places.get(job.id), None, state, slots=capacity.slots, now=now) for job in shown]


def view_of(
    job: Job, place: Place | None, result: Result | None, state: QueueState, *, slots: int, now: float
) -> JobView:
    """The view of a job's row; `slots` is the number of slots of all accounts. Pure."""
    is_stuck = job.state in {State.SUBMITTING, State.RUNNING} and job.account_id in state.refusing
    no_estimate = state.paused or is_stuck or job.cancel_requested
    return JobView(
        id=job.id,
        state=State.CANCELED if job.cancel_requested else job.state,
        style=job.style,
        has_reference=job.reference is not None,
        created=job.created,
        updated=job.updated,
        place=None if place is None or no_estimate else place.number,
        eta_seconds=None if no_estimate else _eta(job, place, state, slots, now),
        eta_is_minimum=place is not None and not place.is_first,
        progress=eta.progress(job, state.task_seconds, now),
        error=None if job.error is None else UserError(ErrorCode.read(job.error)),
        cropped=job.cropped,
        paused=is_stuck or (state.paused and job.state == State.QUEUED),
        asked=job.asked,
        has_photo=job.photo is not None,
        subject=job.subject,
        consent=job.consent,
        asker_name=job.asker_name,
        subject_name=job.subject_name,
        reference_name=job.reference_name,
        width=None if result is None else result.width,
        height=None if result is None else result.height,
        expires_at=None if result is None else result.expires,
    )


def _eta(job: Job, place: Place | None, state: QueueState, slots: int, now: float) -> float | None:
    if place is not None:
        return eta.seconds_left(
            place=place.number, running_for=state.running_for, cycle=state.task_seconds, slots=slots
        )
    if job.state in ACTIVE and job.submitted is not None:
        return max(1.0, state.task_seconds - max(0.0, now - job.submitted))
    return None
