"""Drives one account: claims the next job when a slot is free, and leads every claimed job to its end.

One dispatcher an account. What it does is in the rows before it is done, so that whoever starts after a crash goes on
where this one stopped.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot import lifecycle
from bot.desk import Deposed, Desk, House
from bot.fetching import fetch
from bot.following import follow
from bot.lanes import Lane
from bot.moves import move
from bot.polling import Pace
from bot.submitting import settle, submit
from storage import accounts, attempts, jobs, queue
from storage.jobs import ACTIVE, Job, State

log = structlog.get_logger(__name__)

AGAIN_SECONDS = 5.0
LOOK_SECONDS = 1.0  # a ring is a hint; the rows are looked at this often anyway

_STEPS: dict[State, Callable[[Desk, Job, asyncio.Event], Awaitable[Job]]] = {
    State.SUBMITTING: settle,
    State.RUNNING: follow,
    State.FETCHING: fetch,
}


async def drive(lane: Lane, house: House, stop: asyncio.Event) -> None:
    """Drive the account until told to stop; then every job finishes the step it is in, and the rest stays in its row.

    Raises:
        Deposed: another dispatcher has taken over.
    """
    desk = await _take_over(lane, house)
    async with asyncio.TaskGroup() as group:
        for job in await _ours(desk):
            group.create_task(_lead(desk, job, stop))
        while not stop.is_set():
            await desk.ask_the_time()
            ticket = house.bell.ticket()
            claimed = await _claim(desk)
            if isinstance(claimed, Job):
                group.create_task(_lead(desk, await _sent(desk, claimed), stop))
            else:
                await house.clock.wait(ticket, claimed)


async def _take_over(lane: Lane, house: House) -> Desk:
    async with house.database.write() as connection:
        guess = lane.first_guess
        account = await accounts.take_over(connection, lane.account_id, mean=guess.mean, deviation=guess.deviation)
        await accounts.space(connection, account.id, house.clock.now() + lane.spacing)
    pace = Pace(account.mean_seconds, account.deviation_seconds)
    return Desk(lane, house, epoch=account.epoch, pace=pace)


async def _ours(desk: Desk) -> list[Job]:
    """The jobs that an earlier dispatcher of this account has left on their way."""
    async with desk.house.database.read() as connection:
        active = await jobs.active(connection)
    return [job for job in active if job.account_id == desk.lane.account_id]


async def _sent(desk: Desk, job: Job) -> Job:
    try:
        return await submit(desk, job)
    except Deposed:
        raise
    except Exception:  # whatever broke, one job's trouble must not end the others; the task list tells how far it came
        log.exception("a submit broke", job=job.id)
        return job


async def _lead(desk: Desk, job: Job, stop: asyncio.Event) -> None:
    """Lead a job on until it is out of the API's hands, or until told to stop between two steps."""
    now: Job | None = job
    while now is not None and now.state in ACTIVE and not stop.is_set():
        try:
            now = await _STEPS[now.state](desk, now, stop)
        except Deposed:
            raise
        except Exception:  # as above; the row says where to go on
            log.exception("a step broke and begins again", job=job.id, seconds=AGAIN_SECONDS)
            await desk.house.clock.wait(stop, AGAIN_SECONDS)
            now = await desk.read(job)


async def _claim(desk: Desk) -> Job | float:
    """The job whose turn it is, its slot held and its attempt written down; or the seconds until it is worth another
    look, when nothing may be sent now."""
    house, lane = desk.house, desk.lane
    async with house.database.write() as connection:
        now = house.clock.now()
        account = await accounts.get(connection, lane.account_id)
        if account.epoch != desk.epoch:
            raise Deposed(f"account {lane.account_id} is driven by another dispatcher")
        slot = await queue.free_slot(connection, lane.account_id, range(lane.slots + desk.prefetch))
        doubtful = await queue.in_doubt(connection, lane.account_id)
        if slot is None or doubtful or account.paused_reason is not None:
            return LOOK_SECONDS
        opens = max(account.open_until, account.next_submit_at)
        if now < opens:
            return min(LOOK_SECONDS, opens - now)
        job_id = await queue.next_job(connection, now)
        job = None if job_id is None else await jobs.get(connection, job_id)
        if job is None:
            return LOOK_SECONDS
        claimed = (await move(connection, job, lifecycle.Claimed(lane.account_id, slot), now)).job
        await attempts.begin(
            connection,
            job_id=job.id,
            n=claimed.attempts,
            account_id=lane.account_id,
            now=now,
            server_at=lane.client.server_clock.now(),
        )
        await queue.advance(connection, claimed.tag or 0)
        await accounts.space(connection, lane.account_id, now + lane.spacing)
    house.bell.ring()
    return claimed
