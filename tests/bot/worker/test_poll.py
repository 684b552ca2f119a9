"""RUNNING: what answers about a task mean, and what is learned from them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.dashscope.errors import Decision
from bot.dashscope.wire import Failure, Task, TaskStatus
from bot.domain import job_lifecycle
from bot.domain.error_codes import ErrorCode
from bot.domain.job_lifecycle import Event
from bot.domain.job_view import State
from bot.domain.poll_schedule import GIVE_UP_SECONDS, TaskDurations
from bot.runtime.clock import WallClock
from bot.worker.poll import event_from, is_odd
from storage.jobs import Job
from tests.fakes.dashscope.proxy import answered, lost_before, refused
from tests.fakes.dashscope.service import StandIn, stand_in
from tests.harness.worker import open_workers

NO_FACE = Failure("InternalError.Algo", "No.", Decision.NO_FACE)
MISSING = Failure("ResultMissing", "", Decision.RETRY_LATER)


def task(status: TaskStatus, url: str | None = None, failure: Failure | None = None, images: int = 0) -> Task:
    return Task("t", status, result_url=url, failure=failure, image_count=images)


@pytest.mark.parametrize(
    ("answer", "odd", "running_for", "expired", "event"),
    [
        (None, 0, 0, False, None),
        (None, 0, 0, True, job_lifecycle.TaskLost()),
        (task(TaskStatus.PENDING), 0, 0, True, None),  # it waits for its turn at the API
        (task(TaskStatus.RUNNING), 0, 20, True, None),  # after a day away it may just have begun
        (task(TaskStatus.RUNNING), 0, GIVE_UP_SECONDS + 1, False, job_lifecycle.TaskLost()),
        (task(TaskStatus.SUSPENDED), 0, 0, False, None),
        (task(TaskStatus.UNRECOGNISED), 0, 0, False, None),
        (task(TaskStatus.SUCCEEDED, "https://x/y", images=1), 0, 0, False, job_lifecycle.Succeeded("https://x/y")),
        (task(TaskStatus.SUCCEEDED, failure=MISSING, images=1), 1, 0, False, None),  # paid for: look again
        (task(TaskStatus.SUCCEEDED, failure=MISSING, images=1), 3, 0, False, job_lifecycle.Succeeded(None)),
        (
            task(TaskStatus.SUCCEEDED, failure=NO_FACE),
            0,
            0,
            False,
            job_lifecycle.TaskFailed(NO_FACE.code, NO_FACE.decision),
        ),
        (
            task(TaskStatus.FAILED, failure=NO_FACE),
            0,
            0,
            False,
            job_lifecycle.TaskFailed(NO_FACE.code, NO_FACE.decision),
        ),
        (task(TaskStatus.CANCELED), 0, 0, False, job_lifecycle.TaskFailed("Canceled", Decision.RETRY_LATER)),
        (task(TaskStatus.UNKNOWN), 2, 0, False, None),
        (task(TaskStatus.UNKNOWN), 3, 0, False, job_lifecycle.TaskLost()),
    ],
)
def test_what_an_answer_means(
    answer: Task | None, odd: int, running_for: float, expired: bool, event: Event | None
) -> None:
    assert event_from(answer, odd, running_for=running_for, expired=expired) == event


def test_only_answers_that_another_query_may_improve_are_odd() -> None:
    odd = {status for status in TaskStatus if is_odd(task(status, images=1))}
    assert odd == {TaskStatus.UNKNOWN, TaskStatus.SUCCEEDED}
    assert not is_odd(task(TaskStatus.SUCCEEDED, "https://x/y", images=1))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path / "service", submits_per_second=10**6, queries_per_second=10**6) as running:
        yield running


async def left_running(tmp_path: Path, service: StandIn) -> Job:
    """A job whose task runs or finishes while no dispatcher is running."""
    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        workers.gate.always("query", lost_before)
        async with workers.running():
            return await workers.until(job, lambda now: now.state == State.RUNNING)


async def test_after_hours_of_downtime_an_unanswered_first_query_loses_nothing(
    tmp_path: Path, service: StandIn
) -> None:
    job = await left_running(tmp_path, service)
    async with open_workers(tmp_path, service) as workers:
        await workers.set(job, submitted=workers.deps.clock.now() - 5 * 3600)
        workers.gate.next("query", lost_before, refused(503, "ModelUnavailable"))
        async with workers.running():
            assert (await workers.ended(job)).state == State.STORED
    assert len(await service.tasks()) == 1


async def test_downtime_is_not_counted_as_task_duration(tmp_path: Path, service: StandIn) -> None:
    job = await left_running(tmp_path, service)
    async with open_workers(tmp_path, service, first_durations=TaskDurations(15.0, 3.75)) as workers:
        await workers.set(job, submitted=workers.deps.clock.now() - 5 * 3600)
        async with workers.running():
            await workers.ended(job)
        ((mean,),) = await workers.rows("SELECT mean_seconds FROM account")
        assert mean < 1.0  # the service's own clock says milliseconds


async def test_a_clock_that_was_set_back_delays_no_query(tmp_path: Path, service: StandIn) -> None:
    job = await left_running(tmp_path, service)
    async with open_workers(tmp_path, service) as workers:
        await workers.set(job, submitted=workers.deps.clock.now() + 5 * 3600)
        async with workers.running():
            assert (await workers.ended(job)).state == State.STORED


async def test_a_task_that_may_have_been_paid_is_never_sent_again(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        workers.gate.always("query", answered({"output": {"task_id": "t", "task_status": "UNKNOWN"}}))
        async with workers.running():
            done = await workers.ended(job)
        assert (done.state, done.error, done.slot) == (State.FAILED, ErrorCode.RESULT_LOST, None)
        assert await workers.units() == (0, 0)
        assert await workers.rows("SELECT reserved, used FROM quota WHERE scope = 'budget'") == [(0, 1)]
        assert (workers.gate.count("create"), workers.gate.count("query")) == (1, 3)


async def test_a_good_answer_resets_the_count_of_odd_ones(tmp_path: Path, service: StandIn) -> None:
    unknown = answered({"output": {"task_id": "t", "task_status": "UNKNOWN"}})
    running = answered({"output": {"task_id": "t", "task_status": "RUNNING"}})
    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        workers.gate.next("query", unknown, unknown, running, unknown, unknown)
        async with workers.running():
            assert (await workers.ended(job)).state == State.STORED


async def test_a_task_that_never_stops_running_is_given_up(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service, clock=WallClock(speed=2000)) as workers:
        job = await workers.request()
        workers.gate.always("query", answered({"output": {"task_id": "t", "task_status": "RUNNING"}}))
        async with workers.running():
            assert (await workers.ended(job)).error == ErrorCode.RESULT_LOST


async def test_queries_stay_below_the_query_limit(tmp_path: Path, service: StandIn) -> None:
    """Three tasks at once, each queried every 0.25 s: 12 queries a second, with a limit of 8."""
    slots, limit, clock, soon = 3, 8.0, WallClock(), TaskDurations(100.0, 60.0)
    options: dict[str, Any] = {"slots": slots, "queries_per_second": limit, "first_durations": soon}
    async with open_workers(tmp_path, service, clock=clock, **options) as workers:
        for number in range(slots):
            await workers.request(f"person {number}")
        workers.gate.always("query", answered({"output": {"task_id": "t", "task_status": "RUNNING"}}))
        async with workers.running():
            while workers.gate.count("query") < 9:
                await clock.sleep(0.05)
        asked = [arrival.at for arrival in workers.gate.arrivals if arrival.kind == "query"]
        assert asked[8] - asked[0] >= 8 / limit * 0.95
