"""Workers over a real database and a real service, without decoding people's photos first.

    async with open_workers(tmp_path, service) as workers:
        job = await workers.request("anna")
        workers.gate.next("create", lost_after)
        async with workers.running():
            done = await workers.ended(job)

The clock tells the real time, but every wait takes a twentieth of its time.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import text

from bot.dashscope.client import DashScope, Timeouts
from bot.dashscope.models import DEFAULT, Model
from bot.dashscope.photo_links import InlineLinks
from bot.domain.poll_schedule import TaskDurations
from bot.domain.styles import STYLES
from bot.imaging import intake, worker_main
from bot.imaging.intake import Intake
from bot.imaging.results import WholePicture
from bot.jobs.admission import AdmissionRules, admit
from bot.jobs.drafts import Drafts
from bot.jobs.photo_intake import PhotoIntake
from bot.jobs.queries import JobQueries
from bot.jobs.queue_snapshot import QueueSnapshots
from bot.jobs.service import JobService
from bot.jobs.views import Capacity
from bot.messaging.platform import Person
from bot.runtime.clock import WallClock
from bot.runtime.wakeups import Wakeups
from bot.worker.accounts import ApiAccount
from bot.worker.context import WorkerDeps
from bot.worker.dispatcher import run_account
from storage import jobs, ledger
from storage.database import Database, open_database
from storage.jobs import ENDED, Job
from storage.photos import Kind, open_photos
from tests.fakes.dashscope.proxy import ApiProxy, Service, api_proxy
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.databases import add_database
from tests.harness.rows import A_NEW_JOB, insert_person

QUICK = TaskDurations(mean=0.05, deviation=0.05)
SPEED = 20.0


async def whole_picture(data: bytes) -> WholePicture:
    """As the intake's worker decodes it, but in this process: a worker of its own would cost each test a second."""
    return intake.whole_picture(data, *worker_main.process({"result": 1}, data, None))


class NoJitter(random.Random):
    """Always the lowest number."""

    def random(self) -> float:
        return 0.0


class FastClock(WallClock):
    """The real time, with waits shortened to a twentieth."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / SPEED)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        return await super().wait(event, seconds / SPEED)


@dataclass
class Workers:
    """An installation without platforms. `api_accounts` are driven inside `running()`."""

    deps: WorkerDeps
    queries: JobQueries
    jobs: JobService
    gate: ApiProxy
    rules: AdmissionRules
    api_accounts: list[ApiAccount]
    requests: int = 0

    @property
    def database(self) -> Database:
        return self.deps.database

    async def request(self, who: str = "anna", *, style: int = 0) -> Job:
        """Queue one more photo of this person; no two photos are the same."""
        self.requests += 1
        now = self.deps.clock.now()
        async with self.database.write() as connection:
            person, chat = await insert_person(connection, who)
        photo = portrait_jpeg(256, 256, shade=self.requests % 256) + str(self.requests).encode()
        key = await self.deps.photos.put(Kind.ORIGINAL, person, photo, expires=now + 3600)
        new = replace(A_NEW_JOB, source=f"{who}:{self.requests}", person_id=person, chat_id=chat, created=now)
        async with self.database.write() as connection:
            job_id = await jobs.insert(connection, replace(new, photo=key, photo_hash=key[-68:]))
            draft = await jobs.get(connection, job_id or 0)
            assert draft is not None
            queued = await admit(connection, draft, style, self.rules, now)
        self.deps.wakeups.notify()
        return queued

    @asynccontextmanager
    async def running(self, *api_accounts: ApiAccount) -> AsyncIterator[None]:
        """Drive the accounts until the end of the block."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for api_account in api_accounts or self.api_accounts:
                group.create_task(run_account(api_account, self.deps, stop))
            try:
                yield
            finally:
                stop.set()
                self.deps.wakeups.notify()

    async def row(self, job: Job) -> Job:
        """The job as its row is now."""
        async with self.database.read() as connection:
            found = await jobs.get(connection, job.id)
        assert found is not None
        return found

    async def until(self, job: Job, fits: Callable[[Job], bool]) -> Job:
        """The job's row, once `fits` is true of it."""
        while True:
            wakeup = self.deps.wakeups.subscribe()
            now = await self.row(job)
            if fits(now):
                return now
            await self.deps.clock.wait(wakeup, 1.0)

    async def ended(self, job: Job) -> Job:
        """The job's row, once it has ended."""
        return await self.until(job, lambda now: now.state in ENDED)

    async def units(self, who: str = "anna") -> tuple[int, int]:
        """Reserved and used units of a person today; also audits the ledger."""
        view = await self.queries.quota(Person("test", who))
        async with self.database.read() as connection:
            assert await ledger.audit(connection) == ()
        return view.reserved, view.used

    async def attempts(self, job: Job) -> list[tuple[int, str | None, str | None]]:
        """A job's attempts: number, task, outcome."""
        rows = await self.rows("SELECT n, task_id, outcome FROM attempt WHERE job_id = :id ORDER BY n", id=job.id)
        return [(row.n, row.task_id, row.outcome) for row in rows]

    async def rows(self, sql: str, **values: object) -> Sequence[Any]:
        """The rows of any query."""
        async with self.database.read() as connection:
            return (await connection.execute(text(sql), values)).all()

    async def set(self, job: Job, **columns: object) -> None:
        """Change columns of a job's row."""
        sets = ", ".join(f"{name} = :{name}" for name in columns)
        async with self.database.write() as connection:
            await connection.execute(text(f"UPDATE job SET {sets} WHERE id = :id"), {**columns, "id": job.id})

    async def cancel(self, job: Job, who: str = "anna") -> None:
        """Cancel a job as its person does."""
        await self.jobs.cancel(Person("test", who), job.id)


