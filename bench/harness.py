"""An installation without platforms and images: real rows, the real admission and claim, a clock set by hand, and
tasks that finish on command."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr
from sqlalchemy import text

from bot.dashscope import models
from bot.dashscope.client import DashScope
from bot.dashscope.models import Model
from bot.dashscope.photo_links import InlineLinks
from bot.domain import job_lifecycle
from bot.jobs.admission import AdmissionRules, admit, find_same, insert_job, person_and_chat_rows
from bot.messaging.platform import Chat, Person
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from bot.worker.accounts import ApiAccount
from bot.worker.claim import ClaimedJob, claim, take_over
from bot.worker.context import AccountContext, WorkerDeps
from storage.database import Database, open_database
from storage.jobs import Job, NewJob, State
from storage.photos import open_photos
from tests.harness.worker import whole_picture

START_TIME = 1_795_348_800.0  # 2026-11-22 12:00:00 UTC, an arbitrary day
NO_LIMITS = AdmissionRules(daily_free_images=10**9, max_queued_per_person=10**9, monthly_budget_cny=None, paid=True)


@dataclass
class ManualClock:
    """A clock that is set by hand; sleeping advances it."""

    time: float = START_TIME

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        self.time += max(0.0, seconds)
        return event.is_set()


@dataclass
class QueueHarness:
    """An installation's queue, and what drives it."""

    deps: WorkerDeps
    clock: ManualClock
    http: httpx.AsyncClient
    request_count: int = 0

    @property
    def database(self) -> Database:
        return self.deps.database

    async def request(self, person_name: str, style: int = 0) -> Job:
        """Enqueue one photo of this person, in the transaction that the job service uses."""
        self.request_count += 1
        person, now = Person("bench", person_name), self.clock.now()
        async with self.database.write() as connection:
            person_id, chat_id = await person_and_chat_rows(connection, person, Chat("bench", person_name), now)
            new = new_job(person_id, chat_id, f"bench:{person_name}:{self.request_count}", now)
            await find_same(connection, new)
            draft = await insert_job(connection, new, None, now)
            return await admit(connection, draft, style, NO_LIMITS, now)

    async def context(self, account: str = "bench", slots: int = 1, model: Model = models.DEFAULT) -> AccountContext:
        """Take over an API account."""
        client = DashScope(self.http, base_url="http://unused.invalid", api_key=SecretStr("sk-bench"), model=model)
        api_account = ApiAccount(account, client, InlineLinks(), slots=slots, submits_per_second=10**4, paid=True)
        return await take_over(api_account, self.deps)

    async def claim(self, context: AccountContext) -> Job | None:
        """Claim the next job, if there is one."""
        self.clock.time += 0.001  # later than the last submit, as every submit must be
        claimed = await claim(context)
        return claimed.job if isinstance(claimed, ClaimedJob) else None

    async def done(self, context: AccountContext, job: Job) -> None:
        """The API has accepted and finished the job: its slot is free again."""
        taken = await context.write(job, job_lifecycle.SubmitAccepted(f"task-{job.id}-{job.attempts}"))
        await context.write(taken, job_lifecycle.Succeeded("https://results.invalid/1.jpg"))

    async def run(self, sql: str, values: Sequence[dict[str, object]] | None = None, **named: object) -> None:
        """Execute SQL, to set up rows."""
        async with self.database.write() as connection:
            await connection.execute(text(sql), list(values) if values is not None else named)


def new_job(person_id: int, chat_id: int, source: str, now: float) -> NewJob:
    """A request as the intake passes it on; no two photos are the same."""
    return NewJob(
        source=source,
        person_id=person_id,
        chat_id=chat_id,
        thread=None,
        reply_to=None,
        state=State.DRAFT,
        style=0,
        seed=0,
        photo=f"original/{person_id}/2026112313/{source}.jpg",
        photo_hash=source,
        reference=None,
        reference_hash=None,
        cropped=False,
        created=now,
    )


@asynccontextmanager
async def worker_deps(folder: Path, clock: Clock, where: Path | str | None = None) -> AsyncIterator[WorkerDeps]:
    """What all accounts' workers share: a database in this folder's SQLite file, or at the URL `where`."""
    async with open_database(where or folder / "repaint.db") as database:
        yield WorkerDeps(
            database, open_photos(folder / "photos"), Wakeups(), clock, random.Random(7), whole_picture, 30.0
        )


@asynccontextmanager
async def queue_harness(folder: Path, where: Path | str | None = None) -> AsyncIterator[QueueHarness]:
    """The same with a manual clock."""
    clock = ManualClock()
    async with httpx.AsyncClient(trust_env=False) as http, worker_deps(folder, clock, where) as shared:
        yield QueueHarness(shared, clock, http)
