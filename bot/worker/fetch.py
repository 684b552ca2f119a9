"""FETCHING: download the picture before its link expires, and store it."""

import asyncio
from dataclasses import replace

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dashscope.errors import DashScopeError, ResultGone
from bot.dashscope.wire import TaskStatus
from bot.domain import job_lifecycle
from bot.worker.context import AccountContext
from bot.worker.poll import MAX_ODD_ANSWERS, is_expired, query
from storage import results
from storage.jobs import Job
from storage.photos import Kind, StoreDown
from storage.results import Result

log = structlog.get_logger(__name__)

QUICK_TRIES = 3


async def fetch(context: AccountContext, job: Job, stop: asyncio.Event) -> Job:
    """Download, store, and write that it is stored; retried for as long as the API keeps the picture."""
    deps, tries, unknown = context.deps, 0, 0
    while True:
        gone = False
        try:
            picture = await context.api_account.client.fetch_result(job.result_url or "")
            width, height = deps.measure(picture)
        except ResultGone:
            gone = True
        except (DashScopeError, ValueError) as error:
            log.warning("could not fetch a picture", job=job.id, error=type(error).__name__)
        else:
            if (stored := await _store(context, job, picture, (width, height))) is not None:
                return stored
        tries += 1
        stale = gone or tries > QUICK_TRIES  # the host that the link names may have moved
        # Every answer about the task has a freshly signed link.
        if stale and (task := await query(context, job)) is not None:
            unknown += gone and task.status == TaskStatus.UNKNOWN
            job = replace(job, result_url=task.result_url or job.result_url)
        if unknown >= MAX_ODD_ANSWERS or await is_expired(context, job):
            log.error("a picture was lost", job=job.id)
            return await context.write(job, job_lifecycle.FetchFailed())
        if await deps.clock.wait(stop, job_lifecycle.backoff(tries - QUICK_TRIES, deps.rng.random())):
            return job


async def _store(context: AccountContext, job: Job, picture: bytes, size: tuple[int, int]) -> Job | None:
    """None: the store is down. The API still has the picture."""
    now = context.deps.clock.now()
    expires = now + context.deps.result_days * 86400
    try:
        key = await context.deps.photos.put(Kind.RESULT, job.person_id, picture, expires=expires)
    except StoreDown as error:
        log.warning("could not store a picture", job=job.id, error=str(error))
        return None
    result = Result(key=key, bytes=len(picture), width=size[0], height=size[1], created=now, expires=expires)

    async def remember(connection: AsyncConnection) -> None:
        await results.insert(connection, job.id, result)

    return await context.write(job, job_lifecycle.Fetched(), remember)
