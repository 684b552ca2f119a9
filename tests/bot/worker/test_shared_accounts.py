"""Several keys, and other programs, at one account of the API: nobody gets another's picture, limits are shared, and a
new key goes on with what the old one has started."""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.domain.job_view import State
from bot.runtime.clock import WallClock
from bot.worker.former_accounts import find_former_accounts, run_former_account
from storage import accounts
from storage.accounts import PAUSED_BY_OWNER, Account
from storage.jobs import Job
from tests.conftest import ON_BOTH
from tests.fakes.dashscope.proxy import Behaviour, Forward, lost_after, passes, refused
from tests.fakes.dashscope.scripted_api import ScriptedApi, scripted_api
from tests.fakes.dashscope.scripted_cases import Case, Expect, Rule, load_cases
from tests.fakes.dashscope.scripted_tasks import colour_of
from tests.fakes.http_server import Reply
from tests.harness.worker import QUICK, Workers, open_workers

pytestmark = ON_BOTH

ONE, TWO = "sk-aaaaaaaaaaaaaaaaaaaaaaaa", "sk-bbbbbbbbbbbbbbbbbbbbbbbb"
AS_DOCUMENTED: dict[str, Any] = {"submits_per_second": 2.0, "queries_per_second": 18.0, "first_durations": QUICK}
STYLES = (0, 3, 5, 7)


def case(*rules: Rule, **more: Any) -> Case:
    return Case(right="", rules=rules, expect=Expect(end=("stored",)), **more)


LOST_BESIDE_A_STRANGER = Rule.model_validate({"on": "submit", "first": 1, "make": True, "drop": True, "strangers": [1]})


@asynccontextmanager
async def playing(tmp_path: Path, played: str | Case, *keys: str) -> AsyncIterator[tuple[ScriptedApi, Workers]]:
    """The scripted API and workers with these keys, by one clock that runs twenty times as fast."""
    clock = WallClock(speed=20)
    async with (
        scripted_api(played, now=clock.now) as api,
        open_workers(tmp_path, api, keys=keys or (ONE,), clock=clock, **AS_DOCUMENTED) as workers,
    ):
        yield api, workers


async def request_each(workers: Workers, number: int) -> list[Job]:
    """One request each of so many people, in styles of their own."""
    return [await workers.request(f"person {style}", style=style) for style in STYLES[:number]]


async def ended_well(workers: Workers, jobs: Sequence[Job]) -> None:
    """Wait for the end of the jobs: each has its own picture."""
    for job in jobs:
        done = await workers.ended(job)
        assert (done.state, done.error) == (State.STORED, None)
        ((key,),) = await workers.rows("SELECT key FROM result WHERE job_id = :id", id=job.id)
        picture = await workers.deps.photos.get(key)
        with Image.open(io.BytesIO(picture or b"")) as image:
            assert image.convert("RGB").getpixel((9, 9)) == pytest.approx(colour_of(job.style), abs=6)


async def rows_by_id(workers: Workers) -> dict[str, Account]:
    async with workers.database.read() as connection:
        return {row.id: row for row in await accounts.list_all(connection)}


async def test_a_strangers_task_is_not_adopted_before_our_keys_id_is_known(tmp_path: Path) -> None:
    async with playing(tmp_path, "l_strangers") as (api, workers):
        jobs = await request_each(workers, 1)
        async with workers.running():
            await ended_well(workers, jobs)
        assert (api.submits, len(api.paid(STYLES[0]))) == (2, 1)
        assert [outcome for _, _, outcome in await workers.attempts(jobs[0])] == ["ambiguous", "succeeded"]
        assert (await rows_by_id(workers))[ONE].key_id == "1001"  # learned from the task whose answer came


