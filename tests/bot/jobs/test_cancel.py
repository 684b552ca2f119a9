"""Cancelling a job in every state, against a real stylizer service."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.job_view import State
from tests.conftest import ON_BOTH
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import StandIn, most_running, stand_in
from tests.harness.worker import Workers, open_workers

pytestmark = ON_BOTH


@pytest.fixture
async def service_on_hold(tmp_path: Path) -> AsyncIterator[StandIn]:
    """Holds its tasks RUNNING until `release_tasks`."""
    engine = quick_engine(until=tmp_path / "go")
    async with stand_in(
        tmp_path / "service", engine=engine, submits_per_second=10**6, queries_per_second=10**6
    ) as running:
        yield running


def release_tasks(tmp_path: Path) -> None:
    (tmp_path / "go").touch()


async def budget(workers: Workers) -> tuple[int, int]:
    (row,) = await workers.rows("SELECT jobs_reserved AS reserved, jobs_used AS used FROM quota WHERE scope = 'budget'")
    return row.reserved, row.used


async def test_a_cancelled_queued_job_is_never_submitted(tmp_path: Path, service_on_hold: StandIn) -> None:
    async with open_workers(tmp_path, service_on_hold) as workers:
        first, second = await workers.request("anna"), await workers.request("ben")
        async with workers.running():
            await workers.until(first, lambda job: job.state == State.RUNNING)
            await workers.cancel(second, "ben")
            assert await workers.units("ben") == (0, 0)
            release_tasks(tmp_path)
            await workers.ended(first)
        assert (await workers.row(second)).state == State.CANCELED
        assert workers.gate.count("create") == len(await service_on_hold.tasks()) == 1


async def test_cancelling_a_running_job_releases_the_unit_at_once_and_the_slot_at_its_end(
    tmp_path: Path, service_on_hold: StandIn
) -> None:
    async with open_workers(tmp_path, service_on_hold) as workers:
        first, second = await workers.request("anna"), await workers.request("ben")
        async with workers.running():
            await workers.until(first, lambda job: job.state == State.RUNNING)
            await workers.cancel(first, "anna")
            assert (await workers.units("anna"), await budget(workers)) == ((0, 0), (2, 0))
            while not workers.gate.count("cancel"):  # the API refused to cancel it, since it runs
                await workers.deps.clock.sleep(0.1)
            now, waiting = await workers.row(first), await workers.row(second)
            assert (now.state, now.slot, waiting.state) == (State.RUNNING, 0, State.QUEUED)
            release_tasks(tmp_path)
            await workers.ended(second)
        done = await workers.row(first)
        assert (done.state, done.slot) == (State.CANCELED, None)
        assert await budget(workers) == (0, 2)  # the owner pays for both all the same
        assert most_running(await service_on_hold.tasks()) == 1
        assert await workers.rows("SELECT job_id FROM outbox ORDER BY job_id") == [(first.id,), (second.id,)]


async def test_a_cancelled_pending_task_is_cancelled_at_the_api_and_costs_nothing(
    tmp_path: Path, service_on_hold: StandIn
) -> None:
    async with open_workers(tmp_path, service_on_hold, prefetch=1) as workers:
        first, second = await workers.request("anna"), await workers.request("ben")
        async with workers.running():
            await workers.until(second, lambda job: job.state == State.RUNNING)  # prefetched: pending at the API
            await workers.cancel(second, "ben")
            assert (await workers.ended(second)).state == State.CANCELED
            release_tasks(tmp_path)
            await workers.ended(first)
        assert {task.status.value for task in await service_on_hold.tasks()} == {"SUCCEEDED", "CANCELED"}
        assert await budget(workers) == (0, 1)
