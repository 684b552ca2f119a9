"""What every step of a job works with, and the only way that a step writes."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cluster.leadership import LeadershipLost
from bot.dashscope.errors import DashScopeError, Decision
from bot.domain import job_lifecycle
from bot.domain.eta import AWAY_FAILURES
from bot.domain.job_lifecycle import Event, InvalidTransition, Transition
from bot.domain.poll_schedule import Silence, TaskDurations
from bot.imaging.results import WholePicture
from bot.jobs import views
from bot.jobs.transitions import apply_event
from bot.runtime.clock import Clock
from bot.runtime.rate_limits import SubmitLimiter
from bot.runtime.wakeups import Topic, Wakeups
from bot.worker import identity, reconcile
from bot.worker.accounts import ApiAccount
from bot.worker.identity import Identity
from bot.worker.reconcile import Proof, Proofs
from common.clock import steady
from storage import accounts, attempts, findings, jobs, queue
from storage.accounts import AccountStatus
from storage.database import Database
from storage.jobs import Job
from storage.photos import PhotoStore

log = structlog.get_logger(__name__)

IDENTITY_LOOK_SECONDS = 5.0
MAX_PROBE_SECONDS = 30.0  # between submits while the API says that it can't at present
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
    `is_contested`: an earlier dispatcher may still be sending something. `inherited`: ids of jobs that it left.

    Any key of a main account reads all its tasks, so tasks are asked about with the one that is in use: `reader`, the
    client of the account `reader_id`.
    """

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
        self.speed, self.fetch_timing = api_account.speed, views.FETCH
        self.prefetch = api_account.prefetch
        self.is_contested = is_contested
        self.began_at = steady()
        self.inherited: set[int] = set()
        self.silence = Silence()
        self.proofs = Proofs()
        self._next_query = 0.0
        self._refused: set[str] = set()
        self._sharers = 1
        self._next_identity_look = float("-inf")
        self.identity = Identity(None, None)
        self.reader, self.reader_id = api_account.client, api_account.account_id
        self.submit_limiter = SubmitLimiter(deps.clock, api_account.submits_per_second)

    async def write(self, job: Job, event: Event, also: Also | None = None) -> Job:
        """Apply the event to the job as its row is now (it may have been cancelled meanwhile), together with `also`."""
        async with self.deps.database.write() as connection:
            change = await self._apply(connection, job.id, event)
            if also is not None:
                await also(connection)
        keeps_slot = (change.job.slot, change.pause_account) == (job.slot, None)
        self.deps.wakeups.notify(*([Topic.CARDS] if keeps_slot else []))
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

    async def trip_breaker(self, decision: Decision, error: DashScopeError | None = None) -> None:
        """Count one more failure in a row: nothing is submitted for a while, longer each time. Only failures count that
        may be no fault of the photo. After silence (`error`) the list is asked meanwhile; where the API has said that
        it can't at present, only another submit shows that it can, so that is tried more often."""
        if not (decision.is_temporary or decision in {Decision.UNRECOGNISED, Decision.OUR_BUG}):
            return
        self.silence.note_failure(self.deps.clock.now(), is_silence=error is not None and error.is_silence)
        async with self.deps.database.write() as connection:
            await self._fence(connection)
            account, jitter = await accounts.get(connection, self.api_account.account_id), self.deps.rng.random()
            seconds = job_lifecycle.backoff(account.failures, jitter)
            if decision == Decision.RETRY_LATER and error is not None and not error.is_silence:
                seconds = min(seconds, MAX_PROBE_SECONDS * (0.5 + 0.5 * jitter))
            if decision == Decision.RETRY_NEXT_MINUTE:
                seconds = max(seconds, MINUTE_SECONDS * (0.5 + 0.5 * jitter))
            until = self.deps.clock.now() + seconds
            await accounts.set_breaker(connection, account.id, failures=account.failures + 1, open_until=until)

    async def note_silent_queries(self) -> None:
        """Several queries in a row got no answer: nothing is promised for now, and the list is asked."""
        now = self.deps.clock.now()
        self.silence.note_queries(now)
        async with self.deps.database.write() as connection:
            await self._fence(connection)
            account = await accounts.get(connection, self.api_account.account_id)
            failures, until = max(account.failures, AWAY_FAILURES), max(account.open_until, now + MAX_PROBE_SECONDS)
            await accounts.set_breaker(connection, account.id, failures=failures, open_until=until)
        self.deps.wakeups.notify()

    async def note_answer(self, *, by_query: bool = False) -> None:
        """The API has answered the call for the list, or a query. If it was silent before, it is back: what waits
        because of that goes on at once."""
        if not self.silence.is_broken(by_query=by_query):
            return
        async with self.deps.database.write() as connection:
            await self._fence(connection)
            account, now = await accounts.get(connection, self.api_account.account_id), self.deps.clock.now()
            await accounts.set_breaker(connection, account.id, failures=0, open_until=now)
            await queue.end_waits_for_answers(connection, now)
        log.info("the API answers again", account=self.name)
        self.deps.wakeups.notify()

    @property
    def name(self) -> str:
        """What an owner knows the account by."""
        return self.api_account.name or self.api_account.account_id

    def note_status(self, status: AccountStatus) -> None:
        """Note which of the keys that share our limits is in use, and how many use them up."""
        clients = self.api_account.clients
        used = identity.leader(status.members, list(clients))
        if used is not None:
            self.reader, self.reader_id = clients[used], used
        self._sharers = sum(member.id in clients or member.id in status.busy for member in status.members) or 1

    def note_identity(self, found: Identity) -> None:
        """Note what is known of the account's identity by now."""
        self.identity = found

    def want_identity(self) -> None:
        """A task was created: unless they are known already, the list can now tell the ids of our key and account."""
        if self.identity.key_id is None:
            self._next_identity_look = float("-inf")

    def is_identity_wanted(self) -> bool:
        """Whether to read the list for the account's identity. Without other keys of ours, that is worth it once at the
        start, and when we have created a task; with others, limits may be shared, so it is tried again and again."""
        now = self.deps.clock.now()
        is_shared = len(self.api_account.clients) > 1 and self.identity.main_id is None
        if now < self._next_identity_look or (self.identity.key_id is not None and not is_shared):
            return False
        self._next_identity_look = now + (IDENTITY_LOOK_SECONDS if is_shared else float("inf"))
        return True

    async def refuse_queries(self, error: DashScopeError, reader_id: str) -> None:
        """Pause the account whose key has asked, because the API refuses to tell it about tasks: nobody asks again with
        this key before `ask_again`, or before the owner resumes the account."""
        async with self.deps.database.write() as connection:
            await self._fence(connection)
            await self._pause(connection, reader_id, error.code, queries_refused=True)
        self._refused.add(reader_id)
        log.error("queries are refused", account=reader_id, code=error.code, message=error.message)
        self.deps.wakeups.notify()

    async def are_queries_refused(self, reader_id: str | None = None) -> bool:
        """Whether there is no use in asking the API about tasks at present, with this account's key or (None) the one
        in use."""
        name = reader_id or self.reader_id
        if name in self._refused:
            async with self.deps.database.read() as connection:
                account = await accounts.get(connection, name)
            if not account.queries_refused:
                self._refused.discard(name)
        return name in self._refused

    async def is_list_answered(self) -> bool:
        """One call for the account's tasks. A refusal pauses the account."""
        return await self._ask_for_list() is None

    async def ask_again(self) -> None:
        """Find out whether queries are answered again; if so, the account goes on."""
        error = await self._ask_for_list()
        if error is not None:
            if error.decision.is_temporary:
                await self.trip_breaker(error.decision, error)
            return
        log.info("queries are answered again", account=self.api_account.account_id)
        async with self.deps.database.write() as connection:
            await self._fence(connection)
            account = await accounts.get(connection, self.api_account.account_id)
            await accounts.reset(connection, account.id, failures=account.failures)
        self.deps.wakeups.notify()

    async def _ask_for_list(self) -> DashScopeError | None:
        await self.wait_to_query()
        reader, reader_id = self.reader, self.reader_id
        try:
            await reader.list_tasks(page_size=1)
        except DashScopeError as error:
            if not error.decision.is_temporary:
                await self.refuse_queries(error, reader_id)
            return error
        return None

    async def record(self, code: str, detail: str) -> None:
        """Write down what the account's owner should know."""
        async with self.deps.database.write() as connection:
            await self._fence(connection)
            await findings.record(connection, self.api_account.account_id, code, detail, self.deps.clock.now())

    async def wait_to_query(self) -> None:
        """Wait until the query limit allows one more query. Keys that share one account's limit each use their part."""
        at = max(self.deps.clock.now(), self._next_query)
        self._next_query = at + self._sharers / self.api_account.queries_per_second
        await self.deps.clock.sleep(at - self.deps.clock.now())

    async def confirm_fence(self, job: Job, send_seconds: float) -> bool:
        """Make sure, right before a job is sent, that the account was ours a moment ago. If the last proof is older (a
        long upload, a suspended process, a changed clock, a slow disk), the attempt gets a new date, since a task in
        doubt is looked for near it. Its row also knows from now on after how many seconds the submit is given up; where
        the write itself takes long, that includes this time, so that the next proof is not too old as well.

        Returns False if the disk is too slow for that, and nothing may be sent. Raises LeadershipLost."""
        for _ in range(reconcile.PROOFS):
            if self._is_covered(send_seconds):
                return True
            proof = self.begin_proof(send_seconds)
            async with self.deps.database.write() as connection:
                await self._fence(connection)
                proof = replace(proof, steady=steady(), at=self.deps.clock.now())
                await attempts.set_times(
                    connection,
                    job_id=job.id,
                    n=job.attempts,
                    now=proof.at,
                    server_at=self.api_account.client.server_clock.now(),
                    send_seconds=proof.recorded,
                )
            self.note_proof(proof)
        return self._is_covered(send_seconds)

    def begin_proof(self, send_seconds: float) -> Proof:
        """See `Proofs.begin`."""
        return self.proofs.begin(send_seconds, steady(), self.deps.clock.now())

    def note_proof(self, proof: Proof) -> None:
        """See `Proofs.note`."""
        self.proofs.note(proof, steady(), self.deps.clock.now())

    def _is_covered(self, send_seconds: float) -> bool:
        return self.proofs.last.covers(send_seconds, steady(), self.deps.clock.now())

    async def report_slow_disk(self) -> None:
        """Tell the owner, once an hour, when several writes in a row took long."""
        if (took := self.proofs.to_report(steady())) is not None:
            log.warning("the disk or the database is slow", account=self.name, seconds=round(took, 1))
            await self.record(findings.SLOW_DISK, f"a write took {took:.1f} s")

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
            await self._pause(connection, self.api_account.account_id, change.pause_account, queries_refused=False)
        return change

    async def _pause(self, connection: AsyncConnection, account_id: str, code: str, *, queries_refused: bool) -> None:
        account = await accounts.get(connection, account_id)
        until = self.deps.clock.now() + job_lifecycle.pause_seconds(account.failures)
        refused, failures = queries_refused or account.queries_refused, account.failures + 1
        await accounts.set_pause(connection, account.id, code, failures=failures, until=until, queries_refused=refused)