async def test_of_two_tasks_in_the_window_the_one_of_our_key_is_adopted(tmp_path: Path) -> None:
    async with playing(tmp_path, case(LOST_BESIDE_A_STRANGER)) as (api, workers):
        (before,) = await request_each(workers, 1)
        api.mend()
        async with workers.running():
            await ended_well(workers, [before])
            while (await rows_by_id(workers))[ONE].key_id is None:
                await workers.deps.clock.sleep(0.5)
    async with playing(tmp_path / "again", case(LOST_BESIDE_A_STRANGER)) as (api, workers):
        job = await workers.request("ben", style=7)
        async with workers.database.write() as connection:  # as the earlier run has left it
            await accounts.take_over(connection, ONE, mean=1.0, deviation=1.0)
            await accounts.set_identity(connection, ONE, key_id="1001", main_id="1")
        async with workers.running():
            await ended_well(workers, [job])
        assert (api.submits, len(api.paid(7)), len(api.strangers)) == (1, 1, 1)


async def test_without_an_answered_list_nothing_is_sent_again(tmp_path: Path) -> None:
    async with playing(tmp_path, "ok") as (api, workers):
        jobs = await request_each(workers, 2)
        workers.gate.next("create", lost_after)
        workers.gate.always("list", refused(403, "AccessDenied"))
        async with workers.running():
            await workers.until(jobs[0], lambda now: now.attempts == 1 and workers.gate.count("list") > 2)
            await workers.deps.clock.sleep(30.0)
            assert api.submits == 1
            workers.gate.always("list", None)
            async with workers.database.write() as connection:
                await accounts.reset(connection, ONE)
            await ended_well(workers, jobs)
        assert len(api.paid(STYLES[0])) <= 2


async def test_two_keys_of_one_account_never_swap_their_pictures(tmp_path: Path) -> None:
    async with playing(tmp_path, "l_twokeys", ONE, TWO) as (api, workers):
        jobs = await request_each(workers, 2)
        async with workers.running():
            await ended_well(workers, jobs)
        assert api.submits <= (load_cases()["l_twokeys"].expect.submits or 0)
        assert all(len(api.paid(job.style or 0)) == 1 for job in jobs)


async def test_two_keys_of_one_account_become_one_with_one_set_of_limits(tmp_path: Path) -> None:
    async with playing(tmp_path, "l_sameaccount", ONE, TWO) as (api, workers):
        jobs = await request_each(workers, 4)
        async with workers.running():
            await ended_well(workers, jobs)
        rows = await rows_by_id(workers)
        assert (rows[ONE].main_id, rows[TWO].main_id) == ("1", "1")
        assert api.submits <= 4 + 2  # at most the first two met
        api.log.clear()
        jobs = [await workers.request(f"again {style}", style=style) for style in STYLES]
        async with workers.running():  # after a restart it is known at once
            await ended_well(workers, jobs)
        assert [call.key for call in api.calls("submit")] == [ONE] * 4


async def test_keys_of_two_accounts_work_side_by_side(tmp_path: Path) -> None:
    async with playing(tmp_path, case(run_seconds=20.0, accounts="each"), ONE, TWO) as (_, workers):
        jobs = await request_each(workers, 2)
        async with workers.running():
            for job in jobs:
                await workers.until(job, lambda now: now.state == State.RUNNING)
            await ended_well(workers, jobs)
        rows = await rows_by_id(workers)
        assert rows[ONE].main_id != rows[TWO].main_id


def only_with(key: str, kind: str) -> tuple[str, Behaviour]:
    async def behaviour(forward: Forward) -> Reply:
        if forward.request.headers["authorization"] == f"Bearer {key}":
            return await passes(forward)
        return await refused(401, "InvalidApiKey")(forward)

    return kind, behaviour


