"""When the API reports a finished task, it is queried at once. Whoever doesn't know the address changes nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from bot.cluster.bootstrap import cluster_tasks
from bot.dashscope.answers import MAX_EVENTS, finished_tasks
from bot.domain.job_view import State
from bot.domain.poll_schedule import TaskDurations
from bot.http.completion_events import BODY_BYTES, RATE, CompletionEvents
from bot.runtime.clock import WallClock
from storage.jobs import Job
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import StandIn, stand_in
from tests.fakes.postgres import URL_FILE
from tests.harness.rows import NOON
from tests.harness.worker import Workers, open_workers

SECRET = "recognisable-word-of-the-address"
PATH = f"/dashscope/events/{SECRET}"
SLOW = TaskDurations(mean=1000.0, deviation=1.0)  # by these, the first query would come after a quarter of an hour


def event(task: str, **changes: Any) -> dict[str, Any]:
    """An event as EventBridge sends it."""
    data = {"task_id": task, "task_status": "SUCCEEDED", "end_time": "2026-11-22 20:00:15"}
    whole = {"id": "1", "specversion": "1.0", "source": "acs.dashscope", "type": "dashscope:System:AsyncTaskFinish"}
    return {**whole, "data": data, **changes}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[StandIn]:
    engine = quick_engine(until=tmp_path / "go")
    limits: dict[str, Any] = {"submits_per_second": 10**6, "queries_per_second": 10**6, "max_running": 9, "workers": 1}
    async with stand_in(tmp_path / "service", engine=engine, **limits) as running:
        yield running


class EventReceiver:
    """Workers whose accounts get events, and a client of the route that receives these. `go`: the tasks may end."""

    def __init__(self, workers: Workers, http: httpx.AsyncClient, service: StandIn, go: Path) -> None:
        self.workers = workers
        self.http = http
        self._service = service
        self._go = go

    async def post(self, body: object, path: str = PATH) -> int:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return (await self.http.post(path, content=content)).status_code

    async def running(self, job: Job) -> Job:
        return await self.workers.until(job, lambda now: now.state == State.RUNNING)

    async def finish_all(self) -> None:
        """Let all tasks finish at the API, without an event."""
        self._go.touch()
        async with asyncio.timeout(60):
            while any(task.status.value != "SUCCEEDED" for task in await self._service.tasks()):
                await self.workers.deps.clock.sleep(0.01)

    async def noted(self) -> list[float | None]:
        return [row.noted_at for row in await self.workers.rows("SELECT noted_at FROM attempt ORDER BY job_id, n")]


@asynccontextmanager
async def open_receiver(tmp_path: Path, service: StandIn, **api_account: Any) -> AsyncIterator[EventReceiver]:
    chosen: dict[str, Any] = {"clock": WallClock(), "first_durations": SLOW, "gets_events": True, **api_account}
    async with open_workers(tmp_path, service, **chosen) as workers:
        deps = workers.deps
        route = CompletionEvents(deps.database, deps.wakeups, deps.clock, SecretStr(SECRET)).route
        transport = httpx.ASGITransport(Starlette(routes=[route]))
        async with httpx.AsyncClient(transport=transport, base_url="https://bot.example") as http:
            yield EventReceiver(workers, http, service, tmp_path / "go")


@pytest.mark.usefixtures("database_kind")
async def test_an_event_makes_the_next_query_happen_now(tmp_path: Path, service: StandIn) -> None:
    async with open_receiver(tmp_path, service) as receiver, receiver.workers.running():
        job = await receiver.running(await receiver.workers.request())
        await receiver.finish_all()
        assert receiver.workers.gate.count("query") == 0
        assert await receiver.post(event(job.task_id or "")) == 204
        assert (await receiver.workers.ended(job)).state == State.STORED
        assert receiver.workers.gate.count("query") == 1


async def test_after_an_early_event_queries_are_repeated_soon(tmp_path: Path, service: StandIn) -> None:
    async with open_receiver(tmp_path, service) as receiver, receiver.workers.running():
        job = await receiver.running(await receiver.workers.request())
        assert await receiver.post(event(job.task_id or "")) == 204
        async with asyncio.timeout(60):
            while receiver.workers.gate.count("query") < 3:
                await receiver.workers.deps.clock.sleep(0.05)
        assert (await receiver.workers.row(job)).state == State.RUNNING  # an event is not a result
        await receiver.finish_all()
        assert (await receiver.workers.ended(job)).state == State.STORED


async def test_an_event_that_came_while_nothing_was_running_is_found_at_the_next_start(
    tmp_path: Path, service: StandIn
) -> None:
    async with open_receiver(tmp_path, service) as receiver:
        job = await receiver.workers.request()
        async with receiver.workers.running():
            job = await receiver.running(job)
        await receiver.finish_all()
        assert await receiver.post(event(job.task_id or "")) == 204
    async with open_receiver(tmp_path, service) as receiver, receiver.workers.running():
        assert (await receiver.workers.ended(job)).state == State.STORED


@pytest.mark.usefixtures("database_kind")
async def test_an_event_concerns_its_own_task_only_whichever_account_has_it(tmp_path: Path, service: StandIn) -> None:
    async with (
        open_receiver(tmp_path, service, keys=("sk-one", "sk-two"), slots=2) as receiver,
        receiver.workers.running(),
    ):
        jobs = [await receiver.running(await receiver.workers.request(f"person {number}")) for number in range(3)]
        await receiver.finish_all()
        assert await receiver.post(event(jobs[1].task_id or "")) == 204
        assert (await receiver.workers.ended(jobs[1])).state == State.STORED
        others = [await receiver.workers.row(jobs[0]), await receiver.workers.row(jobs[2])]
        assert [job.state for job in others] == [State.RUNNING, State.RUNNING]
        assert receiver.workers.gate.count("query") == 1
        assert await receiver.post([event(job.task_id or "") for job in others]) == 204  # several at once
        assert {(await receiver.workers.ended(job)).state for job in others} == {State.STORED}


@pytest.mark.usefixtures("database_kind")
async def test_repeated_and_foreign_events_change_nothing(tmp_path: Path, service: StandIn) -> None:
    async with open_receiver(tmp_path, service) as receiver, receiver.workers.running():
        job = await receiver.running(await receiver.workers.request())
        ours = event(job.task_id or "")
        assert await receiver.post(ours) == 204
        first = await receiver.noted()
        assert [await receiver.post(one) for one in (ours, [ours, ours], event("of-somebody-else"))] == [204] * 3
        assert await receiver.noted() == first
        await receiver.finish_all()
        await receiver.workers.ended(job)
        assert await receiver.post(ours) == 204  # late


async def test_an_event_without_news_writes_nothing(tmp_path: Path, service: StandIn) -> None:
    async with open_receiver(tmp_path, service) as receiver:
        wakeup = receiver.workers.deps.wakeups.subscribe()
        said: tuple[object, ...] = (event("unknown"), [], {}, event("x", type="other"))
        assert [await receiver.post(one) for one in said] == [204] * 4
        assert not wakeup.is_set()


async def test_without_the_secret_nothing_is_changed_or_learned(tmp_path: Path, service: StandIn) -> None:
    async with open_receiver(tmp_path, service) as receiver, receiver.workers.running():
        job = await receiver.running(await receiver.workers.request())
        body = json.dumps(event(job.task_id or ""))
        forged = [SECRET[:-1], SECRET + "x", SECRET.upper(), "x", "%F0%9F%98%80", "%ff", "A" * 5000, SECRET + "%00"]
        answers = [await receiver.http.post(f"/dashscope/events/{word}", content=body) for word in forged]
        answers.append(await receiver.http.post("/dashscope/events/x", content=b"x" * 10**6))
        assert {(one.status_code, one.content, str(one.headers)) for one in answers} == {
            (404, b"", str(answers[0].headers))
        }
        assert await receiver.noted() == [None]
        (tmp_path / "go").touch()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff\xfe", 400),
        (b"{", 400),
        (b"[" * 60_000, 400),
        (b"1" * 60_000, 400),
        (json.dumps([event("t")] * (MAX_EVENTS + 1)).encode(), 400),
        (b" " * (BODY_BYTES + 1), 413),
        (b"x" * 10**6, 413),
        (b"null", 204),
        (b'"words"', 204),
        (json.dumps(event("'; DROP TABLE job; --")).encode(), 204),
        (json.dumps(event("t" * 1000)).encode(), 204),
        (json.dumps(event("\ud800\x00")).encode(), 204),
        (json.dumps({"data": [{"task_id": 7}]}).encode(), 204),
    ],
)
async def test_nonsense_is_bounded_and_harmless(tmp_path: Path, service: StandIn, body: bytes, status: int) -> None:
    async with open_receiver(tmp_path, service) as receiver:
        assert await receiver.post(body) == status


def test_which_bodies_are_events() -> None:
    def said(value: object) -> set[str]:
        return set(finished_tasks(json.dumps(value).encode()) or ())

    assert said(event("t-1")) == {"t-1"}
    assert said([event("t-1"), event("t-2"), event("t-1")]) == {"t-1", "t-2"}
    assert said(event("t-1")["data"]) == {"t-1"}  # where only the data is passed on
    assert said(event("t-1", type="dashscope:System:Other")) == set()
    assert said(event("t-1", source="acs.oss")) == set()
    assert said(event("t-1", data={"task_id": None})) == set()


async def test_too_many_events_are_asked_to_come_again(tmp_path: Path, service: StandIn) -> None:
    time = [NOON]
    async with open_receiver(tmp_path, service, clock=WallClock(wall=lambda: time[0], steady=lambda: 0.0)) as receiver:
        said = [await receiver.post({}) for _ in range(int(RATE.burst) + 5)]
        assert said == [204] * int(RATE.burst) + [429] * 5
        assert await receiver.post({}, "/dashscope/events/forged") == 404
        time[0] += 1
        assert [await receiver.post({}) for _ in range(52)] == [204] * int(RATE.per_second) + [429] * 2


async def test_an_event_received_by_one_process_reaches_the_one_that_polls_the_task(
    tmp_path: Path, service: StandIn, postgres_url: str
) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        (folder / URL_FILE).write_text(postgres_url)
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        receiver, other = [await stack.enter_async_context(open_receiver(folder, service)) for folder in folders]
        group = await stack.enter_async_context(asyncio.TaskGroup())
        stack.callback(stop.set)
        for one in (receiver, other):
            deps = one.workers.deps
            for work in cluster_tasks(deps.database, deps.wakeups, deps.clock, stop):
                group.create_task(work())  # type: ignore[arg-type]  # each is a coroutine
        async with receiver.workers.running():
            job = await receiver.running(await receiver.workers.request())
            (tmp_path / "go").touch()
            await receiver.finish_all()
            assert await other.post(event(job.task_id or "")) == 204
            assert (await receiver.workers.ended(job)).state == State.STORED
            assert receiver.workers.gate.count("query") == 1


async def test_an_event_without_a_wake_up_is_found_all_the_same(tmp_path: Path, service: StandIn) -> None:
    """Two processes that share rows but no wake-ups."""
    async with (
        open_receiver(tmp_path, service) as receiver,
        open_receiver(tmp_path, service) as other,
        receiver.workers.running(),
    ):
        job = await receiver.running(await receiver.workers.request())
        await receiver.finish_all()
        assert await other.post(event(job.task_id or "")) == 204
        assert (await receiver.workers.ended(job)).state == State.STORED
        assert receiver.workers.gate.count("query") == 1
