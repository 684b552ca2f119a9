"""SUBMITTING: send a claimed job to the API, once; and when the answer was lost, find out whether it was taken."""

import asyncio

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cluster.leadership import LeadershipLost
from bot.dashscope.errors import DashScopeError, Decision, InDoubt
from bot.dashscope.wire import ListedTask, TaskPage, TaskRequest
from bot.domain import job_lifecycle
from bot.worker import reconcile
from bot.worker.context import AccountContext
from storage import accounts, attempts
from storage.jobs import Job
from storage.photos import StoreDown

log = structlog.get_logger(__name__)

LIST_PAGES = 20
LIST_PAGE_SIZE = 50


async def submit(context: AccountContext, job: Job) -> Job:
    """Send the job. In doubt it stays SUBMITTING, with its slot taken, for `reconcile_submit` to find out."""
    try:
        task_request = await _wish(context, job)
    except DashScopeError as error:  # an upload that broke: whatever became of it, no task was asked for
        return await _turned(context, job, error)
    except StoreDown as error:  # nothing was sent, and the photo is where it was: later
        log.warning("could not read a photo", job=job.id, error=str(error))
        await context.trip_breaker(Decision.AGAIN_LATER)
        return await context.write(job, job_lifecycle.SubmitRejected("PhotoStoreDown", Decision.AGAIN_LATER))
    if task_request is None:
        return await context.write(job, job_lifecycle.Expired())
    try:
        async with context.turnstile.slot():
            if (now := await context.read(job)) is not None and now.cancel_requested:
                return await context.write(job, job_lifecycle.SubmitRejected("Canceled", Decision.AGAIN_LATER))
            await context.confirm_fence(job)
            created = await context.api_account.client.create_task(task_request)
    except InDoubt as error:
        log.warning("submit in doubt", job=job.id, code=error.code)
        await context.trip_breaker(error.decision)
        return job
    except DashScopeError as error:
        return await _turned(context, job, error)
    try:
        return await _taken(context, job, created.task_id)
    except LeadershipLost:
        await _late(context, job, created.task_id)
        raise


async def reconcile_submit(context: AccountContext, job: Job, stop: asyncio.Event) -> Job:
    """Look for the task of a submit in doubt, three times; once more if another may still be sending it."""
    for look in range(await _looks(context, job)):
        if look and await context.deps.clock.wait(stop, reconcile.BETWEEN_LOOKS_SECONDS):
            return job
        found = await _look_for(context, job)
        if found is None:  # the list did not answer: the slot stays taken, and we begin again
            await context.deps.clock.wait(stop, reconcile.BETWEEN_LOOKS_SECONDS)
            return job
        if len(found) == 1:
            log.info("found the task of a submit in doubt", job=job.id)
            return await _taken(context, job, found[0])
        if found:
            log.error("several tasks could be the one in doubt", job=job.id, tasks=len(found))
            return await context.write(job, job_lifecycle.SubmitAmbiguous())
    async with context.deps.database.read() as connection:
        missed = await attempts.count_outcome(connection, job_id=job.id, outcome="missed")
    return await context.write(job, job_lifecycle.SubmitNotFound(missed + 1))


async def _looks(context: AccountContext, job: Job) -> int:
    """How often the list must show nothing before we believe it: until whoever sent it can send no more."""
    async with context.deps.database.read() as connection:
        intent = await attempts.get_intent(connection, job_id=job.id, n=job.attempts)
    return reconcile.LOOKS_OF_ANOTHERS if context.is_contested and intent.epoch != context.epoch else reconcile.LOOKS


async def _late(context: AccountContext, job: Job, task_id: str) -> None:
    """We were deposed while the API took it. Whoever drives the lane now looks for this task, or has given it up; what
    we know is no opinion but a fact, so it is written down without a fence, and the task is taken for no other's."""
    log.warning("a task was made for a lane that was taken over meanwhile", job=job.id)
    async with context.deps.database.write() as connection:
        await attempts.set_task_if_unknown(connection, job_id=job.id, n=job.attempts, task_id=task_id)


async def _wish(context: AccountContext, job: Job) -> TaskRequest | None:
    """The request of a job; None when its photo is gone."""
    photo = await _exposed(context, job.photo)
    reference = await _exposed(context, job.reference)
    if photo is None or job.style is None or (job.reference is not None and reference is None):
        return None
    extras = {"seed": job.seed} if context.api_account.extended else {}
    return TaskRequest(image_url=photo, style_index=job.style, style_ref_url=reference, parameters=extras)


async def _exposed(context: AccountContext, key: str | None) -> str | None:
    jpeg = None if key is None else await context.deps.photos.get(key)
    if key is None or jpeg is None:
        return None
    return await context.api_account.links.expose(key, jpeg, context.deps.clock.now())


async def _turned(context: AccountContext, job: Job, error: DashScopeError) -> Job:
    say = log.error if error.decision in {Decision.OUR_BUG, Decision.PAUSE_ACCOUNT} else log.warning
    say("submit refused", job=job.id, code=error.code, decision=error.decision, request_id=error.request_id)
    if error.http_status == 429 and context.prefetch:
        log.warning("this account takes no tasks ahead of their turn")
        context.prefetch = 0
    await context.trip_breaker(error.decision)
    return await context.write(job, job_lifecycle.SubmitRejected(error.code, error.decision))


async def _taken(context: AccountContext, job: Job, task_id: str) -> Job:
    async def remember(connection: AsyncConnection) -> None:
        await attempts.set_task(connection, job_id=job.id, n=job.attempts, task_id=task_id)
        await accounts.set_breaker(connection, context.api_account.account_id, failures=0, open_until=0.0)

    return await context.write(job, job_lifecycle.SubmitAccepted(task_id), remember)


async def _look_for(context: AccountContext, job: Job) -> tuple[str, ...] | None:
    """The tasks that could be this one; None when the list did not answer."""
    async with context.deps.database.read() as connection:
        intent = await attempts.get_intent(connection, job_id=job.id, n=job.attempts)
    if intent.task_id is not None:  # its sender was deposed, and told us what it knew
        return (intent.task_id,)
    try:
        first = await _page(context, 1)
        now = context.deps.clock.now()
        window = reconcile.window(intent, now, now if first.server_time is None else first.server_time)
        listed = await _listed(context, first, window)
    except DashScopeError as error:
        log.warning("the task list did not answer", job=job.id, code=error.code)
        return None
    async with context.deps.database.read() as connection:
        known = await attempts.list_known_tasks(connection, [task.task_id for task in listed])
        found = reconcile.candidates(listed, known, window)
        late = reconcile.candidates(listed, known, reconcile.afterwards(window))
        if found or len(late) != 1:
            return found
        account_id, since = context.api_account.account_id, reconcile.others_since(window)
        others = await attempts.count_given_up(connection, account_id=account_id, since=since, but=job.id)
    return () if others else late


async def _listed(context: AccountContext, first: TaskPage, window: reconcile.Window) -> list[ListedTask]:
    """The tasks of the first page and of those after it that are not too old."""
    listed, newest_first = list(first.tasks), reconcile.newest_first(first.tasks)
    if newest_first and reconcile.all_before(first.tasks, window):
        return listed
    for number in reconcile.further_pages(first.pages, LIST_PAGES, newest_first=newest_first):
        page = await _page(context, number)
        listed += page.tasks
        if reconcile.all_before(page.tasks, window):
            break
    return listed


async def _page(context: AccountContext, number: int) -> TaskPage:
    await context.wait_to_query()
    return await context.api_account.client.list_tasks(page=number, page_size=LIST_PAGE_SIZE)
