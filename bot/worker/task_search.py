"""Reads the API's task list for the task of a submit whose answer was lost; `reconcile` decides."""

from collections.abc import Collection, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dashscope.errors import DashScopeError
from bot.dashscope.wire import ListedTask, TaskPage
from bot.worker import reconcile
from bot.worker.context import AccountContext
from bot.worker.identity import possible_authors
from bot.worker.learning import learn
from storage import accounts, attempts, jobs
from storage.accounts import Account
from storage.jobs import Job, State

log = structlog.get_logger(__name__)

LIST_PAGES = 20
LIST_PAGE_SIZE = 50


async def look_for_task(context: AccountContext, job: Job) -> reconcile.Verdict | None:
    """What the list says now about the job's task; None when it did not answer."""
    async with context.deps.database.read() as connection:
        intent = await attempts.get_intent(connection, job_id=job.id, n=job.attempts)
    if intent.task_id is not None:  # the sender lost the account and recorded the task
        return reconcile.Found(intent.task_id)
    if await context.are_queries_refused():
        return None
    reader_id = context.reader_id
    try:
        first = await _page(context, intent.model, 1)
        now = context.deps.clock.now()
        window = reconcile.window(intent, now, now if first.server_time is None else first.server_time)
        listed, is_complete = await _listed_tasks(context, intent.model, first, window)
    except DashScopeError as error:
        log.warning("the task list did not answer", job=job.id, code=error.code)
        context.silence.note_list_failure(is_silence=error.is_silence)
        if not error.decision.is_temporary:
            await context.refuse_queries(error, reader_id)
        return None
    await context.note_answer()
    await learn(context, listed, reader=reader_id)
    async with context.deps.database.read() as connection:
        every = await accounts.list_all(connection)
        key_id, authors = _key_id_and_authors(context, listed, every)
        return reconcile.judge(
            listed,
            await attempts.list_known_tasks(connection, [task.task_id for task in listed]),
            window,
            key_id=key_id,
            has_rivals=await _has_rivals(connection, job, authors, reconcile.others_since(window)),
            is_complete=is_complete,
        )


def _key_id_and_authors(
    context: AccountContext, listed: Sequence[ListedTask], every: Sequence[Account]
) -> tuple[str | None, frozenset[str]]:
    """What the API calls this account's key, and the accounts that may have created a task of that key."""
    own = next(account for account in every if account.id == context.api_account.account_id)
    made_from_key = context.api_account.client.stylizer_key_id
    if any(task.api_key_id == made_from_key for task in listed):  # so no other key has it
        return made_from_key, frozenset({own.id})
    return own.key_id, possible_authors(own, every)


async def _has_rivals(connection: AsyncConnection, job: Job, authors: Collection[str], since: float) -> bool:
    """Whether another job's submit, by one of these accounts, is in doubt too, or was given up since then."""
    if await attempts.count_given_up(connection, account_ids=authors, since=since, except_job_id=job.id):
        return True
    return any(
        other.state == State.SUBMITTING and other.account_id in authors and other.id != job.id
        for other in await jobs.list_active(connection)
    )


async def _listed_tasks(
    context: AccountContext, model: str | None, first: TaskPage, window: reconcile.Window
) -> tuple[list[ListedTask], bool]:
    """The tasks of the first page and of the pages after it that are not too old, each once; and whether these are all
    that can be in the window."""
    listed, newest_first = {task.task_id: task for task in first.tasks}, reconcile.is_newest_first(first.tasks)
    if newest_first and reconcile.all_before(first.tasks, window):
        return list(listed.values()), True
    for number in reconcile.further_pages(first.pages, LIST_PAGES, newest_first=newest_first):
        page = await _page(context, model, number)
        listed |= {task.task_id: task for task in page.tasks}
        if reconcile.all_before(page.tasks, window):
            return list(listed.values()), True
    return list(listed.values()), first.pages <= LIST_PAGES + 1


async def _page(context: AccountContext, model: str | None, number: int) -> TaskPage:
    await context.wait_to_query()
    return await context.reader.list_tasks(model=model, page=number, page_size=LIST_PAGE_SIZE)
