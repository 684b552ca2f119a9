"""The beginnings: of a term at a lane, and of a job there. Both are short writes that everything after hangs on."""

from bot.cluster.leadership import SOLE_LEADER, Leadership, LeadershipLost
from bot.dashscope.server_clock import steady
from bot.domain import job_lifecycle
from bot.domain.poll_schedule import TaskDurations
from bot.jobs.transitions import apply_event
from bot.worker.account import ApiAccount
from bot.worker.context import AccountContext, WorkerDeps
from storage import accounts, attempts, jobs, queue
from storage.accounts import AccountStatus
from storage.jobs import Job

LOOK_SECONDS = 1.0  # a ring is a hint; the rows are looked at this often anyway


async def take_over(lane: ApiAccount, house: WorkerDeps, term: Leadership = SOLE_LEADER) -> AccountContext:
    """The lane is ours from now on: whatever an earlier dispatcher writes with its epoch changes nothing.

    Raises:
        Deposed: the role that this hangs on is not ours any more.
    """
    async with house.database.write() as connection:
        await term.fence(connection)
        guess = lane.first_durations
        account = await accounts.take_over(connection, lane.account_id, mean=guess.mean, deviation=guess.deviation)
        await accounts.set_next_submit(connection, account.id, house.clock.now() + lane.spacing)
    pace = TaskDurations(account.mean_seconds, account.deviation_seconds)
    return AccountContext(lane, house, epoch=account.epoch, pace=pace, is_contested=term.is_contested)


async def claim(desk: AccountContext) -> Job | float:
    """The job whose turn it is, its slot held and its attempt written down; or the seconds until it is worth another
    look, when nothing may be sent now.

    Raises:
        Deposed: another dispatcher drives the lane.
    """
    house, lane = desk.house, desk.lane
    async with house.database.write() as connection:
        fenced, now = steady(), house.clock.now()
        stand = await accounts.status(connection, lane.account_id)
        slot = _opening(desk, stand, now)
        if isinstance(slot, float):
            return slot
        job = await jobs.next_in_line(connection, now)
        if job is None:
            return LOOK_SECONDS
        claimed = (await apply_event(connection, job, job_lifecycle.Claimed(lane.account_id, slot), now)).job
        await attempts.begin(
            connection,
            job_id=job.id,
            n=claimed.attempts,
            account_id=lane.account_id,
            epoch=desk.epoch,
            now=now,
            server_at=lane.client.server_clock.now(),
        )
        await queue.advance(connection, claimed.tag or 0)
        await accounts.set_next_submit(connection, lane.account_id, now + lane.spacing)
    desk.note_fence(fenced, now)
    house.wakeups.notify()
    return claimed


async def peek(desk: AccountContext) -> float | None:
    """The seconds for which a claim would find nothing, as far as a look can tell that keeps nobody from writing; None
    when one is worth it. Raises LeadershipLost."""
    async with desk.house.database.read() as connection:
        now = desk.house.clock.now()
        slot = _opening(desk, await accounts.status(connection, desk.lane.account_id), now)
        if isinstance(slot, float):
            return slot
        return LOOK_SECONDS if await jobs.next_in_line(connection, now) is None else None


def _opening(desk: AccountContext, stand: AccountStatus, now: float) -> int | float:
    """The slot for the next job, or the seconds until it is worth another look. Raises LeadershipLost."""
    account = stand.account
    if account.epoch != desk.epoch:
        raise LeadershipLost(f"account {account.id} is driven by another dispatcher")
    slot = stand.free_slot(range(desk.lane.slots + desk.prefetch))
    if slot is None or stand.in_doubt or account.paused_reason is not None:
        return LOOK_SECONDS
    opens = max(account.open_until, account.next_submit_at)
    return min(LOOK_SECONDS, opens - now) if now < opens else slot