@asynccontextmanager
async def open_workers(
    data_dir: Path,
    service: Service,
    *,
    keys: Sequence[str] = ("sk-one",),
    timeouts: Timeouts | None = None,
    rules: AdmissionRules | None = None,
    clock: WallClock | None = None,
    models: Mapping[str, Model] = MappingProxyType({}),
    **api_account: Any,
) -> AsyncIterator[Workers]:
    """Open everything; nothing is running yet. Opening the same folder again is a restart. `models`: by key, the
    default for the others."""
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(api_proxy(service))
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        database = await stack.enter_async_context(open_database(add_database(data_dir)))
        photos, wakeups = open_photos(data_dir / "photos"), Wakeups()
        deps = WorkerDeps(database, photos, wakeups, clock or FastClock(), NoJitter(), whole_picture, result_days=30)
        limits = {"submits_per_second": 1000.0, "queries_per_second": 1000.0, "first_durations": QUICK, "paid": True}
        api_accounts = []
        clients = {
            key: DashScope(
                http,
                base_url=here.base_url,
                api_key=SecretStr(key),
                model=models.get(key, DEFAULT),
                timeouts=timeouts or Timeouts(),
            )
            for key in keys
        }
        for key, client in clients.items():
            options = {**limits, "peers": clients, **api_account}
            api_accounts.append(ApiAccount(account_id=key, client=client, links=InlineLinks(), **options))
        rules = rules or AdmissionRules(20, 1000, None, paid=api_accounts[0].paid)
        capacity = Capacity(
            frozenset(keys), sum(api_account.slots for api_account in api_accounts), first_guess=QUICK.mean
        )
        photo_intake = PhotoIntake(Intake(), photos, keep_seconds=3600)
        snapshots = QueueSnapshots(database, wakeups, deps.clock, capacity)
        queries = JobQueries(database, photos, wakeups, deps.clock, capacity, rules, STYLES, snapshots)
        jobs = JobService(database, wakeups, deps.clock, queries, Drafts(database, photo_intake, deps.clock))
        yield Workers(deps, queries, jobs, here, rules, api_accounts)
