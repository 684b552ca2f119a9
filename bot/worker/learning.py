"""Learns from the task list which keys belong together, and what the API calls them (`identity` decides), and from what
was done how long each step takes (`eta` computes).

What was learned is in the accounts' rows, so that every process and every later start knows it at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dashscope.client import DashScope
from bot.dashscope.errors import DashScopeError, Decision
from bot.dashscope.wire import ListedTask, TaskPage
from bot.domain.eta import Timing
from bot.domain.poll_schedule import TaskDurations
from bot.jobs import views
from bot.worker import identity, reconcile
from bot.worker.context import AccountContext
from bot.worker.identity import Identity
from storage import accounts, attempts, findings, timings
from storage.accounts import Account
from storage.timings import TimingRow

log = structlog.get_logger(__name__)

PAGE_SIZE = 50


async def look_at_list(context: AccountContext) -> None:
    """Read the newest tasks if that may teach anything: the API's own time, by which a submit whose answer is lost is
    looked for, or the account's identity. While tasks are polled, their answers tell the time."""
    client, own = context.api_account.client, context.api_account.account_id
    if not any((client.server_clock.needs_query(), context.is_identity_wanted())):  # both, as one look answers both
        return
    if await context.are_queries_refused(own):
        return
    await context.wait_to_query()
    try:
        page = await newest_page(context, client)
    except DashScopeError as error:
        log.warning("the task list did not answer", account=context.name, code=error.code)
        if error.decision != Decision.PAUSE_ACCOUNT:
            return
        if error.http_status == 401:  # the key itself: no submit can be accepted
            await context.refuse_queries(error, own)
        elif error.http_status == 403:
            await context.record(findings.TASK_LIST, error.code)
        return
    await learn(context, page.tasks, reader=own)


async def look_for_answers(context: AccountContext) -> None:
    """While the API is silent, ask it for the list now and then: its first answer ends all waits."""
    if not context.silence.is_look_due(context.deps.clock.now()) or await context.are_queries_refused():
        return
    await context.wait_to_query()
    try:
        await context.reader.list_tasks(page_size=1)
    except DashScopeError as error:
        context.silence.note_list_failure(is_silence=error.is_silence)
    else:
        await context.note_answer()


async def newest_page(context: AccountContext, client: DashScope) -> TaskPage:
    """The page of the list that has the newest tasks: the API does not document their order. Raises DashScopeError."""
    first = await client.list_tasks(page_size=PAGE_SIZE)
    if first.pages == 1 or reconcile.is_newest_first(first.tasks):
        return first
    await context.wait_to_query()
    return await client.list_tasks(page=first.pages, page_size=PAGE_SIZE)


async def learn(context: AccountContext, listed: Sequence[ListedTask], *, reader: str) -> None:
    """Write down what these tasks teach about our accounts. `reader`: the account whose key has read them."""
    own = context.api_account.account_id
    async with context.deps.database.read() as connection:
        rows = {account.id: account for account in await accounts.list_all(connection)}
        owners = await attempts.list_owners(connection, [task.task_id for task in listed])
    known = {name: Identity(row.key_id, row.main_id) for name, row in rows.items()}
    found = {name: new for name, new in identity.learned(listed, owners, reader, known).items() if name in rows}
    context.note_identity(found.get(own, known[own]))
    if not found:
        return
    if own in found:
        context.durations = _durations(context, rows, found[own])
    async with context.deps.database.write() as connection:
        for name, new in found.items():
            await accounts.set_identity(connection, name, key_id=new.key_id, main_id=new.main_id)
        await accounts.set_durations(
            connection, own, mean=context.durations.mean, deviation=context.durations.deviation
        )
    _report(rows, found)
    context.deps.wakeups.notify()


def _durations(context: AccountContext, rows: Mapping[str, Account], new: Identity) -> TaskDurations:
    """How long tasks take: a new key that has measured nothing goes on with what another key of its account has."""
    if context.durations != context.api_account.first_durations or new.main_id is None:
        return context.durations
    others = [row for row in rows.values() if row.main_id == new.main_id and row.id != context.api_account.account_id]
    if not others:
        return context.durations
    latest = max(others, key=lambda row: row.next_submit_at)
    return TaskDurations(latest.mean_seconds, latest.deviation_seconds)


def _report(rows: Mapping[str, Account], found: Mapping[str, Identity]) -> None:
    """Tell the owner which keys turned out to share one account's limits."""
    after = [replace(row, main_id=found[row.id].main_id) if row.id in found else row for row in rows.values()]
    names = identity.display_names(after)
    for name, new in found.items():
        same = sorted(names[row.id] for row in after if row.main_id == new.main_id and row.id != name)
        if same and new.main_id is not None and rows[name].main_id != new.main_id:
            log.warning(
                "these keys belong to one account of the API, so one of them is used at a time",
                account=names[name],
                others=same,
            )


def recall_timings(context: AccountContext, rows: Sequence[TimingRow]) -> None:
    """Go on with the times that were learned before."""
    own = context.api_account.account_id
    context.speed = views.speed_of(own, rows, context.api_account.speed)
    for row in rows:
        if row.account_id == own and row.step == timings.FETCH:
            context.fetch_timing = Timing(row.mean, row.deviation, row.count)


async def learn_slot(context: AccountContext, connection: AsyncConnection, style: int, seconds: float) -> None:
    """A task in this style has held its slot for so long."""
    context.speed = context.speed.updated_with(style, seconds)
    await timings.put(connection, _row(context, timings.SLOT, style, context.speed.measured[style]))


async def learn_fetch(context: AccountContext, connection: AsyncConnection, seconds: float) -> None:
    """A picture was in store so long after its task was over."""
    context.fetch_timing = context.fetch_timing.updated_with(seconds)
    await timings.put(connection, _row(context, timings.FETCH, 0, context.fetch_timing))


def _row(context: AccountContext, step: str, style: int, timing: Timing) -> TimingRow:
    return TimingRow(context.api_account.account_id, step, style, timing.mean, timing.deviation, timing.count)
