"""What every step of a job works with, and the only way that a step writes."""

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
from bot.imaging.results import WholePicture
from bot.jobs.transitions import apply_event
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from bot.worker import reconcile
from bot.worker.accounts import ApiAccount
from bot.worker.submit_limiter import SubmitLimiter
from common.clock import steady
from storage import accounts, attempts, findings, jobs
from storage.database import Database
from storage.jobs import Job
from storage.photos import PhotoStore

log = structlog.get_logger(__name__)

MINUTE_SECONDS = 60.0  # a limit per minute is over within this

Also = Callable[[AsyncConnection], Awaitable[None]]


@dataclass(frozen=True)
class WorkerDeps:
    """What all accounts share. `whole_picture` decodes a picture to its end and raises Unreadable if it can't;
    `result_days`: how long results are kept; `card_platforms`: where a job needs a card first."""

    database: Database
    photos: PhotoStore
    wakeups: Wakeups
    clock: Clock
    rng: random.Random
    whole_picture: Callable[[bytes], Awaitable[WholePicture]]
    result_days: float
    card_platforms: frozenset[str] = frozenset()


class AccountContext:
    """One account. `epoch` is its fence: once another dispatcher has taken over, every write raises LeadershipLost.
    `is_contested`: an earlier dispatcher may still be sending something. `inherited`: ids of jobs that it left."""

    def __init__(
        self,
        api_account: ApiAccount,
        deps: WorkerDeps,
        *,
        epoch: int,
        durations: TaskDurations,
        is_contested: bool = False,
    ) -> None:
        self.api_account = api_account
        self.deps = deps
        self.epoch = epoch
        self.durations = durations
        self.prefetch = api_account.prefetch
        self.is_contested = is_contested
        self.began_at = steady()
        self.inherited: set[int] = set()
        self._fenced_steady = self._fenced_at = float("-inf")
        self._next_query = 0.0
        self._queries_refused = False
        self.submit_limiter = SubmitLimiter(deps.clock, api_account.submits_per_second)

    async def write(self, job: Job, event: Event, also: Also | None = None) -> Job:
        """Apply the event to the job as its row is now (it may have been cancelled meanwhile), together with `also`."""
        async with self.deps.database.write() as connection:
            change = await self._apply(connection, job.id, event)
            if also is not None:
                await also(connection)
        self.deps.wakeups.notify()
        return change.job

    async def read(self, job: Job) -> Job | None:
        """The job as its row is now; None when it was deleted."""
        async with self.deps.database.read() as connection:
            return await jobs.get(connection, job.id)

    def take_inherited(self, job: Job) -> bool:
        """Whether an earlier dispatcher has left us this job; true only at the first call."""
        if job.id not in self.inherited:
            return False
        self.inherited.remove(job.id)
        return True

    async def trip_breaker(self, decision: Decision) -> None:
        """Count one more failure in a row: nothing is submitted for a while, longer each time. Only failures count that
        may be no fault of the photo."""
        if not (decision.is_temporary or decision in {Decision.UNRECOGNISED, Decision.OUR_BUG}):
            return
        async with self.deps.database.write() as connection:
            await self._fence(connection)
            account, jitter = await accounts.get(connection, self.api_account.account_id), self.deps.rng.random()
            seconds = job_lifecycle.backoff(account.failures, jitter)
            if decision == Decision.RETRY_NEXT_MINUTE:
                seconds = max(seconds, MINUTE_SECONDS * (0.5 + 0.5 * jitter))
            until = self.deps.clock.now() + seconds
            await accounts.set_breaker(connection, account.id, failures=account.failures + 1, open_until=until)

    async def refuse_queries(self, error: DashScopeError) -> None:
        """Pause the account because the API refuses to tell about its tasks: nobody asks again before `ask_again`, or
        before the owner resumes the account."""
        async with self.deps.database.write() as connection:
            await self._fence(connection)
            await self._pause(connection, error.code, queries_refused=True)
        self._queries_refused = True
        log.error("queries are refused", account=self.api_account.account_id, code=error.code, message=error.message)
        self.deps.wakeups.notify()

    async def are_queries_refused(self) -> bool:
        """Whether there is no use in asking the API about tasks at present."""
        if self._queries_refused:
            async with self.deps.database.read() as connection:
                account = await accounts.get(connection, self.api_account.account_id)
            self._queries_refused = account.queries_refused
        return self._queries_refused

    async def is_list_answered(self) -> bool:
        """One call for the account's tasks. A refusal pauses the account."""
        return await self._ask_for_list() is None

    async def ask_again(self) -> None:
        """Find out whether queries are answered again; if so, the account goes on."""
        error = await self._ask_for_list()
        if error is not None:
            if error.decision.is_temporary:
                await self.trip_breaker(error.decision)
            return
        log.info("queries are answered again", account=self.api_account.account_id)
        async with self.deps.database.write() as connection:
            await self._fence(connection)
            account = await accounts.get(connection, self.api_account.account_id)
            await accounts.reset(connection, account.id, failures=account.failures)
        self.deps.wakeups.notify()

    async def _ask_for_list(self) -> DashScopeError | None:
        await self.wait_to_query()
        try:
            await self.api_account.client.list_tasks(page_size=1)
        except DashScopeError as error:
            if not error.decision.is_temporary:
                await self.refuse_queries(error)
            return error
        return None

    async def sync_clock(self) -> None:
        """Ask for the API's own time if it is not known: a submit whose answer is lost is looked for by it. While tasks
        are polled, their answers tell it."""
        client = self.api_account.client
        if not client.server_clock.needs_query() or await self.are_queries_refused():
            return
        await self.wait_to_query()
        try:
            await client.list_tasks(page_size=1)
        except DashScopeError as error:
            log.warning("the API did not tell its time", account=self.api_account.account_id, code=error.code)
            if error.decision != Decision.PAUSE_ACCOUNT:
                return
            if error.http_status == 401:  # the key itself: no submit can be accepted
                await self.refuse_queries(error)
            elif error.http_status == 403:
                await self.record(findings.TASK_LIST, error.code)

    async def record(self, code: str, detail: str) -> None:
        """Write down what the account's owner should know."""
        async with self.deps.database.write() as connection:
            await self._fence(connection)
            await findings.record(connection, self.api_account.account_id, code, detail, self.deps.clock.now())

    async def wait_to_query(self) -> None:
        """Wait until the account's query limit allows one more query."""
        at = max(self.deps.clock.now(), self._next_query)
        self._next_query = at + 1 / self.api_account.queries_per_second
        await self.deps.clock.sleep(at - self.deps.clock.now())

    async def confirm_fence(self, job: Job, send_seconds: float) -> None:
        """Make sure, right before a job is sent, that the account was ours a moment ago. If the last check was longer
        ago (a long upload, a suspended process, a changed clock), the attempt gets a new date, since a task in doubt is
        looked for near it. Its row also knows from now on after how many seconds the submit is given up. Raises
        LeadershipLost."""
        recorded = self.api_account.client.shortest_submit  # by the claim
        while self._is_fence_old() or send_seconds > recorded:
            async with self.deps.database.write() as connection:
                await self._fence(connection)
                fenced, now = steady(), self.deps.clock.now()
                server_at = self.api_account.client.server_clock.now()
                await attempts.set_times(
                    connection,
                    job_id=job.id,
                    n=job.attempts,
                    now=now,
                    server_at=server_at,
                    send_seconds=send_seconds,
                )
            recorded = send_seconds
            self.note_fence(fenced, now)

    def note_fence(self, at: float, now: float) -> None:
        """Note when a write has proved that the account is ours: `at` by the steady clock, `now` by `deps.clock`."""
        self._fenced_steady, self._fenced_at = at, now

    def _is_fence_old(self) -> bool:
        by_clock = abs(self.deps.clock.now() - self._fenced_at)
        return max(steady() - self._fenced_steady, by_clock) > reconcile.SEND_SECONDS

    async def _fence(self, connection: AsyncConnection) -> None:
        if not await accounts.is_current_epoch(connection, self.api_account.account_id, self.epoch):
            raise LeadershipLost(f"account {self.api_account.account_id} is driven by another dispatcher")

    async def _apply(self, connection: AsyncConnection, job_id: int, event: Event) -> Transition:
        await self._fence(connection)
        job = await jobs.get(connection, job_id)
        if job is None:
            raise InvalidTransition(f"job {job_id} no longer has a row")
        now, jitter = self.deps.clock.now(), self.deps.rng.random()
        change = await apply_event(connection, job, event, now, jitter=jitter, cost=self.api_account.cost)
        if change.pause_account is not None:
            await self._pause(connection, change.pause_account, queries_refused=False)
        return change

    async def _pause(self, connection: AsyncConnection, code: str, *, queries_refused: bool) -> None:
        account = await accounts.get(connection, self.api_account.account_id)
        until = self.deps.clock.now() + job_lifecycle.pause_seconds(account.failures)
        refused, failures = queries_refused or account.queries_refused, account.failures + 1
        await accounts.set_pause(connection, account.id, code, failures=failures, until=until, queries_refused=refused)
