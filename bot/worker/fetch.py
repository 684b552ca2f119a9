"""FETCHING: download the picture before its link expires, and store it."""

import asyncio
from dataclasses import replace

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dashscope.download import Download
from bot.dashscope.errors import DashScopeError, ResultGone
from bot.domain import job_lifecycle
from bot.imaging.intake import Unreadable
from bot.imaging.results import WholePicture
from bot.worker.context import AccountContext
from bot.worker.learning import learn_fetch
from bot.worker.poll import is_expired, query
from storage import results
from storage.jobs import Job
from storage.photos import Kind, StoreDown
from storage.results import Result

log = structlog.get_logger(__name__)

QUICK_TRIES = 3
MAX_WAIT_SECONDS = 30.0  # people wait for what is finished, and asking costs nothing
PROGRESS_BYTES = 16_384  # a download that brought so many more was no failure


async def fetch(context: AccountContext, job: Job, stop: asyncio.Event) -> Job:
    """Download, store, and write that it is stored; retried for as long as the API keeps the picture."""
    deps, tries, download = context.deps, 0, Download()
    while True:
        before = len(download.body)
        picture, gone = await _download(context, job, download)
        if picture is not None and (stored := await _store(context, job, picture)) is not None:
            return stored
        tries = 0 if len(download.body) >= before + PROGRESS_BYTES else tries + 1
        stale = gone or tries > QUICK_TRIES  # the host that the link names may have moved
        # Every answer about the task has a freshly signed link.
        if stale and (task := await query(context, job)) is not None:
            job = replace(job, result_url=task.result_url or job.result_url)
        if await is_expired(context, job):  # until then, an answer that says otherwise may be wrong
            log.error("a picture was lost", job=job.id)
            return await context.write(job, job_lifecycle.FetchFailed())
        seconds = min(MAX_WAIT_SECONDS, job_lifecycle.backoff(tries - QUICK_TRIES, deps.rng.random()))
        if await deps.clock.wait(stop, seconds):
            return job


async def _download(context: AccountContext, job: Job, download: Download) -> tuple[WholePicture | None, bool]:
    """The picture, or None: not this time; and whether its link is gone, or was never there."""
    if job.result_url is None:
        return None, True
    try:
        data = await context.api_account.client.fetch_result(job.result_url, download)
        download.clear()
        return await context.deps.whole_picture(data), False
    except ResultGone:
        return None, True
    except (DashScopeError, Unreadable) as error:
        log.warning("could not fetch a picture", job=job.id, error=type(error).__name__, bytes=len(download.body))
        return None, False


async def _store(context: AccountContext, job: Job, picture: WholePicture) -> Job | None:
    """None: the store is down. The API still has the picture."""
    now = context.deps.clock.now()
    expires = now + context.deps.result_days * 86400
    try:
        key = await context.deps.photos.put(Kind.RESULT, job.person_id, picture.data, expires=expires)
    except StoreDown as error:
        log.warning("could not store a picture", job=job.id, error=str(error))
        return None
    result = Result(key, len(picture.data), picture.width, picture.height, created=now, expires=expires)

    async def remember(connection: AsyncConnection) -> None:
        await results.insert(connection, job.id, result)
        await learn_fetch(context, connection, max(0.0, now - job.updated))

    return await context.write(job, job_lifecycle.Fetched(), remember)
