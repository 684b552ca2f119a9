"""A lane's desk: what every step of a job works with, and the only way that a step writes."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cluster.leadership import LeadershipLost
from bot.dashscope.errors import DashScopeError, Decision
from bot.domain import job_lifecycle
from bot.domain.job_lifecycle import Event, InvalidTransition, Transition
from bot.domain.poll_schedule import TaskDurations
from bot.jobs.transitions import apply_event
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from bot.worker import reconcile
from bot.worker.accounts import ApiAccount
from bot.worker.submit_limiter import SubmitLimiter
from common.clock import steady
from storage import accounts, attempts, jobs
from storage.database import Database
from storage.jobs import Job
from storage.photos import PhotoStore

log = structlog.get_logger(__name__)

Also = Callable[[AsyncConnection], Awaitable[None]]


@dataclass(frozen=True)
class WorkerDeps:
    """What all lanes share. `measure` reads (width, height) from a picture's header and raises ValueError when it is
    none; `result_days` is how long results are kept."""

    database: Database
    photos: PhotoStore
    wakeups: Wakeups
    clock: Clock
    rng: random.Random
    measure: Callable[[bytes], tuple[int, int]]
    result_days: float


class AccountContext:
    """One account. `epoch` is the fence: once another dispatcher took over, every write raises Deposed. `is_contested`:
    whether an earlier dispatcher may still be sending something."""

    def __init__(
        self, api_account: ApiAccount, deps: WorkerDeps, *, epoch: int, pace: TaskDurations, is_contested: bool = False
    ) -> None:
        self.api_account = api_account
        self.deps = deps
        self.epoch = epoch
        self.pace = pace
        self.prefetch = api_account.prefetch
        self.is_contested = is_contested
        self.began = steady()
        self.inherited: set[int] = set()
        self._fenced_at = self._dated_at = float("-inf")
        self._next_query = 0.0
        self.turnstile = SubmitLimiter(deps.clock, api_account.submits_per_second)

    async def write(self, job: Job, event: Event, also: Also | None = None) -> Job:
        """Move the job as its row stands now (its person may have cancelled meanwhile), and `also` in one go."""
        async with self.deps.database.write() as connection:
            change = await self._fenced(connection, job.id, event)
            if also is not None:
                await also(connection)
        self.deps.wakeups.notify()
        return change.job

    async def read(self, job: Job) -> Job | None:
        """The job as its row stands now, if it still has one."""
        async with self.deps.database.read() as connection:
            return await jobs.get(connection, job.id)

    def take_inherited(self, job: Job) -> bool:
        """Whether an earlier dispatcher has left us this job, and nobody has looked after it since; true once."""
        if job.id not in self.inherited:
            return False
        self.inherited.remove(job.id)
        return True

    async def trip_breaker(self, decision: Decision) -> None:
        """One more failure in a row: nothing passes for a while, longer each time. Only trouble that passes counts."""
        if decision != Decision.AGAIN_LATER:
            return
        async with self.deps.database.write() as connection:
            await self._fence(connection)
            account = await accounts.get(connection, self.api_account.account_id)
            until = self.deps.clock.now() + job_lifecycle.backoff(account.failures, self.deps.rng.random())
            await accounts.set_breaker(connection, account.id, failures=account.failures + 1, open_until=until)

    async def sync_clock(self) -> None:
        """Before something is sent we want to know the API's own time: a submit whose answer is lost is looked for by
        it. While tasks are asked for, their answers tell it."""
        client = self.api_account.client
        if not client.server_clock.should_be_asked():
            return
        await self.wait_to_query()
        try:
            await client.list_tasks(page_size=1)
        except DashScopeError as error:
            log.info("the API did not tell its time", account=self.api_account.account_id, code=error.code)

    async def wait_to_query(self) -> None:
        """Wait until the account's query limit lets one more question pass."""
        at = max(self.deps.clock.now(), self._next_query)
        self._next_query = at + 1 / self.api_account.queries_per_second
        await self.deps.clock.sleep(at - self.deps.clock.now())

    async def confirm_fence(self, job: Job) -> None:
        """The last word before a job is sent: that the lane was ours a moment ago. If it was longer ago (an upload may
        have taken a minute, the process stood still, a clock was set), the attempt is dated anew: in doubt its task is
        looked for near that time. Raises LeadershipLost."""
        while self._is_long_ago():
            async with self.deps.database.write() as connection:
                await self._fence(connection)
                fenced, now = steady(), self.deps.clock.now()
                server_at = self.api_account.client.server_clock.now()
                await attempts.set_times(connection, job_id=job.id, n=job.attempts, now=now, server_at=server_at)
            self.note_fence(fenced, now)

    def note_fence(self, at: float, now: float) -> None:
        """By the steady clock, and by the house's: when it was known, in a write, that the lane is ours."""
        self._fenced_at, self._dated_at = at, now

    def _is_long_ago(self) -> bool:
        by_house = abs(self.deps.clock.now() - self._dated_at)
        return max(steady() - self._fenced_at, by_house) > reconcile.SEND_SECONDS

    async def _fence(self, connection: AsyncConnection) -> None:
        if not await accounts.is_current_epoch(connection, self.api_account.account_id, self.epoch):
            raise LeadershipLost(f"account {self.api_account.account_id} is driven by another dispatcher")

    async def _fenced(self, connection: AsyncConnection, job_id: int, event: Event) -> Transition:
        await self._fence(connection)
        job = await jobs.get(connection, job_id)
        if job is None:
            raise InvalidTransition(f"job {job_id} has no row any more")
        now, jitter = self.deps.clock.now(), self.deps.rng.random()
        change = await apply_event(connection, job, event, now, jitter=jitter)
        if change.pause_account is not None:
            await accounts.set_pause(connection, self.api_account.account_id, change.pause_account)
        return change