async def test_the_key_that_is_let_in_goes_on_with_all_jobs_of_its_account(tmp_path: Path) -> None:
    async with playing(tmp_path, case(run_seconds=20.0), ONE, TWO) as (api, workers):
        async with workers.database.write() as connection:
            for key, key_id in ((ONE, "1001"), (TWO, "1002")):
                await accounts.take_over(connection, key, mean=1.0, deviation=1.0)
                await accounts.set_identity(connection, key, key_id=key_id, main_id="1")
        jobs = await request_each(workers, 2)
        async with workers.running():
            running = await workers.until(jobs[0], lambda now: now.state == State.RUNNING)
            assert running.account_id == ONE
            for kind in ("create", "query", "list"):
                workers.gate.always(*only_with(TWO, kind))  # the first key is revoked while its task runs
            async with workers.database.write() as connection:
                await accounts.set_pause(connection, ONE, "InvalidApiKey")
            await ended_well(workers, jobs)
        assert [(call.key, call.style) for call in api.calls("submit")] == [(ONE, STYLES[0]), (TWO, STYLES[1])]


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
async def test_a_new_key_finishes_what_the_old_one_has_started(tmp_path: Path, known: bool) -> None:
    async with scripted_api(case(run_seconds=20.0), now=(clock := WallClock(speed=20)).now) as api:
        async with open_workers(tmp_path, api, keys=(ONE,), clock=clock, **AS_DOCUMENTED) as workers:
            (job,) = await request_each(workers, 1)
            async with workers.running():
                await workers.until(job, lambda now: now.state == State.RUNNING)
                while known and (await rows_by_id(workers))[ONE].main_id is None:
                    await clock.sleep(0.5)
            if not known:
                async with workers.database.write() as connection:
                    await accounts.set_identity(connection, ONE, key_id=None, main_id=None)
        async with open_workers(tmp_path, api, keys=(TWO,), clock=clock, **AS_DOCUMENTED) as workers:
            (former,) = await find_former_accounts(workers.database, workers.api_accounts, clock.now())
            stop = asyncio.Event()
            finishing = asyncio.create_task(run_former_account(former, workers.deps, stop))
            async with workers.running():
                await ended_well(workers, [job])
                rows = await rows_by_id(workers)
                assert rows[ONE].main_id == rows[TWO].main_id == "1"
            stop.set()
            await finishing
        assert (api.submits, len(api.paid(STYLES[0]))) == (1, 1)


async def test_jobs_of_another_accounts_old_key_end_as_lost(tmp_path: Path) -> None:
    async with scripted_api(case(run_seconds=20.0, accounts="each"), now=(clock := WallClock(speed=20)).now) as api:
        async with open_workers(tmp_path, api, keys=(ONE,), clock=clock, **AS_DOCUMENTED) as workers:
            (job,) = await request_each(workers, 1)
            async with workers.running():
                await workers.until(job, lambda now: now.state == State.RUNNING)
        async with open_workers(tmp_path, api, keys=(TWO,), clock=clock, **AS_DOCUMENTED) as workers:
            (former,) = await find_former_accounts(workers.database, workers.api_accounts, clock.now())
            stop = asyncio.Event()
            finishing = asyncio.create_task(run_former_account(former, workers.deps, stop))
            async with workers.running():
                assert (await workers.ended(job)).state == State.FAILED
            stop.set()
            await finishing
        assert api.submits == 1


async def test_a_new_key_begins_paused_while_the_owner_has_paused_and_not_for_the_old_keys_sake(tmp_path: Path) -> None:
    async with playing(tmp_path, "ok") as (_, workers), workers.database.write() as connection:
        await accounts.take_over(connection, ONE, mean=1.0, deviation=1.0)
        await accounts.set_pause(connection, ONE, "InvalidApiKey")
        second = await accounts.take_over(connection, TWO, mean=1.0, deviation=1.0)
        await accounts.pause_all(connection, PAUSED_BY_OWNER)
        await accounts.set_pause(connection, ONE, "InvalidApiKey")  # of a job that was still under way
        third = await accounts.take_over(connection, "sk-three", mean=1.0, deviation=1.0)
        first = await accounts.get(connection, ONE)
    assert second.paused_reason is None
    assert third.paused_reason == first.paused_reason == PAUSED_BY_OWNER
