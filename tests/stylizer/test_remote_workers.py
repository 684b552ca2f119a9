"""Several services and workers on one table: every task ends once, whichever process is killed, frozen or stopped."""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from stylizer.engines import SHEET
from stylizer.remote_workers import remote_workers
from stylizer.resources import Resources, open_components
from stylizer.settings import StylizerSettings
from tests.fakes.dashscope.api_calls import MODEL, data_url
from tests.fakes.dashscope.quick_engine import STYLES, quick_engine
from tests.fakes.dashscope.service import most_running, portrait_jpeg
from tests.fakes.dashscope.workers import (
    LONG,
    RUNNING,
    api_only,
    files,
    images,
    rows,
    rows_of,
    wait_until,
    worker_process,
)


async def test_two_workers_share_the_work_and_each_task_is_rendered_once(tmp_path: Path, postgres_url: str) -> None:
    go = tmp_path / "go"
    async with (
        api_only(tmp_path, postgres_url, max_running=10) as caller,
        remote_workers(StylizerSettings(tmp_path, postgres_url, lease=LONG), engine=quick_engine(until=go)),
        remote_workers(StylizerSettings(tmp_path, postgres_url, lease=LONG), engine=quick_engine(until=go)),
    ):
        tasks = [await caller.task(data_url(portrait_jpeg(shade=shade))) for shade in range(0, 240, 40)]
        for task_id in tasks[:2]:
            await caller.until(task_id, RUNNING)  # each worker has one task and takes no more
        assert [row.status for row in await rows(postgres_url)] == ["RUNNING"] * 2 + ["PENDING"] * 4
        go.touch()
        pictures = [await caller.picture(task_id) for task_id in tasks]
    assert len(set(pictures)) == 6
    assert [(row.runs, row.attempt) for row in await rows(postgres_url)] == [(1, 1)] * 6
    assert await images(postgres_url) == 6
    await wait_until(lambda: files(tmp_path, "inputs") == [])


async def test_a_key_has_one_running_task_over_all_workers_and_services(tmp_path: Path, postgres_url: str) -> None:
    settings = StylizerSettings(tmp_path, postgres_url, lease=LONG)
    async with (
        api_only(tmp_path, postgres_url) as one,
        api_only(tmp_path, postgres_url) as two,
        remote_workers(settings, engine=quick_engine()),
        remote_workers(settings, engine=quick_engine()),
        remote_workers(settings, engine=quick_engine()),
    ):
        other = replace(two, key="sk-two")
        tasks = [(caller, await caller.task()) for _ in range(6) for caller in (one, two, other)]
        for caller, task_id in tasks:
            assert (await caller.picture(task_id))[:2] == b"\xff\xd8"
    found = await rows(postgres_url)
    assert len(found) == 18
    assert most_running(found) == 1


async def test_a_killed_workers_task_is_taken_over_and_counts_once(tmp_path: Path, postgres_url: str) -> None:
    async with (
        api_only(tmp_path, postgres_url) as caller,
        worker_process(tmp_path, postgres_url, until=tmp_path / "never") as doomed,
    ):
        task_id = await caller.task()
        await caller.until(task_id, RUNNING)
        async with worker_process(tmp_path, postgres_url):
            killed = time.time()
            doomed.kill()
            assert (await caller.picture(task_id))[:2] == b"\xff\xd8"
    (row,) = await rows(postgres_url)
    assert (row.status, row.runs, row.attempt) == ("SUCCEEDED", 2, 2)
    assert row.started is not None and row.started / 1000 - killed < 10
    assert await images(postgres_url) == 1


async def test_a_worker_that_was_frozen_changes_nothing_when_it_resumes(tmp_path: Path, postgres_url: str) -> None:
    thaw = tmp_path / "thaw"
    async with (
        api_only(tmp_path, postgres_url) as caller,
        worker_process(tmp_path, postgres_url, until=thaw) as frozen,
    ):
        task_id = await caller.task()
        await caller.until(task_id, RUNNING)
        frozen.send_signal(signal.SIGSTOP)
        async with worker_process(tmp_path, postgres_url):
            await caller.picture(task_id)
        (ended,) = await rows(postgres_url)
        thaw.touch()
        frozen.send_signal(signal.SIGCONT)
        following = await caller.task()  # which it takes only after the first
        await caller.picture(following)
    first, second = await rows(postgres_url)
    assert first == ended
    assert second.attempt == 1
    assert await images(postgres_url) == 2
    assert files(tmp_path, "results") == sorted([f"{task_id}_style0_2.jpg", f"{following}_style0_1.jpg"])


