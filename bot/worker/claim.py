"""Two short writes that everything else depends on: taking over an account, and claiming the next job for it."""

from dataclasses import dataclass

from bot.cluster.leadership import SOLE_LEADER, Leadership, LeadershipLost
from bot.domain import job_lifecycle
from bot.domain.poll_schedule import TaskDurations
from bot.jobs.transitions import apply_event
from bot.runtime.wakeups import Topic
from bot.worker.accounts import ApiAccount
from bot.worker.context import AccountContext, WorkerDeps
from bot.worker.identity import Identity
from bot.worker.learning import recall_timings
from storage import accounts, attempts, jobs, queue, timings
from storage.accounts import PAUSED_BY_OWNER, AccountStatus
from storage.jobs import Job

LOOK_SECONDS = 1.0  # a wake-up is a hint and may be lost; the rows are looked at this often anyway


@dataclass(frozen=True)
class ClaimedJob:
    """The job to submit: its slot is held and its attempt is written down."""

    job: Job


@dataclass(frozen=True)
class RetryIn:
    """Nothing may be submitted now; another look is worth it after so many seconds, or at the next wake-up."""

    seconds: float


@dataclass(frozen=True)
class AskAgain:
    """The API refused to tell about tasks, and it is time to ask it again."""


@dataclass(frozen=True)
class FreeSlot:
    """The number of a slot that the next job may have."""

    number: int


async def take_over(api_account: ApiAccount, deps: WorkerDeps, leadership: Leadership = SOLE_LEADER) -> AccountContext:
    """Begin a new epoch of the account: whatever an earlier dispatcher writes with its own changes nothing.

    Raises:
        LeadershipLost: another process has the role by now.
    """
    async with deps.database.write() as connection:
        await leadership.fence(connection)
        guess = api_account.first_durations
        account = await accounts.take_over(
            connection, api_account.account_id, mean=guess.mean, deviation=guess.deviation, name=api_account.name
        )
        await accounts.set_next_submit(connection, account.id, deps.clock.now() + api_account.spacing)
        known = await timings.list_all(connection)
    durations = TaskDurations(account.mean_seconds, account.deviation_seconds)
    context = AccountContext(
        api_account, deps, epoch=account.epoch, durations=durations, is_contested=leadership.is_contested
    )
    context.note_identity(Identity(account.key_id, account.main_id))
    recall_timings(context, known)
    return context


async def claim(context: AccountContext) -> ClaimedJob | RetryIn | AskAgain:
    """Claim the job whose turn it is, of those whose card was sent and that this account can paint.

    Raises:
        LeadershipLost: another dispatcher drives the account.
    """
    deps, api_account = context.deps, context.api_account
    styles = api_account.capability.styles
    async with deps.database.write() as connection:
        proof = context.begin_proof(api_account.usual_submit)
        now = proof.at
        status = await accounts.get_status(connection, api_account.account_id)
        slot = _find_slot(context, status, now)
        if not isinstance(slot, FreeSlot):
            return slot
        job = await jobs.get_next_queued(connection, now, styles, card_platforms=deps.card_platforms)
        if job is None:
            return RetryIn(LOOK_SECONDS)
        event = job_lifecycle.Claimed(api_account.account_id, slot.number)
        claimed = (await apply_event(connection, job, event, now)).job
        await attempts.insert(
            connection,
            job_id=job.id,
            n=claimed.attempts,
            account_id=api_account.account_id,
            epoch=context.epoch,
            now=now,
            server_at=api_account.client.server_clock.now(),
            send_seconds=proof.recorded,
            model=api_account.client.model.name,
        )
        await queue.redraw(connection, job.person_id)
        await accounts.set_next_submit(connection, api_account.account_id, now + api_account.spacing)
    context.note_proof(proof)
    deps.wakeups.notify(Topic.CARDS)
    return ClaimedJob(claimed)


async def peek(context: AccountContext) -> RetryIn | AskAgain | None:
    """A read that blocks no writer: how long a claim would find nothing, or None when one is worth a try.

    Raises:
        LeadershipLost: another dispatcher drives the account.
    """
    deps, styles = context.deps, context.api_account.capability.styles
    async with deps.database.read() as connection:
        now = deps.clock.now()
        slot = _find_slot(context, await accounts.get_status(connection, context.api_account.account_id), now)
        if not isinstance(slot, FreeSlot):
            return slot
        job = await jobs.get_next_queued(connection, now, styles, card_platforms=deps.card_platforms)
        return RetryIn(LOOK_SECONDS) if job is None else None


def _find_slot(context: AccountContext, status: AccountStatus, now: float) -> FreeSlot | RetryIn | AskAgain:
    """Where the next job may go. Of the keys that share one account's limits, one at a time is in use.

    While tasks wait for queries that are refused, the list is asked; otherwise an account that the API has paused gets
    one job when its rest is over, as nothing else shows whether the cause is gone.

    Raises:
        LeadershipLost: another dispatcher drives the account.
    """
    account = status.account
    if account.epoch != context.epoch:
        raise LeadershipLost(f"account {account.id} is driven by another dispatcher")
    context.note_status(status)
    if context.reader_id != account.id:
        return RetryIn(LOOK_SECONDS)
    if account.queries_refused and status.taken:
        return AskAgain() if now >= account.open_until else RetryIn(min(LOOK_SECONDS, account.open_until - now))
    slot = status.free_slot(range(context.api_account.slots + context.prefetch))
    if slot is None or status.in_doubt or account.paused_reason == PAUSED_BY_OWNER:
        return RetryIn(LOOK_SECONDS)
    opens = max(account.open_until, status.next_submit_at)
    return RetryIn(min(LOOK_SECONDS, opens - now)) if now < opens else FreeSlot(slot)
