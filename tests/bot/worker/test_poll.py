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
from bot.worker.poll import MAX_STRANGE_SECONDS, YOUNG_SECONDS, Seen, event_from, is_odd, next_delay
from storage.jobs import Job
from tests.fakes.dashscope.proxy import answered, lost_before, refused
from tests.fakes.dashscope.service import StandIn, stand_in
from tests.harness.worker import open_workers

NO_FACE = Failure("InternalError.Algo", "No.", Decision.NO_FACE)
MISSING = Failure("ResultMissing", "", Decision.RETRY_LATER)


def task(status: TaskStatus, url: str | None = None, failure: Failure | None = None, images: int = 0) -> Task:
    return Task("t", status, result_url=url, failure=failure, image_count=images)


def seen(**counts: float) -> Seen:
    return Seen(**counts)  # type: ignore[arg-type]  # whole numbers where they are counts


LOST_UNKNOWN, LOST_RUNNING = job_lifecycle.TaskLost("UNKNOWN"), job_lifecycle.TaskLost("RUNNING")
NO_FACE_FAILED = job_lifecycle.TaskFailed(NO_FACE.code, NO_FACE.decision)
STRANGE = Task("t", TaskStatus.UNRECOGNISED, stated="TIMEOUT")


@pytest.mark.parametrize(
    ("answer", "so_far", "age", "expired", "event"),
    [
        (None, seen(), 0, False, None),
        (None, seen(unanswered=9000), 0, True, job_lifecycle.TaskLost()),
        (task(TaskStatus.PENDING), seen(), 0, True, None),  # it waits for its turn at the API
        (task(TaskStatus.RUNNING), seen(running_seconds=20), 0, True, None),  # after a day away it may just have begun
        (task(TaskStatus.RUNNING), seen(running_seconds=3 * 3600), 3 * 3600, False, None),  # as long as is documented
        (task(TaskStatus.RUNNING), seen(running_seconds=GIVE_UP_SECONDS + 1), 0, False, LOST_RUNNING),
        (task(TaskStatus.SUSPENDED), seen(), 0, False, None),
        (STRANGE, seen(strange_seconds=MAX_STRANGE_SECONDS), 0, False, None),
        (STRANGE, seen(strange_seconds=MAX_STRANGE_SECONDS + 1), 0, False, job_lifecycle.TaskLost("TIMEOUT")),
        (task(TaskStatus.SUCCEEDED, "https://x/y", images=1), seen(), 0, False, job_lifecycle.Succeeded("https://x/y")),
        (task(TaskStatus.SUCCEEDED, failure=MISSING, images=1), seen(odd=1), 0, False, None),  # paid for: look again
        (
            task(TaskStatus.SUCCEEDED, failure=MISSING, images=1),
            seen(odd=3),
            0,
            False,
            job_lifecycle.Succeeded(None),
        ),
        (task(TaskStatus.SUCCEEDED, failure=NO_FACE), seen(), 0, False, NO_FACE_FAILED),
        (task(TaskStatus.FAILED, failure=NO_FACE), seen(), 0, False, NO_FACE_FAILED),
        (task(TaskStatus.CANCELED), seen(), 0, False, job_lifecycle.TaskFailed("Canceled", Decision.RETRY_LATER)),
        (task(TaskStatus.UNKNOWN), seen(odd=2), 3600, False, None),
        (task(TaskStatus.UNKNOWN), seen(odd=3), 3600, False, LOST_UNKNOWN),
        (task(TaskStatus.UNKNOWN), seen(odd=11, odd_seconds=55), 57, False, None),  # young: not yet known everywhere
        (task(TaskStatus.UNKNOWN), seen(odd=12, odd_seconds=60), 0, False, LOST_UNKNOWN),  # whatever our clock says
    ],
)
def test_what_an_answer_means(
    answer: Task | None, so_far: Seen, age: float, expired: bool, event: Event | None
) -> None:
    assert event_from(answer, so_far, age=age, expired=expired) == event


def test_seconds_count_only_while_a_state_lasts() -> None:
    so_far = Seen()
    for status, waited_for in (("UNRECOGNISED", 200), ("RUNNING", 5), ("UNRECOGNISED", 10), ("UNKNOWN", 5)):
        so_far.note(task(TaskStatus(status)), waited_for)
    so_far.note(None, 60)  # says nothing
    assert so_far == Seen(unanswered=1, odd=1, odd_seconds=5, strange_seconds=0, running_seconds=5)


@pytest.mark.parametrize(
    ("answer", "seconds", "most"),
    [
        (task(TaskStatus.UNKNOWN), YOUNG_SECONDS, 13),
        (STRANGE, MAX_STRANGE_SECONDS, 32),
        (task(TaskStatus.RUNNING), GIVE_UP_SECONDS, 1500),
    ],
    ids=["unknown", "strange", "running"],
)
def test_a_task_that_shows_nothing_is_given_up_after_a_bounded_number_of_queries(
    answer: Task, seconds: float, most: int
) -> None:
    so_far, at, asked, event = Seen(), 0.0, 0, None
    while event is None:
        delay = next_delay(answer, so_far, TaskDurations(15.0, 3.75), at, 0.0)
        at, asked = at + delay, asked + 1
        so_far.note(answer, delay)
        event = event_from(answer, so_far, age=at, expired=False)
    assert isinstance(event, job_lifecycle.TaskLost)
    assert (seconds <= at <= seconds + 10, asked <= most) == (True, True)


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
    async with open_workers(tmp_path, service, clock=WallClock(speed=100)) as workers:
        job = await workers.request()
        workers.gate.always("query", answered({"output": {"task_id": "t", "task_status": "UNKNOWN"}}))
        async with workers.running():
            done = await workers.ended(job)
        assert (done.state, done.error, done.slot) == (State.FAILED, ErrorCode.NOT_FINISHED, None)
        assert await workers.units() == (0, 0)
        assert await workers.rows(
            "SELECT jobs_reserved AS reserved, jobs_used AS used FROM quota WHERE scope = 'budget'"
        ) == [(0, 1)]
        assert workers.gate.count("create") == 1
        assert 3 <= workers.gate.count("query") <= 13  # a young task that is unknown is looked at for a minute


async def test_a_good_answer_resets_the_count_of_odd_ones(tmp_path: Path, service: StandIn) -> None:
    unknown = answered({"output": {"task_id": "t", "task_status": "UNKNOWN"}})
    running = answered({"output": {"task_id": "t", "task_status": "RUNNING"}})
    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        workers.gate.next("query", unknown, unknown, running, unknown, unknown)
        async with workers.running():
            assert (await workers.ended(job)).state == State.STORED


async def test_a_task_in_a_state_that_nobody_knows_is_given_up_and_its_owner_told(
    tmp_path: Path, service: StandIn
) -> None:
    async with open_workers(tmp_path, service, clock=WallClock(speed=500)) as workers:
        job = await workers.request()
        workers.gate.always("query", answered({"output": {"task_id": "t", "task_status": "TIMEOUT"}}))
        async with workers.running():
            done = await workers.ended(job)
        assert (done.error, done.error_code, done.slot) == (ErrorCode.NOT_FINISHED, "TIMEOUT", None)
        assert (workers.gate.count("create"), workers.gate.count("query") <= 32) == (1, True)
        assert await workers.rows("SELECT code, detail FROM finding") == [("TaskState", "TIMEOUT")]


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