async def test_a_worker_that_stops_releases_its_task_at_once(tmp_path: Path, postgres_url: str) -> None:
    async with api_only(tmp_path, postgres_url) as caller:
        async with worker_process(tmp_path, postgres_url, lease=LONG, until=tmp_path / "never") as leaving:
            task_id = await caller.task()
            await caller.until(task_id, RUNNING)
            leaving.send_signal(signal.SIGTERM)
            assert await leaving.wait() == 0
        async with worker_process(tmp_path, postgres_url, lease=LONG):
            await caller.picture(task_id)
    assert [(row.runs, row.attempt) for row in await rows(postgres_url)] == [(1, 2)]


async def test_a_worker_leaves_no_task_running_whenever_it_stops(tmp_path: Path, postgres_url: str) -> None:
    rng = random.Random(7)
    settings = StylizerSettings(tmp_path, postgres_url, lease=LONG)
    async with (
        api_only(tmp_path, postgres_url, max_running=10) as caller,
        open_components(settings, Resources(quick_engine(until=tmp_path / "never"))) as (parts, _),
    ):
        await caller.task()
        attempts = 0
        while attempts < 10:
            painting = asyncio.create_task(parts.scheduler.run())
            await asyncio.wait([painting], timeout=rng.random() / 10)
            painting.cancel()
            await asyncio.wait([painting])
            (row,) = await rows_of(parts.database)
            assert (row.status, row.runs) == ("PENDING", 0)
            attempts = row.attempt


async def test_a_service_queries_cancels_and_resolves_what_another_accepted(tmp_path: Path, postgres_url: str) -> None:
    async with (
        api_only(tmp_path, postgres_url) as one,
        api_only(tmp_path, postgres_url) as two,
    ):
        form = (await one.get("/uploads", action="getPolicy", model=MODEL)).json()["data"]
        fields = {"OSSAccessKeyId": form["oss_access_key_id"], "Signature": form["signature"], "policy": form["policy"]}
        fields |= {"key": f"{form['upload_dir']}/a", "x-oss-object-acl": "private", "x-oss-forbid-overwrite": "true"}
        sent = await two.http.post("/oss", data=fields, files={"file": portrait_jpeg()})
        assert sent.status_code == 204
        first, second = await one.task(f"oss://{form['upload_dir']}/a"), await one.task()
        assert (await two.cancel(second)).status_code == 200
        assert (await one.state(second))["output"]["task_status"] == "CANCELED"
        async with remote_workers(StylizerSettings(tmp_path, postgres_url), engine=quick_engine()):
            link = httpx.URL((await two.until(first))["output"]["results"][0]["url"])
        for caller in (one, two):
            assert (await caller.http.get(link.raw_path.decode())).content[:2] == b"\xff\xd8"
        assert (await two.get("/tasks")).json()["total"] == 2


async def test_a_restarted_service_does_not_disturb_workers(tmp_path: Path, postgres_url: str) -> None:
    go = tmp_path / "go"
    async with (
        worker_without_service(tmp_path, postgres_url, go) as task_id,
        api_only(tmp_path, postgres_url) as caller,
    ):
        assert (await caller.state(task_id))["output"]["task_status"] == "RUNNING"
        go.touch()
        await caller.picture(task_id)
    assert [(row.runs, row.attempt) for row in await rows(postgres_url)] == [(1, 1)]


@asynccontextmanager
async def worker_without_service(data: Path, url: str, go: Path) -> AsyncIterator[str]:
    """A remote worker in the middle of a task whose service has ended."""
    async with api_only(data, url) as caller:
        task_id = await caller.task()
        painting = remote_workers(StylizerSettings(data, url, lease=LONG), engine=quick_engine(until=go))
        await painting.__aenter__()
        await caller.until(task_id, RUNNING)
    try:
        yield task_id
    finally:
        await painting.__aexit__(None, None, None)


async def test_a_remote_worker_renders_the_page_of_all_looks(tmp_path: Path, postgres_url: str) -> None:
    engine = replace(quick_engine(), styles=STYLES | {SHEET})
    async with (
        api_only(tmp_path, postgres_url, engine=engine) as caller,
        remote_workers(StylizerSettings(tmp_path, postgres_url), engine=engine),
    ):
        assert b"look=-2" in await caller.picture(await caller.task(style_index=SHEET))
