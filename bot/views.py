"""A job as its person may see it: the row, its place in the queue, and what that means in seconds."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import turns
from bot.wishes import JobView, Reason, Refusal, State
from storage import accounts, jobs, queue, results
from storage.jobs import Job


@dataclass(frozen=True)
class Lanes:
    """What a view must know of the lanes: which accounts, how many slots in all, how long a task is guessed to take."""

    account_ids: frozenset[str]
    slots: int
    first_guess: float


@dataclass(frozen=True)
class Pulse:
    """The queue at one moment: seconds a task takes, how long the oldest has run, whether every lane stands still."""

    cycle: float
    running_for: float | None
    paused: bool
    waiting: int
    running: int


async def pulse(connection: AsyncConnection, lanes: Lanes, now: float) -> Pulse:
    """How the queue is doing."""
    ours = [account for account in await accounts.every(connection) if account.id in lanes.account_ids]
    depth = await queue.depth(connection)
    return Pulse(
        cycle=min((account.mean_seconds for account in ours), default=lanes.first_guess),
        running_for=None if depth.oldest_submitted is None else max(0.0, now - depth.oldest_submitted),
        paused=bool(ours) and all(account.paused_reason is not None for account in ours),
        waiting=depth.waiting,
        running=depth.running,
    )


async def view(connection: AsyncConnection, job: Job, lanes: Lanes, now: float, *, repeated: bool = False) -> JobView:
    """The job, its place and time left, its picture."""
    beat = await pulse(connection, lanes, now)
    place, eta, is_least = None, None, False
    if job.state == State.QUEUED and job.tag is not None:
        place = await queue.place(connection, job.id, job.tag)
        eta = turns.seconds_left(place=place, running_for=beat.running_for, cycle=beat.cycle, slots=lanes.slots)
        is_least = not await queue.is_first(connection, job.person_id, job.id, job.tag)
    elif job.state in {State.SUBMITTING, State.RUNNING, State.FETCHING} and job.submitted is not None:
        eta = max(1.0, beat.cycle - (now - job.submitted))
    result = await results.get(connection, job.id)
    return JobView(
        id=job.id,
        state=State.CANCELED if job.cancel_requested else job.state,
        style=job.style,
        has_reference=job.reference is not None,
        created=job.created,
        updated=job.updated,
        place=None if beat.paused else place,
        eta_seconds=None if beat.paused or job.cancel_requested else eta,
        eta_is_least=is_least,
        progress=turns.progress(job, beat.cycle, now),
        refusal=None if job.error is None else Refusal(Reason(job.error)),
        cropped=job.cropped,
        paused=beat.paused and job.state == State.QUEUED,
        repeated=repeated,
        has_photo=job.photo is not None,
        width=None if result is None else result.width,
        height=None if result is None else result.height,
        expires_at=None if result is None else result.expires,
    )


async def view_of(connection: AsyncConnection, job_id: int, lanes: Lanes, now: float) -> JobView | None:
    """The same by the job's id."""
    job = await jobs.get(connection, job_id)
    return None if job is None else await view(connection, job, lanes, now)
