"""Tasks across a stop, a crash and a day: nothing is lost before it expires, nothing is kept afterwards."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from stylizer.database import open_database
from stylizer.scheduler import MAX_RUNS
from stylizer.task_repository import TaskRepository
from tests import ROOT
from tests.fakes.dashscope.api_calls import MODEL, Caller, data_url, open_api
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import all_tasks, portrait_jpeg

RUNNING = frozenset({"RUNNING"})
DAY = 24 * 3600


@asynccontextmanager
async def killed_at_the_end(folder: Path, *until: Path) -> AsyncIterator[Caller]:
    """A service as a process, killed with SIGKILL at the end of the block."""
    command = [sys.executable, "-m", "tests.fakes.dashscope.serve", str(folder), *map(str, until)]
    root = ROOT
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=root)
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    try:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            yield Caller(http)
    finally:
        process.kill()
        await process.communicate()  # until its children close the pipe: uvloop can't close before


def children_of(parent: int) -> set[int]:
    """All descendants of this process, whichever thread started them."""
    lists = [path.read_text() for path in Path(f"/proc/{parent}/task").glob("*/children")]
    below = {int(child) for child in " ".join(lists).split()}
    return below.union(*map(children_of, below))


def is_alive(pid: int) -> bool:
    """Running, not a zombie that its parent has not reaped yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_a_stop_keeps_running_and_waiting_tasks_for_the_next_start(tmp_path: Path) -> None:
    hold, data = tmp_path / "go", tmp_path / "data"
    async with open_api(data, engine=quick_engine(until=hold, in_processes=True)) as (_, caller):
        tasks = [await caller.task(data_url(portrait_jpeg(shade=shade))) for shade in (1, 100, 200)]
        await caller.until(tasks[0], RUNNING)
        before = time.monotonic()
    assert time.monotonic() - before < 2
    rows = await all_tasks(data)
    assert [(row.status, row.runs) for row in rows] == [("PENDING", 0)] * 3
    async with open_api(data) as (service, caller):
        pictures = [await caller.picture(task_id) for task_id in tasks]
        rows = await service.tasks()
    assert len(set(pictures)) == 3
    assert [row.task_id for row in sorted(rows, key=lambda row: row.started or 0)] == tasks


async def test_a_killed_service_runs_its_running_task_again_and_leaves_no_worker_behind(tmp_path: Path) -> None:
    hold, data = tmp_path / "go", tmp_path / "data"
    before = children_of(os.getpid())
    async with killed_at_the_end(data, hold) as caller:
        running, waiting = await caller.task(), await caller.task()
        await caller.until(running, RUNNING)
        others = children_of(os.getpid()) - before
    assert len(others) >= 3  # the service, the server that forks its workers, and a worker
    async with killed_at_the_end(data) as caller:
        for task_id in (running, waiting):
            assert (await caller.picture(task_id))[:2] == b"\xff\xd8"
    rows = await all_tasks(data)
    assert [(row.status, row.runs) for row in rows] == [("SUCCEEDED", 2), ("SUCCEEDED", 1)]
    while any(map(is_alive, others)):
        await asyncio.to_thread(os.sched_yield)  # the test's time limit ends the wait otherwise


async def test_a_task_that_keeps_crashing_the_service_is_failed(tmp_path: Path) -> None:
    hold, data = tmp_path / "go", tmp_path / "data"
    async with open_api(data, engine=quick_engine(until=hold), max_running=0) as (_, caller):
        task_id = await caller.task()
    async with open_database(data / "stylizer.db") as database:
        tasks = TaskRepository(database, life=DAY)
        await tasks.set_max_running(1)
        for _ in range(MAX_RUNS):
            assert await tasks.claim()
            await tasks.requeue_running()  # as a start after a crash does
    async with open_api(data) as (_, caller):
        output = (await caller.until(task_id))["output"]
    assert (output["task_status"], output["code"]) == ("FAILED", "InternalError")


