"""The system clock is set by hours or days at the worst moment: nothing is lost or paid twice."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.dashscope.photo_links import UploadLinks
from bot.domain.job_view import State
from bot.worker.recovery import recover, refresh_account
from storage.jobs import Job
from tests.fakes.dashscope.proxy import NOTHING, Forward, lost_after, passes, refused
from tests.fakes.dashscope.service import StandIn, stand_in
from tests.fakes.http_server import Reply
from tests.harness.worker import FastClock, Workers, open_workers

HOUR, DAY = 3600.0, 24 * 3600.0
STEPS = [-30 * DAY, -5 * HOUR, 5 * HOUR, 30 * DAY]


class SetClock(FastClock):
    """A clock that is wrong by `by` seconds."""

    def __init__(self, by: float = 0.0) -> None:
        self.by = by
        super().__init__(wall=lambda: time.time() + self.by)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path / "service", submits_per_second=10**6, queries_per_second=10**6) as running:
        yield running


async def paid_once(workers: Workers, service: StandIn, *jobs: Job) -> None:
    """Assert that every job has its picture, from one task and for one unit."""
    for job in jobs:
        assert (await workers.ended(job)).state == State.STORED
        assert [outcome for _, _, outcome in await workers.attempts(job)] == ["succeeded"]
    assert len(await service.tasks()) == len(jobs)
    sums = await workers.rows("SELECT SUM(reserved), SUM(used) FROM quota WHERE scope LIKE 'person:%'")
    assert sums == [(0, len(jobs))]
    await workers.units()  # this audits the ledger


@pytest.mark.parametrize("step", STEPS)
async def test_a_clock_that_is_set_between_a_crash_and_the_next_start(
    tmp_path: Path, service: StandIn, step: float
) -> None:
    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        workers.gate.next("create", lost_after)
        workers.gate.next("list", passes)  # the API's time is gone, so nothing can be settled from now on
        workers.gate.always("list", refused(503, "ModelUnavailable"))
        async with workers.running():
            await workers.until(job, lambda now: now.state == State.SUBMITTING and workers.gate.count("list") > 1)
    async with open_workers(tmp_path, service, clock=SetClock(step)) as workers:
        await refresh_account(workers.deps, "sk-one")
        await recover(workers.deps, {"sk-one"}, free=())
        async with workers.running():
            await paid_once(workers, service, job)


@pytest.mark.parametrize("step", [5 * HOUR, 30 * DAY])  # within a process it never goes back
async def test_a_clock_that_is_set_while_a_submit_is_under_way(tmp_path: Path, service: StandIn, step: float) -> None:
    async def set_and_lost(forward: Forward) -> Reply:
        await forward()
        clock.by += step
        return NOTHING

    clock = SetClock()
    async with open_workers(tmp_path, service, clock=clock) as workers:
        job = await workers.request()
        workers.gate.next("create", set_and_lost)
        async with workers.running():
            await paid_once(workers, service, job)


@pytest.mark.parametrize("step", STEPS)
async def test_a_clock_that_is_set_while_jobs_run_and_wait(tmp_path: Path, service: StandIn, step: float) -> None:
    async with open_workers(tmp_path, service) as workers:
        jobs = [await workers.request("anna"), await workers.request("ben")]
        held = workers.gate.hold("query")
        async with workers.running():
            await held.reached.wait()
            workers.gate.always("query", refused(503, "ModelUnavailable"))
            held.go.set()
    async with open_workers(tmp_path, service, clock=SetClock(step)) as workers:
        await refresh_account(workers.deps, "sk-one")
        await recover(workers.deps, {"sk-one"}, free=())
        workers.gate.next("query", refused(503, "ModelUnavailable"))  # it must not be given up because of that
        async with workers.running():
            await paid_once(workers, service, *jobs)


@pytest.mark.parametrize("kind", ["query", "result"])
async def test_a_clock_that_leaps_while_the_api_is_in_trouble_loses_no_picture(
    tmp_path: Path, service: StandIn, kind: str
) -> None:
    async def leaps(forward: Forward) -> Reply:
        clock.by += 30 * DAY
        return await refused(503, "ModelUnavailable")(forward)

    clock = SetClock()
    async with open_workers(tmp_path, service, clock=clock) as workers:
        job = await workers.request()
        workers.gate.next(kind, leaps)
        async with workers.running():
            await paid_once(workers, service, job)


async def test_an_attempt_is_dated_again_after_a_long_upload(tmp_path: Path, service: StandIn) -> None:
    async def slowly(forward: Forward) -> Reply:
        clock.by += 60
        return await forward()

    clock = SetClock()
    async with open_workers(tmp_path, service, clock=clock) as workers:
        job, api_account = await workers.request(), workers.api_accounts[0]
        workers.gate.next("upload", slowly)
        async with workers.running(replace(api_account, links=UploadLinks(api_account.client.upload))):
            await paid_once(workers, service, job)
        ((intent, submitted),) = await workers.rows(
            "SELECT a.intent_at, j.submitted FROM attempt a JOIN job j ON j.id = a.job_id"
        )
        assert intent - submitted >= 60
