"""Three real bots on one PostgreSQL: whoever is killed, frozen or cut off, each request ends once and is paid once."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.dashscope.proxy import ApiProxy, api_proxy
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import StandIn, stand_in
from tests.harness.replica_processes import Replicas, replicas

TAKEN_OVER_SECONDS = 10.0


@dataclass(frozen=True)
class Cloud:
    """The service, and the gate in front of it. Pictures are finished once `let_go` was called."""

    service: StandIn
    gate: ApiProxy
    folder: Path
    url: str

    def let_go(self) -> None:
        (self.folder / "go").touch()

    def replicas(self) -> AbstractAsyncContextManager[Replicas]:
        return replicas(self.folder, self.url, self.gate.base_url)


@pytest.fixture
async def cloud(tmp_path: Path, postgres_url: str) -> AsyncIterator[Cloud]:
    engine = quick_engine(until=tmp_path / "go")
    async with stand_in(tmp_path / "service", engine=engine) as service, api_proxy(service) as front:
        yield Cloud(service, front, tmp_path, postgres_url)


async def requested(replicas: Replicas, count: int) -> list[int]:
    """So many requests of one visitor, a few at each bot."""
    return [await replicas.request(number % len(replicas.bots), number) for number in range(count)]


async def all_is_well(cloud: Cloud, replicas: Replicas, by: int, jobs: list[int]) -> None:
    """Each job ended with its picture, as any bot tells; one unit and one task each, and every task was sent by the
    dispatcher whose epoch its attempt bears."""
    bot = replicas.bots[by]
    for job in jobs:
        assert (await bot.ended(job))["state"] in {"stored", "delivered"}
    assert await bot.quota() == (0, len(jobs))
    tasks = await cloud.service.tasks()
    made = await replicas.rows("SELECT task_id, epoch FROM attempt WHERE task_id IS NOT NULL")
    assert {task.task_id for task in tasks} == {task_id for task_id, _ in made}
    assert len(tasks) == len(jobs)
    report = await cloud.service.report()
    assert (report.most_running, report.refused_submits) == (1, 0)
    assert report.most_submits <= 2


async def test_as_one_they_paint_and_whoever_is_killed_is_followed_within_ten_seconds(cloud: Cloud) -> None:
    async with cloud.replicas() as replicas:
        roles = {name.partition(":")[0] for (name,) in await replicas.rows("SELECT name FROM role")}
        jobs, first = await requested(replicas, 3), await replicas.holder()
        assert roles <= {"dispatcher", "housekeeping"}
        await replicas.bots[first].when(jobs[0], "running")
        await replicas.bots[first].kill()
        killed, again = asyncio.get_running_loop().time(), cloud.gate.hold("query")
        await again.reached.wait()
        assert asyncio.get_running_loop().time() - killed < TAKEN_OVER_SECONDS
        sent = cloud.gate.hold("create", answer_too=True)  # the next submit is taken, and its sender killed then
        again.go.set()
        sent.go.set()
        cloud.let_go()
        second = await replicas.holder(but=first)
        await sent.taken.wait()
        await replicas.bots[second].kill()
        await all_is_well(cloud, replicas, await replicas.holder(but=second), jobs)


async def test_a_frozen_ones_lane_goes_on_and_when_it_thaws_it_drives_only_if_elected_again(cloud: Cloud) -> None:
    async with cloud.replicas() as replicas:
        jobs, first = await requested(replicas, 3), await replicas.holder()
        await replicas.bots[first].when(jobs[0], "running")
        replicas.bots[first].process.send_signal(signal.SIGSTOP)
        second = await replicas.holder(but=first)
        replicas.bots[first].process.send_signal(signal.SIGCONT)
        await replicas.bots[second].kill()  # its successor dies while it thaws
        third = await replicas.holder(but=second)
        cloud.let_go()
        await all_is_well(cloud, replicas, third, jobs)