@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT])
async def test_the_command_closes_everything_on_a_signal(tmp_path: Path, word: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = (
        "import asyncio, pathlib, sys; from stylizer import server, settings;"
        "where = settings.StylizerSettings(pathlib.Path(sys.argv[1]));"
        "asyncio.run(server.serve(where, '127.0.0.1', int(sys.argv[2])))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(tmp_path), str(port))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        while not await answers(http):
            await asyncio.to_thread(os.sched_yield)
    before = time.monotonic()
    process.send_signal(word)
    assert await process.wait() == 0
    assert time.monotonic() - before < 5


async def answers(http: httpx.AsyncClient) -> bool:
    """Whether the port accepts connections."""
    try:
        return (await http.get("/")).status_code == 404
    except httpx.ConnectError:
        return False


async def test_links_and_policies_survive_a_restart(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (service, caller):
        body = await caller.until(await caller.task())
        path = body["output"]["results"][0]["url"].removeprefix(service.url)
    async with open_api(tmp_path) as (_, caller):
        assert (await caller.http.get(path)).status_code == 200


async def test_the_free_quota_survives_a_restart_and_the_tasks_themselves(tmp_path: Path) -> None:
    now = 1_800_000_000.0
    async with open_api(tmp_path, clock=lambda: now, free_images=1) as (_, caller):
        await caller.until(await caller.task())
    async with open_api(tmp_path, clock=lambda: now + 2 * DAY, free_images=1) as (service, caller):
        assert await service.tasks() == []
        assert (await caller.submit()).json()["code"] == "AllocationQuota.FreeTierOnly"


async def test_after_a_day_a_task_is_unknown_and_its_link_expired(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    async with open_api(tmp_path, clock=lambda: now[0]) as (_, caller):
        task_id = await caller.task()
        url = (await caller.until(task_id))["output"]["results"][0]["url"]
        now[0] += DAY - 1
        assert (await caller.state(task_id))["output"]["task_status"] == "SUCCEEDED"
        assert (await caller.http.get(url)).status_code == 200
        assert (await caller.get("/tasks", start_time="20270115160000")).json()["total"] == 1
        now[0] += 1
        assert (await caller.state(task_id))["output"] == {"task_id": task_id, "task_status": "UNKNOWN"}
        assert (await caller.http.get(url)).status_code == 403
        assert (await caller.get("/tasks", start_time="20270115160000")).json()["total"] == 0


async def test_a_task_that_waited_a_day_is_not_rendered(tmp_path: Path) -> None:
    hold, data, now = tmp_path / "go", tmp_path / "data", [1_800_000_000.0]
    async with open_api(data, engine=quick_engine(until=hold), clock=lambda: now[0]) as (_, caller):
        running = await caller.task()
        await caller.until(running, RUNNING)
        waiting = await caller.task()
        now[0] += DAY
        hold.touch()
        fresh = await caller.task()
        await caller.until(fresh)
        assert (await caller.cancel(waiting)).status_code == 400
        rows = {row.task_id: row.status for row in await all_tasks(data)}
    assert rows == {running: "SUCCEEDED", waiting: "PENDING", fresh: "SUCCEEDED"}


async def test_expired_files_are_deleted(tmp_path: Path) -> None:
    now = time.time()
    async with open_api(tmp_path, clock=lambda: now) as (_, caller):
        await caller.until(await caller.task())
        form = (await caller.get("/uploads", action="getPolicy", model=MODEL)).json()["data"]
        fields = {"OSSAccessKeyId": form["oss_access_key_id"], "Signature": form["signature"], "policy": form["policy"]}
        fields |= {"key": f"{form['upload_dir']}/a", "x-oss-object-acl": "private", "x-oss-forbid-overwrite": "true"}
        await caller.http.post(form["upload_host"], data=fields, files={"file": b"photo"})
        orphan = tmp_path / "shelf" / "inputs" / "orphan"  # as left by a crash between writing file and row
        orphan.write_bytes(b"photo")
    async with open_api(tmp_path, clock=lambda: now + DAY - 60):
        assert {path.parent.name for path in files(tmp_path)} == {"inputs", "results", "uploads"}
    async with open_api(tmp_path, clock=lambda: now + DAY + 60):
        assert {path.parent.name for path in files(tmp_path)} == {"uploads"}
    async with open_api(tmp_path, clock=lambda: now + 2 * DAY + 60):
        assert files(tmp_path) == []
    assert await all_tasks(tmp_path) == []


def files(data: Path) -> list[Path]:
    return [path for path in (data / "shelf").rglob("*") if path.is_file()]


async def test_a_photo_is_deleted_as_soon_as_its_task_has_ended(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (service, caller):
        reference = data_url(portrait_jpeg())
        for fields in ({"style_index": 0}, {"style_index": -1, "style_ref_url": reference}):
            await caller.until(await caller.task(**fields))
        await caller.until(await caller.task(data_url(b"no picture")))
        await caller.until(await caller.task())  # tasks run one by one: the one before is completely finished
        assert len([path for path in files(tmp_path) if path.parent.name == "inputs"]) <= 1
        rows = await service.tasks()
    assert {(row.photo, row.reference) for row in rows} == {(None, None)}
