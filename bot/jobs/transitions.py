"""A job's move as part of a transaction: decided by `lifecycle`, written with all that hangs on it."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.job_lifecycle import Event, Transition, advance
from storage import attempts, jobs, ledger, results
from storage.jobs import Job


class StaleJob(Exception):
    """Somebody else has moved the job since it was read: read it again, decide again."""


async def apply_event(
    connection: AsyncConnection, job: Job, event: Event, now: float, *, jitter: float = 0.0
) -> Transition:
    """Write what the event makes of the job: its row, its units, its attempt, and that its person is to be told.

    Raises:
        Impossible: the event does not fit the job's state.
        Overtaken: the row has changed since `job` was read.
    """
    change = advance(job, event, now, jitter=jitter)
    if not await jobs.update(connection, change.job):
        raise StaleJob(f"job {job.id} has moved on")
    for kinds, settlement in change.settle:
        await ledger.settle(connection, job.id, settlement, kinds, now=now)
    if change.attempt is not None:
        await attempts.finish(connection, job_id=job.id, n=job.attempts, outcome=change.attempt, now=now)
    if change.notify:
        await results.add_to_outbox(connection, job.id, now)
    return replace(change, job=replace(change.job, version=job.version + 1))
