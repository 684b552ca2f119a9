"""Worker processes that die, hang or fail: each costs one picture at most."""

import asyncio
import multiprocessing
import os
import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from stylizer.engines import Engine
from stylizer.errors import INTERNAL_ERROR, TIMED_OUT, Fault
from stylizer.pool import Pool
from stylizer.worker import RenderJob
from stylizer.worker_process import ProcessWorker
from tests.fakes.dashscope.api_calls import open_api
from tests.fakes.dashscope.quick_engine import (
    STYLES,
    broken_warm_up,
    dying_engine,
    hold,
    quick_engine,
    return_pid,
    return_threads,
    stylize,
    warm_up,
)
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.dashscope.workers import wait_until

JOB = RenderJob(portrait_jpeg(), 0, None, {})


async def test_a_worker_that_dies_is_replaced_and_its_picture_retried_once(tmp_path: Path) -> None:
    deaths = tmp_path / "deaths"
    deaths.write_text("one")
    async with open_api(tmp_path / "data", engine=dying_engine(deaths=deaths)) as (service, caller):
        assert (await caller.picture(await caller.task()))[:2] == b"\xff\xd8"
        assert [row.runs for row in await service.tasks()] == [1]


async def test_a_picture_that_kills_two_workers_fails_and_the_next_one_is_rendered(tmp_path: Path) -> None:
    deaths = tmp_path / "deaths"
    deaths.write_text("one\ntwo")
    async with open_api(tmp_path / "data", engine=dying_engine(deaths=deaths)) as (_, caller):
        failed, next_one = await caller.task(), await caller.task()
        output = (await caller.until(failed))["output"]
        assert (await caller.picture(next_one))[:2] == b"\xff\xd8"
    assert (output["task_status"], output["code"]) == ("FAILED", "InternalError")


async def test_a_dying_worker_does_not_affect_the_others(tmp_path: Path) -> None:
    deaths, hold = tmp_path / "deaths", tmp_path / "go"
    deaths.write_text("one\ntwo")
    engine = dying_engine(deaths=deaths, until=hold)
    async with open_api(tmp_path / "data", engine=engine, workers=2, max_running=2) as (service, caller):
        kept = await caller.task(style_index=9)  # waits for the file and never dies
        await caller.until(kept, frozenset({"RUNNING"}))
        assert (await caller.until(await caller.task()))["output"]["code"] == "InternalError"
        hold.touch()
        assert (await caller.picture(kept))[:2] == b"\xff\xd8"
        assert [row.runs for row in await service.tasks()] == [1, 1]


async def test_a_picture_that_takes_too_long_fails_and_its_worker_is_replaced(tmp_path: Path) -> None:
    hold = tmp_path / "go"
    pool = Pool(quick_engine(until=hold, in_processes=True), workers=1, seconds=0.5)
    pool.open()
    assert await pool.render(JOB) == TIMED_OUT
    hold.touch()
    while not isinstance(await pool.render(JOB), bytes):
        pass  # a busy machine may need longer to start the next worker, but then it renders
    await pool.close()


async def test_a_worker_is_one_process_for_many_pictures(tmp_path: Path) -> None:
    pool = Pool(Engine(return_pid, warm_up, STYLES), workers=1, seconds=30)
    pool.open()
    first, second = await pool.render(JOB), await pool.render(JOB)
    await pool.close()
    assert isinstance(first, bytes) and first == second
    assert int(first) != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(int(first), 0)


@pytest.mark.parametrize("threads", [1, 3])
async def test_a_worker_uses_the_configured_number_of_threads(threads: int) -> None:
    pool = Pool(Engine(return_threads, warm_up, STYLES), workers=1, seconds=30, threads=threads)
    pool.open()
    assert await pool.render(JOB) == str(threads).encode()
    await pool.close()


async def test_a_failed_warm_up_is_logged_and_pictures_are_rendered(caplog: pytest.LogCaptureFixture) -> None:
    pool = Pool(Engine(stylize, broken_warm_up, STYLES), workers=1, seconds=30)
    pool.open()
    assert isinstance(await pool.render(JOB), bytes)
    await pool.close()
    assert "warm-up failed" in caplog.text


async def test_closing_does_not_wait_for_pictures_being_rendered(tmp_path: Path) -> None:
    pool = Pool(quick_engine(until=tmp_path / "never", in_processes=True), workers=2, seconds=60)
    pool.open()
    painting = [asyncio.create_task(pool.render(JOB)) for _ in range(2)]
    await asyncio.to_thread(os.sched_yield)
    before = time.monotonic()
    for task in painting:
        task.cancel()
    await asyncio.gather(*painting, return_exceptions=True)
    await pool.close()
    assert time.monotonic() - before < 2


async def test_an_engine_that_always_dies_fails_tasks_and_not_the_service(tmp_path: Path) -> None:
    deaths = tmp_path / "deaths"
    deaths.write_text("\n" * 100)
    pool = Pool(dying_engine(deaths=deaths), workers=1, seconds=30)
    pool.open()
    assert await pool.render(JOB) == INTERNAL_ERROR
    await pool.close()


async def test_closing_does_not_wait_for_a_worker_that_is_still_being_started() -> None:
    starting, release, ended = threading.Event(), threading.Event(), threading.Event()

    class LateWorker:
        def submit(self, _: RenderJob) -> Future[bytes | Fault]:
            raise AssertionError("nobody gets it")

        def end(self) -> None:
            ended.set()

    def start(_: Engine, __: int | None) -> LateWorker:
        starting.set()
        release.wait()
        return LateWorker()

    pool = Pool(replace(quick_engine(), start_worker=start), workers=1, seconds=30)
    pool.open()
    await asyncio.to_thread(starting.wait)
    await pool.close()
    assert not ended.is_set()
    release.set()
    await asyncio.to_thread(ended.wait)


@pytest.mark.parametrize("is_started", [False, True])
async def test_closing_leaves_no_process_though_the_engine_never_warms_up(tmp_path: Path, *, is_started: bool) -> None:
    started = threading.Event()

    def start(engine: Engine, threads: int | None) -> ProcessWorker:
        worker = ProcessWorker(engine, threads)
        started.set()
        return worker

    never = partial(hold, tmp_path / "never", None)
    pool = Pool(Engine(stylize, never, STYLES, start), workers=2, seconds=30)
    pool.open()
    if is_started:
        await asyncio.to_thread(started.wait)
    await pool.close()
    await asyncio.get_running_loop().shutdown_default_executor()  # waits for the thread that starts a worker
    assert multiprocessing.active_children() == []


async def test_workers_that_cannot_be_started_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    def start(_: Engine, __: int | None) -> ProcessWorker:
        raise OSError("no more processes")

    pool = Pool(replace(quick_engine(), start_worker=start), workers=1, seconds=30)
    pool.open()
    await wait_until(lambda: "could not be started" in caplog.text)
    await pool.close()
