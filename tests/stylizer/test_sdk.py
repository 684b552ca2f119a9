"""The official client, unmodified, against the service on a real port."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import dashscope
import pytest
from dashscope.client.base_api import BaseAsyncApi
from dashscope.common.error import UploadFileException
from dashscope.utils.oss_utils import check_and_upload_local

from tests.fakes.dashscope.api_calls import MODEL, data_url
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import StandIn, portrait_jpeg, stand_in

KEY = "sk-official"
RESOLVE = {"X-DashScope-OssResourceResolve": "enable"}


@pytest.fixture
async def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    """The service with its true limits and one key; the client is pointed at it as docs/owners.md says."""
    async with stand_in(tmp_path / "data", keys=frozenset({KEY})) as running:
        monkeypatch.setattr(dashscope, "base_http_api_url", running.base_url)
        yield running


async def rendered(*, call: Callable[..., Any] = BaseAsyncApi.call, key: str = KEY, **fields: Any) -> Any:
    """Submit with the client's own call, which also waits for the result."""
    extras = {"headers": RESOLVE} | ({"wait_timeout": 60} if call == BaseAsyncApi.call else {})
    place = {"task_group": "aigc", "task": "image-generation", "function": "generation"}
    return await asyncio.to_thread(call, model=MODEL, input=fields, api_key=key, **place, **extras)


async def uploaded(picture: Path) -> str:
    """A local file, sent by the client's own upload."""
    done, link, _ = await asyncio.to_thread(check_and_upload_local, MODEL, str(picture), KEY)
    assert done
    return str(link)


async def test_it_renders_a_preset(service: StandIn) -> None:
    answer = await rendered(image_url=data_url(portrait_jpeg()), style_index=0)
    assert answer.status_code == 200 and answer.output["task_status"] == "SUCCEEDED"
    assert answer.output["results"][0]["url"].startswith(service.url)
    assert answer.usage["image_count"] == 1 and answer.output["style_index"] == 0


async def test_it_uploads_local_files_and_uses_one_as_the_reference(service: StandIn, tmp_path: Path) -> None:
    photo, reference = tmp_path / "photo.jpg", tmp_path / "my reference.jpg"
    photo.write_bytes(portrait_jpeg())
    reference.write_bytes(portrait_jpeg(shade=7))
    links = [await uploaded(photo), await uploaded(reference)]
    assert all(link.startswith("oss://dashscope-instant/") for link in links)
    answer = await rendered(image_url=links[0], style_ref_url=links[1], style_index=-1)
    assert answer.output["task_status"] == "SUCCEEDED"
    assert [(row.photo, row.style_index) for row in await service.tasks()] == [(None, -1)]


async def test_it_is_told_of_an_unusable_picture(service: StandIn) -> None:
    answer = await rendered(image_url=data_url(portrait_jpeg(100, 100)), style_index=0)
    assert answer.output["task_status"] == "FAILED"
    assert answer.output["code"] == "InvalidImageResolution"
    assert answer.output["message"] == "The input image resolution is too large or small"


async def test_it_is_told_of_every_refusal(service: StandIn, tmp_path: Path) -> None:
    photo = data_url(portrait_jpeg())
    style = await rendered(call=BaseAsyncApi.async_call, image_url=photo, style_index=11)
    key = await rendered(call=BaseAsyncApi.async_call, key="sk-wrong", image_url=photo, style_index=0)
    await rendered(call=BaseAsyncApi.async_call, image_url=photo, style_index=0)
    fast = await rendered(call=BaseAsyncApi.async_call, image_url=photo, style_index=0)
    assert (style.status_code, style.code, style.message) == (400, "InvalidParameter", "The style is invalid.")
    assert (key.status_code, key.code, key.message) == (401, "InvalidApiKey", "Invalid API-key provided.")
    assert (fast.status_code, fast.code) == (429, "Throttling.RateQuota")
    with pytest.raises(UploadFileException):
        (tmp_path / "a.jpg").write_bytes(photo.encode())
        await asyncio.to_thread(check_and_upload_local, "wanx-v9", str(tmp_path / "a.jpg"), KEY)


async def test_it_fetches_lists_and_cancels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hold = tmp_path / "go"
    async with stand_in(tmp_path / "data", engine=quick_engine(until=hold)) as service:
        monkeypatch.setattr(dashscope, "base_http_api_url", service.base_url)
        fields: dict[str, Any] = {"image_url": data_url(portrait_jpeg()), "style_index": 0}
        running = await rendered(call=BaseAsyncApi.async_call, **fields)
        waiting = await rendered(call=BaseAsyncApi.async_call, **fields)
        canceled = await asyncio.to_thread(BaseAsyncApi.cancel, waiting, api_key=KEY)
        again = await asyncio.to_thread(BaseAsyncApi.cancel, waiting, api_key=KEY)
        fetched = await asyncio.to_thread(BaseAsyncApi.fetch, waiting, api_key=KEY)
        unknown = await asyncio.to_thread(BaseAsyncApi.fetch, "1111", api_key=KEY)
        hold.touch()
        ended = await asyncio.to_thread(BaseAsyncApi.wait, running, api_key=KEY)
        listed = await asyncio.to_thread(BaseAsyncApi.list, status="SUCCEEDED", api_key=KEY)
    assert (canceled.status_code, again.status_code, again.code) == (200, 400, "UnsupportedOperation")
    assert (fetched.output["task_status"], unknown.output["task_status"]) == ("CANCELED", "UNKNOWN")
    assert ended.output["task_status"] == "SUCCEEDED"
    assert listed.status_code == 200 and listed.output["total"] == 1
    assert listed.output["data"][0]["task_id"] == running.output["task_id"]
