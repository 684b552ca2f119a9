"""Accounts whose key is gone: another key of the same main account takes their jobs to their end.

The API lets any key of a main account read all its tasks. So after a key was replaced, what the old one has started is
fetched with the new one, and nothing is sent again. Nothing new is submitted here.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from bot.cluster.leadership import SOLE_LEADER, Leadership
from bot.dashscope.client import DashScope
from bot.dashscope.errors import DashScopeError
from bot.dashscope.wire import TaskStatus
from bot.worker import identity
from bot.worker.accounts import STAND_IN, ApiAccount
from bot.worker.claim import LOOK_SECONDS, peek, take_over
from bot.worker.context import AccountContext, WorkerDeps
from bot.worker.dispatcher import active_jobs, run_job
from bot.worker.learning import learn, newest_page
from bot.worker.recovery import end_orphan
from storage import accounts
from storage.accounts import Account
from storage.database import Database
from storage.jobs import Job, State

log = structlog.get_logger(__name__)

RECENT_SECONDS = 48 * 3600.0  # an account that has submitted nothing for longer has no task left at the API
ROUNDS = 3  # so often no key must know the tasks until they count as lost
BETWEEN_ROUNDS_SECONDS = 5.0


async def find_former_accounts(
    database: Database, api_accounts: Sequence[ApiAccount], now: float
) -> tuple[ApiAccount, ...]:
    """The accounts in the rows that may have unfinished jobs and whose key is none of ours; each has the limits of our
    first key. None without a key: our own stylizer does not know the cloud's tasks."""
    ours = {api_account.account_id for api_account in api_accounts}
    if not api_accounts or ours == {STAND_IN}:
        return ()
    async with database.read() as connection:
        rows = await accounts.list_all(connection)
    gone = [row for row in rows if row.id not in ours | {STAND_IN} and now - row.next_submit_at < RECENT_SECONDS]
    return tuple(replace(api_accounts[0], account_id=row.id, name=row.name) for row in gone)


async def run_former_account(
    former: ApiAccount, deps: WorkerDeps, stop: asyncio.Event, leadership: Leadership = SOLE_LEADER
) -> None:
    """Take the account's jobs to their end, until told to stop.

    Raises:
        LeadershipLost: another process has the account now.
    """
    context, lock, seen = await take_over(former, deps, leadership), asyncio.Lock(), set[int]()
    async with asyncio.TaskGroup() as group:
        while not stop.is_set():
            for job in await active_jobs(context):
                if job.id not in seen:
                    context.inherited.add(job.id)
                    group.create_task(_finish(context, job, lock, stop))
                seen.add(job.id)
            await peek(context)  # notes which of our keys is in use
            await deps.clock.wait(stop, LOOK_SECONDS)


async def _finish(context: AccountContext, job: Job, lock: asyncio.Lock, stop: asyncio.Event) -> None:
    if job.state != State.FETCHING:  # the link of a picture needs no key
        async with lock:
            is_readable = await _is_readable(context, job, stop)
        if is_readable is False:
            await end_orphan(context.deps, job, free=False)
        if not is_readable:
            return
        await peek(context)
    await run_job(context, job, stop)


async def _is_readable(context: AccountContext, job: Job, stop: asyncio.Event) -> bool | None:
    """Whether one of our keys reads this account's tasks. As long as one of them does not answer, that is not decided.
    None: told to stop."""
    strangers = 0
    while strangers < ROUNDS:
        known = await _find_reader(context, job)
        if known:
            log.info("another key goes on with the jobs of a key that is gone", account=context.name, job=job.id)
            return True
        strangers = strangers + 1 if known is False else 0
        if await context.deps.clock.wait(stop, BETWEEN_ROUNDS_SECONDS):
            return None
    return False


async def _find_reader(context: AccountContext, job: Job) -> bool | None:
    """Whether a key of ours belongs to the same main account; None: at least one that may has not answered."""
    if await _is_same_account(context):
        return True
    clients = context.api_account.clients
    answers = [await _reads(context, name, client, job.task_id) for name, client in clients.items()]
    return True if True in answers else None if None in answers else False


async def _reads(context: AccountContext, name: str, client: DashScope, task_id: str | None) -> bool | None:
    """Whether this key knows the account's tasks, by the list or by asking about one; None: it did not answer."""
    row = (await _rows(context)).get(name)
    if row is None or row.queries_refused:  # its own dispatcher has not begun yet, or finds out when that is over
        return None
    try:
        await context.wait_to_query()
        await learn(context, (await newest_page(context, client)).tasks, reader=name)
        if await _is_same_account(context):
            return True
    except DashScopeError as error:
        log.warning("the task list did not answer", account=context.name, code=error.code)
        if task_id is None:
            return None
    if task_id is None:
        return False
    try:
        await context.wait_to_query()
        task = await client.query_task(task_id)
    except DashScopeError as error:
        log.warning("no answer about a task of a key that is gone", account=context.name, code=error.code)
        return None
    if task.status in {TaskStatus.UNKNOWN, TaskStatus.UNRECOGNISED}:
        return False
    await _write_same_account(context, name)
    return True


async def _is_same_account(context: AccountContext) -> bool:
    rows = await _rows(context)
    own = rows[context.api_account.account_id]
    same = {row.id for row in rows.values() if own.main_id is not None and row.main_id == own.main_id}
    return not same.isdisjoint(context.api_account.clients)


async def _write_same_account(context: AccountContext, name: str) -> None:
    """Write down that the account `name` and ours are keys of one main account, whatever the API calls that."""
    rows, own = await _rows(context), context.api_account.account_id
    main_id = identity.common_main_id({row.id: row.main_id for row in (rows[name], rows[own])})
    async with context.deps.database.write() as connection:
        for row in (rows[name], rows[own]):
            await accounts.set_identity(connection, row.id, key_id=row.key_id, main_id=main_id)


async def _rows(context: AccountContext) -> dict[str, Account]:
    async with context.deps.database.read() as connection:
        return {row.id: row for row in await accounts.list_all(connection)}
