"""The dispatcher over a real database and a real service: jobs end, slots hold, and leadership is respected."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.cluster.leadership import LeadershipLost
from bot.dashscope.errors import Decision
from bot.domain import job_lifecycle
from bot.domain.error_codes import ErrorCode
from bot.domain.job_view import State
from bot.domain.poll_schedule import TaskDurations
from bot.imaging.results import WholePicture
from bot.runtime.clock import WallClock
from bot.worker.claim import take_over
from bot.worker.context import AccountContext
from bot.worker.dispatcher import run_account
from storage import accounts, results
from tests.conftest import ON_BOTH
from tests.fakes.dashscope.proxy import answered, garbage, lost_after, passes, refused
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import StandIn, most_running, stand_in
from tests.harness.worker import QUICK, Workers, open_workers

pytestmark = ON_BOTH

LIMITLESS: dict[str, Any] = {"submits_per_second": 10**6, "queries_per_second": 10**6}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path / "service", **LIMITLESS) as running:
        yield running


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[StandIn]:
    """A service whose tasks stay RUNNING until `let_go`."""
    async with stand_in(tmp_path / "service", engine=quick_engine(until=tmp_path / "go"), **LIMITLESS) as running:
        yield running


def let_go(tmp_path: Path) -> None:
    (tmp_path / "go").touch()


def failed(code: str) -> dict[str, object]:
    return {"output": {"task_id": "t", "task_status": "FAILED", "code": code, "message": "No."}, "request_id": "r"}


async def budget(workers: Workers) -> tuple[int, int]:
    (row,) = await workers.rows("SELECT jobs_reserved AS reserved, jobs_used AS used FROM quota WHERE scope = 'budget'")
    return row.reserved, row.used


async def test_a_job_becomes_a_picture_in_store_and_is_paid_once(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        async with workers.running():
            done = await workers.ended(job)
        assert (done.state, done.slot, done.result_url) == (State.STORED, None, None)
        async with workers.database.read() as connection:
            result = await results.get(connection, job.id)
        assert result is not None
        assert len(await workers.deps.photos.get(result.key) or b"") == result.bytes
        assert (await workers.units(), await budget(workers)) == ((0, 1), (0, 1))
        assert await workers.rows("SELECT used FROM quota WHERE scope = 'account:sk-one'") == [(1,)]
        learned = await workers.rows("SELECT account_id, step, style, count FROM timing ORDER BY step DESC")
        assert learned == [("sk-one", "slot", 0, 1), ("sk-one", "fetch", 0, 1)]
        context = await take_over(workers.api_accounts[0], workers.deps)  # as the next start does
        assert (context.speed.measured[0].count, context.fetch_timing.count) == (1, 1)


@pytest.mark.parametrize(
    ("code", "reason", "runs"),
    [
        ("InternalError.Algo", ErrorCode.SERVICE_FAILED, 4),
        ("InvalidImage.NoHumanFace", ErrorCode.NO_FACE, 1),
        ("InvalidURL", ErrorCode.PHOTO_UNREACHABLE, 4),
        ("InvalidImageResolution", ErrorCode.PHOTO_REFUSED, 1),
        ("DataInspectionFailed", ErrorCode.CONTENT_REFUSED, 1),
        ("InvalidParameter", ErrorCode.SERVICE_REFUSED, 1),
    ],
)
async def test_a_failed_task_gives_the_units_back_and_says_why(
    tmp_path: Path, service: StandIn, code: str, reason: ErrorCode, runs: int
) -> None:
    async with open_workers(tmp_path, service, clock=WallClock(speed=100)) as workers:
        job = await workers.request()
        workers.gate.always("query", answered(failed(code)))
        async with workers.running():
            done = await workers.ended(job)
        assert (done.state, done.error, done.error_code, done.slot) == (State.FAILED, reason, code, None)
        assert [outcome for _, _, outcome in await workers.attempts(job)] == [code] * runs
        assert (len(await service.tasks()), await workers.units(), await budget(workers)) == (runs, (0, 0), (0, 0))


async def test_a_task_that_fails_for_now_is_run_again_and_may_end_well(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service, clock=WallClock(speed=20)) as workers:
        job = await workers.request()
        workers.gate.next("query", *[answered(failed("InternalError.Timeout"))] * 2)
        async with workers.running():
            done = await workers.ended(job)
        assert (done.state, done.attempts, done.resubmits) == (State.STORED, 3, 2)
        assert await budget(workers) == (0, 1)


async def test_one_prefetched_task_waits_at_the_service_and_no_more_are_sent(tmp_path: Path, held: StandIn) -> None:
    async with open_workers(tmp_path, held, prefetch=1) as workers:
        jobs = [await workers.request(f"person {number}") for number in range(4)]
        async with workers.running():
            await workers.until(jobs[1], lambda job: job.state == State.RUNNING)
            for _ in range(5):
                await workers.deps.clock.sleep(1.0)
            assert workers.gate.count("create") == 2
            let_go(tmp_path)
            for job in jobs:
                await workers.ended(job)
        assert most_running(await held.tasks()) == 1


async def test_an_account_that_refuses_prefetched_tasks_gets_no_more_of_them(tmp_path: Path, held: StandIn) -> None:
    async with open_workers(tmp_path, held, prefetch=1, clock=WallClock(speed=20)) as workers:
        first, second = await workers.request("anna"), await workers.request("ben")
        hold = workers.gate.hold("create")
        workers.gate.next("create", refused(429, "Throttling.RateQuota"))
        async with workers.running():
            await hold.reached.wait()
            hold.go.set()
            await workers.until(second, lambda job: job.attempts == 1 and job.state == State.QUEUED)
            for _ in range(40):  # long after the breaker has closed
                await workers.deps.clock.sleep(1.0)
            assert workers.gate.count("create") == 2
            let_go(tmp_path)
            await workers.ended(second)
        assert (await workers.row(first)).state == State.STORED


async def test_slots_are_never_exceeded_and_all_are_used(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        **LIMITLESS,
        "max_running": 99,
        "workers": 3,
        "engine": quick_engine(until=tmp_path / "go"),
    }
    async with (
        stand_in(tmp_path / "service", **options) as service,
        open_workers(tmp_path, service, slots=3) as workers,
    ):
        jobs = [await workers.request(f"person {number}") for number in range(10)]
        async with workers.running():
            await workers.until(jobs[2], lambda job: job.state == State.RUNNING)
            let_go(tmp_path)
            for job in jobs:
                await workers.ended(job)
        assert most_running(await service.tasks()) == 3


async def test_fewer_slots_after_a_restart_hold_at_once(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        **LIMITLESS,
        "max_running": 99,
        "workers": 2,
        "engine": quick_engine(until=tmp_path / "go"),
    }
    async with stand_in(tmp_path / "service", **options) as service:
        async with open_workers(tmp_path, service, slots=2) as workers:
            zero, one, two = [await workers.request(f"person {number}") for number in range(3)]
            async with workers.running():
                await workers.until(one, lambda job: job.state == State.RUNNING)
            async with workers.database.write() as connection:  # as if the job in the first slot had finished
                await connection.execute(
                    text("UPDATE job SET state = 'stored', slot = NULL WHERE id = :id"), {"id": zero.id}
                )
        async with open_workers(tmp_path, service, slots=1) as workers, workers.running():
            for _ in range(5):
                await workers.deps.clock.sleep(1.0)
            assert (await workers.row(two)).state == State.QUEUED
            let_go(tmp_path)
            assert (await workers.ended(two)).state == State.STORED


async def test_several_accounts_share_one_queue(tmp_path: Path, service: StandIn) -> None:
    keys = ("sk-one", "sk-two", "sk-three")
    async with open_workers(tmp_path, service, keys=keys) as workers:
        jobs = [await workers.request(f"person {number}") for number in range(12)]
        async with workers.running():
            done = [await workers.ended(job) for job in jobs]
        assert {job.account_id for job in done} == set(keys)
        assert len(await service.tasks()) == 12
        assert most_running(await service.tasks()) == 1  # of each account


async def test_a_stop_ends_between_two_steps_and_the_next_start_continues(tmp_path: Path, held: StandIn) -> None:
    async with open_workers(tmp_path, held) as workers:
        job, waiting = await workers.request("anna"), await workers.request("ben")
        async with workers.running():
            await workers.until(job, lambda now: now.state == State.RUNNING)
    async with open_workers(tmp_path, held) as workers:
        assert ((await workers.row(job)).state, (await workers.row(waiting)).state) == (State.RUNNING, State.QUEUED)
        let_go(tmp_path)
        async with workers.running():
            assert {(await workers.ended(one)).state for one in (job, waiting)} == {State.STORED}
        assert len(await held.tasks()) == 2


async def test_tasks_left_by_an_earlier_dispatcher_are_queried_at_once(tmp_path: Path, held: StandIn) -> None:
    long_tasks = TaskDurations(mean=1e6, deviation=1.0)  # by these, the first query would come next week
    async with open_workers(tmp_path, held, first_durations=long_tasks) as workers:
        job = await workers.request()
        async with workers.running():
            await workers.until(job, lambda now: now.state == State.RUNNING)
        assert workers.gate.count("query") == 0
        let_go(tmp_path)
        asked = workers.gate.hold("query")
        async with workers.running():
            await asked.reached.wait()
            asked.go.set()


async def test_a_submit_in_doubt_at_the_stop_is_reconciled_by_the_next_start(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        workers.gate.next("create", lost_after)
        workers.gate.always("list", refused(500, "InternalError"))
        async with workers.running():
            while not workers.gate.count("list"):
                await workers.deps.clock.sleep(0.1)
        assert (await workers.row(job)).state == State.SUBMITTING
    async with open_workers(tmp_path, service) as workers, workers.running():
        assert (await workers.ended(job)).state == State.STORED
    assert len(await service.tasks()) == 1


async def test_after_a_takeover_the_earlier_dispatcher_writes_nothing(tmp_path: Path, held: StandIn) -> None:
    async with open_workers(tmp_path, held) as workers:
        job, waiting = await workers.request("anna"), await workers.request("ben")
        old = asyncio.create_task(run_account(workers.api_accounts[0], workers.deps, asyncio.Event()))
        await workers.until(job, lambda now: now.state == State.RUNNING)
        before = await workers.row(job)
        async with workers.database.write() as connection:
            await accounts.take_over(connection, "sk-one", mean=1.0, deviation=1.0)
        let_go(tmp_path)
        with pytest.raises(ExceptionGroup) as caught:
            await old
        assert caught.group_contains(LeadershipLost)
        assert (await workers.row(job), (await workers.row(waiting)).state) == (before, State.QUEUED)
        async with workers.running():
            assert {(await workers.ended(one)).state for one in (job, waiting)} == {State.STORED}


async def test_after_a_takeover_the_earlier_dispatcher_claims_nothing(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service) as workers:
        old = asyncio.create_task(run_account(workers.api_accounts[0], workers.deps, asyncio.Event()))
        first = await workers.request("anna")
        await workers.ended(first)
        async with workers.database.write() as connection:
            await accounts.take_over(connection, "sk-one", mean=1.0, deviation=1.0)
        job = await workers.request("ben")
        with pytest.raises(ExceptionGroup) as caught:
            await old
        assert caught.group_contains(LeadershipLost)
        assert (await workers.row(job)).state == State.QUEUED
        assert workers.gate.count("create") == 1


async def test_an_old_epoch_changes_neither_job_nor_account(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        async with workers.database.write() as connection:
            for _ in range(2):
                account = await accounts.take_over(connection, "sk-one", mean=1.0, deviation=1.0)
        old = AccountContext(workers.api_accounts[0], workers.deps, epoch=account.epoch - 1, durations=QUICK)
        for write in (old.write(job, job_lifecycle.Expired()), old.trip_breaker(Decision.RETRY_LATER)):
            with pytest.raises(LeadershipLost):
                await write
        assert await workers.row(job) == job
        assert await workers.rows("SELECT failures, open_until FROM account") == [(0, 0)]


async def test_a_step_that_raises_is_tried_again_and_stops_no_other_job(tmp_path: Path, service: StandIn) -> None:
    broken = iter([True, True])

    async def whole(data: bytes) -> WholePicture:
        if next(broken, False):
            raise KeyError("a bug")
        return WholePicture(data, 3, 4)

    async with open_workers(tmp_path, service) as workers:
        workers.deps = replace(workers.deps, whole_picture=whole)
        jobs = [await workers.request("anna"), await workers.request("ben")]
        async with workers.running():
            assert {(await workers.ended(job)).state for job in jobs} == {State.STORED}
        assert len(await service.tasks()) == 2


async def test_over_a_failing_network_every_job_ends_once(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service, clock=WallClock(speed=60)) as workers:
        jobs = [await workers.request(f"person {number % 5}") for number in range(25)]
        for number in range(40):
            workers.gate.next("query", refused(500, "InternalError"), passes, passes)
            workers.gate.next("result", refused((403, 500, 404)[number % 3], "AccessDenied"), passes, garbage)
        async with workers.running():
            assert {(await workers.ended(job)).state for job in jobs} == {State.STORED}
        assert len(await service.tasks()) == 25
        assert [await workers.units(f"person {number}") for number in range(5)] == [(0, 5)] * 5
