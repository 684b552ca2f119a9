"""The client against our own service, on a port and in the same process: both behave the same."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.dashscope.client import DashScope
from bot.dashscope.errors import Decision, NotAccepted, ResultGone
from bot.dashscope.wire import Task, TaskRequest, TaskStatus
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import StandIn, portrait_jpeg, stand_in

PHOTO = portrait_jpeg()
INLINE = "data:image/jpeg;base64," + b64encode(PHOTO).decode()
ROOMY: dict[str, Any] = {"submits_per_second": 1000, "queries_per_second": 10_000}


@dataclass(frozen=True)
class Pair:
    """A client and the service it talks to."""

    client: DashScope
    service: StandIn

    async def until(self, task_id: str, *wanted: TaskStatus) -> Task:
        async with asyncio.timeout(20):
            while (task := await self.client.query_task(task_id)).status not in wanted:
                pass
        return task


@asynccontextmanager
async def pair(folder: Path, *, in_process: bool = False, key: str = "sk-test", **settings: Any) -> AsyncIterator[Pair]:
    engine = quick_engine(until=folder / "go")
    async with stand_in(folder / "data", engine=engine, **(ROOMY | settings)) as service:
        transport = httpx.ASGITransport(service.app, raise_app_exceptions=False) if in_process else None
        async with httpx.AsyncClient(transport=transport, trust_env=False) as http:
            yield Pair(DashScope(http, base_url=service.base_url, api_key=SecretStr(key)), service)


@pytest.mark.parametrize("in_process", [False, True])
async def test_a_task_runs_from_the_photo_to_the_picture(tmp_path: Path, in_process: bool) -> None:
    (tmp_path / "go").touch()
    async with pair(tmp_path, in_process=in_process) as both:
        created = await both.client.create_task(TaskRequest(INLINE, 0))
        task = await both.until(created.task_id, TaskStatus.SUCCEEDED)
        assert task.result_url
        picture = await both.client.fetch_result(task.result_url)
        page = await both.client.list_tasks()
    assert b"look=0 reference=False" in picture
    assert (task.image_count, task.failure) == (1, None)
    assert task.submit_time and task.scheduled_time and task.start_time and task.end_time
    assert task.submit_time <= task.scheduled_time <= task.end_time
    assert task.start_time == int(task.start_time) <= task.end_time  # this one has no milliseconds
    [listed] = page.tasks
    assert (listed.task_id, listed.status, listed.request_id) == (created.task_id, task.status, created.request_id)
    assert abs(listed.created - task.submit_time) < 0.01
    assert page.server_time
    assert 0 <= page.server_time + 1 - listed.created < 60


async def test_an_uploaded_photo_and_reference_are_read_by_their_temporary_links(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    async with pair(tmp_path) as both:
        photo = await both.client.upload("photo.jpg", PHOTO)
        reference = await both.client.upload("style.jpg", portrait_jpeg(shade=9))
        created = await both.client.create_task(TaskRequest(photo, -1, reference, {"strength": 0.25}))
        task = await both.until(created.task_id, TaskStatus.SUCCEEDED, TaskStatus.FAILED)
        assert task.result_url
        picture = await both.client.fetch_result(task.result_url)
    assert b"look=-1 reference=True strength=0.25" in picture


async def test_only_a_waiting_task_can_be_cancelled(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        first = await both.client.create_task(TaskRequest(INLINE, 2))
        await both.until(first.task_id, TaskStatus.RUNNING)
        second = await both.client.create_task(TaskRequest(INLINE, 2))
        assert await both.client.cancel_task(first.task_id) is False
        assert await both.client.cancel_task(second.task_id) is True
        assert (await both.client.query_task(second.task_id)).status is TaskStatus.CANCELED
        waiting = await both.client.list_tasks(status=TaskStatus.CANCELED, page_size=1)
        assert (waiting.total, waiting.pages, [task.task_id for task in waiting.tasks]) == (1, 1, [second.task_id])
        (tmp_path / "go").touch()


async def test_the_list_is_cut_at_the_times_we_ask_for(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        created = await both.client.create_task(TaskRequest(INLINE, 2))
        moment = (await both.client.query_task(created.task_id)).submit_time
        assert moment
        (tmp_path / "go").touch()
        for start, end, found in [(moment - 2, moment + 2, 1), (moment - 90, moment - 60, 0), (moment, moment, 1)]:
            page = await both.client.list_tasks(start=start, end=end)
            assert len(page.tasks) == found, (start, end)


@pytest.mark.parametrize(
    ("task_request", "settings", "code", "decision"),
    [
        (TaskRequest(INLINE, 11), {}, "InvalidParameter", Decision.OUR_BUG),
        (TaskRequest(INLINE, 2), {"keys": frozenset({"sk-other"})}, "InvalidApiKey", Decision.PAUSE_ACCOUNT),
        (TaskRequest(INLINE, 2), {"free_images": 0}, "AllocationQuota.FreeTierOnly", Decision.PAUSE_ACCOUNT),
        (TaskRequest(INLINE, 2), {"submits_per_second": 0}, "Throttling.RateQuota", Decision.RETRY_LATER),
    ],
)
async def test_a_refusal_has_its_decision(
    tmp_path: Path, task_request: TaskRequest, settings: dict[str, Any], code: str, decision: Decision
) -> None:
    async with pair(tmp_path, **settings) as both:
        with pytest.raises(NotAccepted) as caught:
            await both.client.create_task(task_request)
    assert (caught.value.code, caught.value.decision) == (code, decision)
    assert caught.value.request_id


@pytest.mark.parametrize(
    ("photo", "decision"),
    [
        (portrait_jpeg(100, 100), Decision.BAD_PHOTO),
        (b"no picture", Decision.BAD_PHOTO),
    ],
)
async def test_a_photo_that_is_refused_is_a_bad_photo(tmp_path: Path, photo: bytes, decision: Decision) -> None:
    async with pair(tmp_path) as both:
        link = "data:image/jpeg;base64," + b64encode(photo).decode()
        try:
            created = await both.client.create_task(TaskRequest(link, 2))
        except NotAccepted as refused:
            assert refused.decision is decision
        else:
            failure = (await both.until(created.task_id, TaskStatus.FAILED)).failure
            assert failure
            assert failure.decision is decision


async def test_a_task_that_does_not_exist_is_unknown_and_its_picture_gone(tmp_path: Path) -> None:
    async with pair(tmp_path) as both:
        assert (await both.client.query_task("1111")).status is TaskStatus.UNKNOWN
        with pytest.raises(ResultGone):
            await both.client.fetch_result(both.service.url + "/results/1111_style2.jpg?Expires=1&Signature=x")
