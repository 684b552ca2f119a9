"""The real bot, killed with `kill -9` at the worst moments and started again: every job ends once, with one picture,
for one unit, and is paid for once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.dashscope.proxy import ApiProxy, Forward, api_proxy, never_answers
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import StandIn, portrait_jpeg, stand_in
from tests.fakes.http_server import Reply
from tests.harness.bot_process import Bot, bot_process

PHOTO = portrait_jpeg(300, 400)
KEY = "request-number-1"


@dataclass(frozen=True)
class Cloud:
    """The service, and the gate in front of it. Pictures are finished once `let_go` was called."""

    service: StandIn
    gate: ApiProxy
    folder: Path

    def let_go(self) -> None:
        (self.folder / "go").touch()

    def bot(self) -> AbstractAsyncContextManager[Bot]:
        """The bot on its folder, the same one each time."""
        return bot_process(self.folder / "bot", DASHSCOPE_BASE_URL=self.gate.base_url)


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    engine = quick_engine(until=tmp_path / "go")
    async with stand_in(tmp_path / "service", engine=engine) as service, api_proxy(service) as front:
        yield Cloud(service, front, tmp_path)


class Reached(asyncio.Event):
    """A deed that tells when a call has come, and never answers it: whoever sent it is killed meanwhile."""

    async def before(self, _: Forward) -> Reply:
        """The call is not taken."""
        self.set()
        return await never_answers(_)

    async def after(self, forward: Forward) -> Reply:
        """The call is taken, and its answer never arrives."""
        await forward()
        self.set()
        return await never_answers(forward)


async def all_is_well(cloud: Cloud, bot: Bot, *job_ids: int) -> None:
    """Each job ended with its picture; one unit and one task for each, and nothing else in the history."""
    for job_id in job_ids:
        assert (await bot.ended(job_id))["state"] in {"stored", "delivered"}
        picture = await bot.picture(job_id)
        assert (picture[:3], picture[-2:]) == (b"\xff\xd8\xff", b"\xff\xd9")
    assert sorted(await bot.history()) == sorted(job_ids)
    assert await bot.quota() == (0, len(job_ids))
    assert len(await cloud.service.tasks()) == len(job_ids)
    report = await cloud.service.report()
    assert (report.most_running, report.refused_submits) == (1, 0)


async def test_killed_while_jobs_wait(cloud: Cloud) -> None:
    async with cloud.bot() as bot:
        jobs = [await bot.request(portrait_jpeg(shade=80 * n), key=f"request-number-{n}") for n in range(3)]
        await bot.when(jobs[0], "running")
        await bot.kill()
    async with cloud.bot() as bot:
        assert [(await bot.job(job))["place"] for job in jobs] == [None, 1, None]  # only the next one has a place
        cloud.let_go()
        await all_is_well(cloud, bot, *jobs)


async def test_killed_before_the_submit_is_taken(cloud: Cloud) -> None:
    sent = Reached()
    cloud.gate.next("create", sent.before)
    cloud.let_go()
    async with cloud.bot() as bot:
        job = await bot.request(PHOTO, key=KEY)
        await sent.wait()
        await bot.kill()
    assert await cloud.service.tasks() == []
    async with cloud.bot() as bot:
        await all_is_well(cloud, bot, job)


async def test_killed_after_the_submit_was_taken_and_before_the_answer_is_stored(cloud: Cloud) -> None:
    sent = Reached()
    cloud.gate.next("create", sent.after)
    cloud.let_go()
    async with cloud.bot() as bot:
        job = await bot.request(PHOTO, key=KEY)
        await sent.wait()
        await bot.kill()
    assert len(await cloud.service.tasks()) == 1
    async with cloud.bot() as bot:
        await all_is_well(cloud, bot, job)


async def test_killed_while_the_task_runs(cloud: Cloud) -> None:
    async with cloud.bot() as bot:
        job = await bot.request(PHOTO, key=KEY)
        await bot.when(job, "running")
        await bot.kill()
    cloud.let_go()
    async with cloud.bot() as bot:
        await all_is_well(cloud, bot, job)


async def test_killed_while_the_picture_is_fetched(cloud: Cloud) -> None:
    asked = Reached()
    cloud.gate.next("result", asked.after)
    cloud.let_go()
    async with cloud.bot() as bot:
        job = await bot.request(PHOTO, key=KEY)
        await asked.wait()
        await bot.kill()
    async with cloud.bot() as bot:
        await all_is_well(cloud, bot, job)


async def test_killed_after_all_is_done_nothing_is_done_again(cloud: Cloud) -> None:
    cloud.let_go()
    async with cloud.bot() as bot:
        job = await bot.request(PHOTO, key=KEY)
        await all_is_well(cloud, bot, job)
        await bot.kill()
    async with cloud.bot() as bot:
        assert await bot.request(PHOTO, key=KEY) == job  # the page asks again for what it got no answer to
        await all_is_well(cloud, bot, job)


async def test_killed_once_in_every_state_the_same_job_still_ends_once(cloud: Cloud) -> None:
    taken, asked = Reached(), Reached()
    cloud.gate.next("create", taken.after)
    async with cloud.bot() as bot:
        job = await bot.request(PHOTO, key=KEY)
        await taken.wait()
        await bot.kill()
    async with cloud.bot() as bot:
        await bot.when(job, "running")
        await bot.kill()
    cloud.gate.next("result", asked.before)
    cloud.let_go()
    async with cloud.bot() as bot:
        await asked.wait()
        await bot.kill()
    async with cloud.bot() as bot:
        await all_is_well(cloud, bot, job)


async def test_a_second_bot_on_the_same_folder_is_turned_away(cloud: Cloud) -> None:
    async with cloud.bot() as bot:
        with pytest.raises(AssertionError, match="did not start"):
            async with cloud.bot():
                pytest.fail("two would pay twice")
        assert (await bot.visitor.get("/healthz")).status_code == 200


async def test_told_to_stop_it_goes_soon_and_cleanly_whatever_hangs(cloud: Cloud) -> None:
    sent = Reached()
    cloud.gate.next("create", sent.after)
    async with cloud.bot() as bot:
        job = await bot.request(PHOTO, key=KEY)
        await sent.wait()
        bot.process.terminate()
        async with asyncio.timeout(9.5):  # Docker kills after ten
            assert await bot.process.wait() == 0
    cloud.let_go()
    async with cloud.bot() as bot:
        await all_is_well(cloud, bot, job)
