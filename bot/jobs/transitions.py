"""Applies events to jobs within a transaction: `bot.domain.job_lifecycle` decides, all consequences are written."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.error_codes import ErrorCode
from bot.domain.job_lifecycle import Declined, Delivered, Event, Transition, advance
from storage import attempts, jobs, ledger, queue, results
from storage.jobs import Job, State


class StaleJob(Exception):
    """The job's row has changed since it was read: read it again and decide again."""


async def apply_event(
    connection: AsyncConnection, job: Job, event: Event, now: float, *, jitter: float = 0.0, cost: int | None = None
) -> Transition:
    """Write the transition that an event makes: the job's row, its units, its attempt and its outbox entry.

    `now` is in epoch seconds; `jitter` in 0..1 spreads retries; `cost` is what a picture of the job's account costs, in
    units of the budget (None: what was reserved). The returned job has its new version.

    Raises:
        InvalidTransition: the event does not fit the job's state.
        StaleJob: the row has changed since `job` was read.
    """
    change = _without_names(advance(job, event, now, jitter=jitter))
    if not await jobs.update(connection, change.job):
        raise StaleJob(f"job {job.id} has moved on")
    if change.job.state is State.QUEUED and job.state is not State.DRAFT:
        await queue.restore(connection, job.person_id)
    for kinds, settlement in change.settle:
        await ledger.settle(connection, job.id, settlement, kinds, now=now, cost=cost)
    if change.attempt is not None:
        await attempts.finish(connection, job_id=job.id, n=job.attempts, outcome=change.attempt, now=now)
    if change.notify:
        await results.add_to_outbox(connection, job.id, now)
    return replace(change, job=replace(change.job, version=job.version + 1))


def _without_names(change: Transition) -> Transition:
    """Nobody's name is kept once the question of consent is answered, or won't be asked."""
    if change.job.state is State.DRAFT:
        return change
    return replace(change, job=replace(change.job, asker_name=None, subject_name=None))


async def mark_delivered(connection: AsyncConnection, job_ids: Collection[int], now: float) -> None:
    """Mark the stored ones of these jobs as delivered, and owe none of their outcomes any more."""
    for job in (await jobs.get_many(connection, [*job_ids])).values():
        if job.state is State.STORED and not job.hidden:
            await apply_event(connection, job, Delivered(), now)
    for job_id in job_ids:
        await results.remove_from_outbox(connection, job_id)


async def decline_waiting(connection: AsyncConnection, job_ids: Collection[int], reason: ErrorCode, now: float) -> None:
    """End those of these jobs that nobody has begun to paint, and return their units."""
    for job in (await jobs.get_many(connection, [*job_ids])).values():
        if job.state in {State.DRAFT, State.QUEUED} and not job.hidden:
            await apply_event(connection, job, Declined(reason), now)
