"""Disks that take seconds for each commit: photos are sent, later and only once, and the owner is told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.job_view import State
from bot.runtime.clock import WallClock
from bot.worker.claim import ClaimedJob, claim, take_over
from bot.worker.reconcile import Proof
from bot.worker.submit import submit
from common.clock import steady
from storage.sqlite_connection import SqliteConnection
from tests.fakes.dashscope.service import StandIn, stand_in
from tests.fakes.slow_disk import slow_commit
from tests.harness.worker import open_workers


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path / "service", submits_per_second=10**6, queries_per_second=10**6) as running:
        yield running


def slow_disk(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """From now on a commit that has written something takes so long."""
    monkeypatch.setattr(SqliteConnection, "commit", slow_commit(lambda: seconds))


async def test_on_a_slow_disk_photos_are_submitted_once_and_later(
    tmp_path: Path, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_workers(tmp_path, service, clock=WallClock(speed=20)) as workers:
        slow_disk(monkeypatch, 2.6 / 20)
        jobs = [await workers.request(who) for who in ("anna", "ben")]
        async with workers.running():
            for job in jobs:
                assert (await workers.ended(job)).state == State.STORED
        assert len(await service.tasks()) == 2
        for job in jobs:
            assert len(await workers.attempts(job)) == 1
        seconds = await workers.rows("SELECT MIN(send_seconds) AS least FROM attempt")
        assert seconds[0].least > workers.api_accounts[0].client.shortest_submit + 2.6  # so long it is looked for


async def test_on_a_disk_that_is_too_slow_nothing_is_sent_and_the_job_keeps_its_place(
    tmp_path: Path, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_workers(tmp_path, service, clock=WallClock(speed=1000)) as workers:
        job, context = await workers.request(), await take_over(workers.api_accounts[0], workers.deps)
        while not isinstance(found := await claim(context), ClaimedJob):
            pass
        slow_disk(monkeypatch, 80 / 1000)
        waiting = await submit(context, found.job)
        assert (waiting.state, waiting.turn, workers.gate.count("create")) == (State.QUEUED, job.turn, 0)


async def test_the_owner_is_told_of_a_slow_disk_once_an_hour(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service) as workers:
        context = await take_over(workers.api_accounts[0], workers.deps)
        for took in (0.01, 1.3, 1.4, 0.01, 1.3, 1.5, 1.3, 9.0):  # the last is within the hour
            context.note_proof(Proof(steady() - took, workers.deps.clock.now()))
            await context.report_slow_disk()
        [found] = await workers.rows("SELECT code, detail FROM finding")
        assert (found.code, found.detail) == ("SlowDisk", "a write took 1.5 s")
