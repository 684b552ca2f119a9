"""The beginnings: of a term at a lane, and of a job there. Both are short writes that everything after hangs on."""

from bot.cluster.leadership import SOLE_LEADER, Leadership, LeadershipLost
from bot.domain import job_lifecycle
from bot.domain.poll_schedule import TaskDurations
from bot.jobs.transitions import apply_event
from bot.worker.accounts import ApiAccount
from bot.worker.context import AccountContext, WorkerDeps
from common.clock import steady
from storage import accounts, attempts, jobs, queue
from storage.accounts import AccountStatus
from storage.jobs import Job

LOOK_SECONDS = 1.0  # a ring is a hint; the rows are looked at this often anyway


async def take_over(api_account: ApiAccount, deps: WorkerDeps, leadership: Leadership = SOLE_LEADER) -> AccountContext:
    """The lane is ours from now on: whatever an earlier dispatcher writes with its epoch changes nothing.

    Raises:
        Deposed: the role that this hangs on is not ours any more.
    """
    async with deps.database.write() as connection:
        await leadership.fence(connection)
        guess = api_account.first_durations
        account = await accounts.take_over(
            connection, api_account.account_id, mean=guess.mean, deviation=guess.deviation
        )
        await accounts.set_next_submit(connection, account.id, deps.clock.now() + api_account.spacing)
    pace = TaskDurations(account.mean_seconds, account.deviation_seconds)
    return AccountContext(api_account, deps, epoch=account.epoch, pace=pace, is_contested=leadership.is_contested)


async def claim(context: AccountContext) -> Job | float:
    """The job whose turn it is, its slot held and its attempt written down; or the seconds until it is worth another
    look, when nothing may be sent now.

    Raises:
        Deposed: another dispatcher drives the lane.
    """
    deps, api_account = context.deps, context.api_account
    async with deps.database.write() as connection:
        fenced, now = steady(), deps.clock.now()
        status = await accounts.get_status(connection, api_account.account_id)
        slot = _opening(context, status, now)
        if isinstance(slot, float):
            return slot
        job = await jobs.get_next_queued(connection, now)
        if job is None:
            return LOOK_SECONDS
        claimed = (await apply_event(connection, job, job_lifecycle.Claimed(api_account.account_id, slot), now)).job
        await attempts.insert(
            connection,
            job_id=job.id,
            n=claimed.attempts,
            account_id=api_account.account_id,
            epoch=context.epoch,
            now=now,
            server_at=api_account.client.server_clock.now(),
        )
        await queue.advance(connection, claimed.tag or 0)
        await accounts.set_next_submit(connection, api_account.account_id, now + api_account.spacing)
    context.note_fence(fenced, now)
    deps.wakeups.notify()
    return claimed


async def peek(context: AccountContext) -> float | None:
    """The seconds for which a claim would find nothing, as far as a look can tell that keeps nobody from writing; None
    when one is worth it. Raises LeadershipLost."""
    async with context.deps.database.read() as connection:
        now = context.deps.clock.now()
        slot = _opening(context, await accounts.get_status(connection, context.api_account.account_id), now)
        if isinstance(slot, float):
            return slot
        return LOOK_SECONDS if await jobs.get_next_queued(connection, now) is None else None


def _opening(context: AccountContext, status: AccountStatus, now: float) -> int | float:
    """The slot for the next job, or the seconds until it is worth another look. Raises LeadershipLost."""
    account = status.account
    if account.epoch != context.epoch:
        raise LeadershipLost(f"account {account.id} is driven by another dispatcher")
    slot = status.free_slot(range(context.api_account.slots + context.prefetch))
    if slot is None or status.in_doubt or account.paused_reason is not None:
        return LOOK_SECONDS
    opens = max(account.open_until, account.next_submit_at)
    return min(LOOK_SECONDS, opens - now) if now < opens else slot
