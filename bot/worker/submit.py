"""SUBMITTING: send a claimed job to the API once; when the answer was lost, find out whether it was accepted."""

import asyncio

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cluster.leadership import LeadershipLost
from bot.dashscope.errors import DashScopeError, Decision, InDoubt
from bot.dashscope.wire import TaskRequest
from bot.domain import job_lifecycle
from bot.worker import photo_exposure, reconcile
from bot.worker.context import AccountContext
from bot.worker.poll import is_expired
from bot.worker.task_search import look_for_task
from storage import accounts, attempts
from storage.jobs import Job
from storage.photos import StoreDown

log = structlog.get_logger(__name__)


async def submit(context: AccountContext, job: Job) -> Job:
    """Send the job. If the answer is lost it stays SUBMITTING and keeps its slot, for `reconcile_submit` to find
    out."""
    try:
        task_request = await _task_request(context, job)
    except DashScopeError as error:  # the upload failed, so no task was requested
        return await _rejected(context, job, error)
    except StoreDown as error:  # nothing was sent, and the photo is still there: later
        log.warning("could not read a photo", job=job.id, error=str(error))
        await context.trip_breaker(Decision.RETRY_LATER)
        return await context.write(job, job_lifecycle.SubmitRejected("PhotoStoreDown", Decision.RETRY_LATER))
    if task_request is None:
        return await context.write(job, job_lifecycle.Expired())
    try:
        async with context.submit_limiter.slot():
            if (now := await context.read(job)) is not None and now.cancel_requested:
                return await context.write(job, job_lifecycle.SubmitRejected("Canceled", Decision.RETRY_LATER))
            if not await context.confirm_fence(job, context.api_account.client.submit_seconds(task_request)):
                return await _too_slow(context, job)
            created = await context.api_account.client.create_task(task_request)
    except InDoubt as error:
        log.warning("submit in doubt", job=job.id, code=error.code)
        await context.trip_breaker(error.decision, error)
        return job
    except DashScopeError as error:
        return await _rejected(context, job, error)
    try:
        return await _accepted(context, job, created.task_id)
    except LeadershipLost:
        await _record_late_task(context, job, created.task_id)
        raise


async def _too_slow(context: AccountContext, job: Job) -> Job:
    """Nothing was sent, since the proof that the account is ours was too old each time it was written down."""
    log.error("the disk or the database is too slow to submit", job=job.id, account=context.name)
    await context.trip_breaker(Decision.RETRY_LATER)
    return await context.write(job, job_lifecycle.SubmitRejected("SlowDisk", Decision.RETRY_LATER))


async def reconcile_submit(context: AccountContext, job: Job, stop: asyncio.Event) -> Job:
    """Look for the task of a submit in doubt: a few times, more often if another process may still be sending it."""
    verdict: reconcile.Verdict = reconcile.NotThere()
    for look in range(await _max_looks(context, job)):
        if look and await context.deps.clock.wait(stop, reconcile.BETWEEN_LOOKS_SECONDS):
            return job
        seen = await look_for_task(context, job)
        if seen is None:  # no answer: the slot stays taken, and the looks begin anew
            if await is_expired(context, job):
                return await context.write(job, job_lifecycle.TaskLost())
            await context.deps.clock.wait(stop, reconcile.BETWEEN_LOOKS_SECONDS)
            return job
        verdict = seen
        if isinstance(verdict, reconcile.Found):
            log.info("found the task of a submit in doubt", job=job.id)
            return await _accepted(context, job, verdict.task_id)
    return await _given_up(context, job, verdict)


async def _given_up(context: AccountContext, job: Job, verdict: reconcile.Verdict) -> Job:
    """All looks are done, and no task is proven to be the job's."""
    unproven = isinstance(verdict, reconcile.Unproven)
    async with context.deps.database.read() as connection:
        before = await attempts.count_outcome(connection, job_id=job.id, outcome="ambiguous" if unproven else "missed")
    if isinstance(verdict, reconcile.Unproven):
        log.error(
            "no task is proven to be the one in doubt: it may be paid for without a picture",
            job=job.id,
            account=context.name,
            tasks=verdict.tasks,
        )
        return await context.write(job, job_lifecycle.SubmitAmbiguous(before + 1))
    return await context.write(job, job_lifecycle.SubmitNotFound(before + 1))


async def _max_looks(context: AccountContext, job: Job) -> int:
    """How often the list must show nothing before it is believed: until the sender can't send any more."""
    async with context.deps.database.read() as connection:
        intent = await attempts.get_intent(connection, job_id=job.id, n=job.attempts)
    is_anothers = context.is_contested and intent.epoch != context.epoch
    return reconcile.looks_after_takeover(intent) if is_anothers else reconcile.LOOKS


async def _record_late_task(context: AccountContext, job: Job, task_id: str) -> None:
    """The account was taken over while the API accepted the task. Its new dispatcher looks for the task, or has given
    it up. What we know is a fact, so it is written without a fence, and the task is not taken for another job's."""
    log.warning("a task was created for an account that was taken over meanwhile", job=job.id)
    async with context.deps.database.write() as connection:
        await attempts.set_task_if_unknown(connection, job_id=job.id, n=job.attempts, task_id=task_id)


async def _task_request(context: AccountContext, job: Job) -> TaskRequest | None:
    """What to send for a job; None when its photo is gone."""
    links = await photo_exposure.links_now(context)
    photo = await photo_exposure.expose(context, links, job.photo)
    reference = await photo_exposure.expose(context, links, job.reference)
    if photo is None or job.style is None or (job.reference is not None and reference is None):
        return None
    extras = {"seed": job.seed} if "seed" in context.api_account.capability.parameters else {}
    return TaskRequest(image_url=photo, style_index=job.style, style_ref_url=reference, parameters=extras)


async def _rejected(context: AccountContext, job: Job, error: DashScopeError) -> Job:
    write_log = log.error if error.decision in {Decision.OUR_BUG, Decision.PAUSE_ACCOUNT} else log.warning
    write_log("submit refused", job=job.id, code=error.code, decision=error.decision, request_id=error.request_id)
    if error.http_status == 429 and context.prefetch:
        log.warning("this account accepts no prefetched tasks")
        context.prefetch = 0
    await context.trip_breaker(error.decision, error)
    await photo_exposure.note_failure(context, error.decision, str(error))
    return await context.write(job, job_lifecycle.SubmitRejected(error.code, error.decision))


async def _accepted(context: AccountContext, job: Job, task_id: str) -> Job:
    async def remember(connection: AsyncConnection) -> None:
        await attempts.set_task(connection, job_id=job.id, n=job.attempts, task_id=task_id)
        if context.reader_id == context.api_account.account_id:  # else another key goes on in this one's place
            await accounts.reset(connection, context.api_account.account_id)

    accepted = await context.write(job, job_lifecycle.SubmitAccepted(task_id), remember)
    context.want_identity()
    return accepted
