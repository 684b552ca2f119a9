"""The service as a whole: in-process use, broken disks, photos by URL."""

from pathlib import Path

import httpx
import pytest

from common.lock_file import FolderInUse
from tests.fakes.dashscope.api_calls import Caller, open_api, refused
from tests.fakes.dashscope.service import stand_in

RUNNING = frozenset({"RUNNING"})
URL_INVALID = (400, "InvalidURL", "The request URL is invalid, make sure the url is correct and is an image")


async def test_a_photo_behind_a_url_is_fetched_when_its_task_runs(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (service, caller):
        first = await caller.task()
        await caller.until(first)
        link = (await caller.state(first))["output"]["results"][0]["url"]  # 96 pixels wide: too small
        small = await caller.until(await caller.task(link))
        dead = await caller.until(await caller.task(f"{service.url}/results/nothing"))
    assert small["output"]["code"] == "InvalidImageResolution"
    assert (dead["output"]["code"], dead["output"]["message"]) == URL_INVALID[1:]


async def test_private_addresses_are_not_fetched_unless_allowed(tmp_path: Path) -> None:
    async with open_api(tmp_path, allow_private_addresses=False) as (service, caller):
        body = await caller.until(await caller.task(f"{service.url}/results/secret"))
        assert not [call for call in service.calls if "/results/" in call.path]
    assert (body["output"]["code"], body["output"]["message"]) == URL_INVALID[1:]


async def test_a_broken_disk_is_an_internal_error_and_not_the_end_of_the_service(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        await caller.until(await caller.task())
        shelf = tmp_path / "shelf"
        for folder in (shelf / "inputs", shelf / "results"):
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
            folder.touch()  # a file instead of a folder: nothing can be written in it
        broken = await caller.submit()
        (shelf / "inputs").unlink()
        unfinished = await caller.until(await caller.task())
        (shelf / "results").unlink()
        assert await caller.picture(await caller.task())
    assert refused(broken)[:2] == (500, "InternalError")
    assert unfinished["output"]["code"] == "InternalError"


async def test_the_bare_application_serves_within_the_process(tmp_path: Path) -> None:
    async with stand_in(tmp_path, queries_per_second=10**6) as service:
        transport = httpx.ASGITransport(service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://stand-in") as http:
            caller = Caller(http)
            assert (await caller.picture(await caller.task()))[:2] == b"\xff\xd8"
            assert (await caller.get("/tasks")).headers["Date"].endswith("GMT")


async def test_one_folder_has_one_service(tmp_path: Path) -> None:
    async with stand_in(tmp_path):
        with pytest.raises(FolderInUse, match="Another stylizer is at work"):
            async with stand_in(tmp_path):
                pass
