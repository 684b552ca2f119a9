"""With its pictures in a bucket: from a photo to its picture, with a link to the bucket that the API really reads; gone
when they are to be gone; and nothing is lost while the bucket is away."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.app import Installation
from bot.dashscope.photo_links import LINK_SECONDS
from bot.domain.job_view import State
from bot.jobs.retention import Retention
from bot.messaging.platform import CannotStart
from bot.runtime.clock import WallClock
from storage.bucket import Bucket
from storage.photos import StoreDown
from tests.bot.http.test_completion_events import PATH, SECRET, event
from tests.bot.saved_styles.test_service import saved
from tests.fakes.dashscope.proxy import Forward, api_proxy
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg, stand_in
from tests.fakes.http_server import Reply
from tests.fakes.postgres import URL_FILE
from tests.fakes.s3 import KEY, KEY_ID, BucketServer, bucket_server
from tests.harness.app import ANNA, BEN, accepted, ended, private, running_app, served_app
from tests.harness.bot_process import Bot, bot_process
from tests.harness.requests import a_photo, rows, submit_request
from tests.harness.worker import FastClock

DAY = 24 * 3600.0


@pytest.fixture
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


def kept_in(server: BucketServer, bucket: Bucket) -> dict[str, Any]:
    """Settings, by their fields."""
    return {name.lower(): value for name, value in server.environment(bucket).items()}


def pictures_below(folder: Path) -> list[Path]:
    return list(folder.rglob("*.jpg"))


def kinds(keys: list[str]) -> list[str]:
    return sorted(key.split("/")[1] for key in keys)


async def test_a_photo_becomes_a_picture_that_was_never_on_this_machines_disk(
    tmp_path: Path, server: BucketServer
) -> None:
    bucket, shown = server.bucket("mine"), []

    async def noted(forward: Forward) -> Reply:
        shown.append(json.loads(forward.request.body)["input"]["image_url"])
        return await forward()

    async with stand_in(tmp_path / "service") as service, api_proxy(service) as api:
        api.always("create", noted)
        settings = {**server.environment(bucket), "PHOTO_LINKS": "bucket", "DASHSCOPE_EVENTS_SECRET": SECRET}
        log, folder = tmp_path / "log", tmp_path / "bot"
        async with bot_process(folder, log=log, **settings, DASHSCOPE_BASE_URL=api.base_url, LOG_LEVEL="debug") as bot:
            job = await bot.request(portrait_jpeg(), key="the-first-one")
            assert (await bot.ended(job))["state"] in {"stored", "delivered"}
            assert (await bot.picture(job)).startswith(b"\xff\xd8\xff")
            await _knocks(bot)
        (link,) = shown
        assert link.startswith(f"{server.url}/{bucket.name}/mine/original/")
        assert f"X-Amz-Expires={LINK_SECONDS}&" in link
        assert kinds(server.raw_keys(bucket)) == ["original", "result"]
        assert pictures_below(folder) == []
        signature = link.partition("X-Amz-Signature=")[2]
        seen = log.read_bytes() + b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        assert [word for word in (KEY, KEY_ID, SECRET, signature) if word.encode() in seen] == []


async def _knocks(bot: Bot) -> None:
    """The address of notices is there for whoever knows it."""
    told = [await bot.visitor.post(PATH, json=event("x")), await bot.visitor.post(PATH, content=b"{")]
    told.append(await bot.visitor.post("/dashscope/events/somebody-elses-guess", json=event("x")))
    assert [answer.status_code for answer in told] == [204, 400, 404]


async def test_without_the_setting_there_is_no_address_of_notices(tmp_path: Path) -> None:
    async with served_app(tmp_path) as (_, url), httpx.AsyncClient(base_url=url) as http:
        nowhere, there = await http.post("/nowhere/events/x"), await http.post(PATH, json=event("x"))
        assert (there.status_code, there.json()) == (nowhere.status_code, nowhere.json())


async def test_a_bucket_that_is_not_as_it_should_be_is_said_before_anything_starts(
    tmp_path: Path, server: BucketServer
) -> None:
    nowhere = kept_in(server, server.named("nowhere-at-all"))
    with pytest.raises(CannotStart, match="There is no bucket for s3://nowhere-at-all"):
        async with running_app(tmp_path, **nowhere):
            pass


async def test_what_somebody_forgets_is_gone_from_the_bucket(tmp_path: Path, server: BucketServer) -> None:
    bucket = server.bucket("mine")
    async with running_app(tmp_path, **kept_in(server, bucket)) as app:
        for person in (ANNA, BEN):
            view = accepted(await submit_request(app, person, private(person)))
            assert (await ended(app, person, view.id)).state == State.STORED
        assert kinds(server.raw_keys(bucket)) == ["original", "original", "result", "result"]
        gone = await app.services.privacy.forget(ANNA)
        assert (gone.photos, gone.results) == (1, 1)
        left = server.raw_keys(bucket)
        assert len({key.split("/")[2] for key in left}) == 1  # Ben's, and nothing but that
        assert await app.services.jobs.delete(BEN, view.id) is None
        assert server.raw_keys(bucket) == []


async def test_nobody_is_told_that_they_are_forgotten_while_the_bucket_is_away(
    tmp_path: Path, server: BucketServer
) -> None:
    bucket = server.bucket("mine")
    async with running_app(tmp_path, **kept_in(server, bucket)) as app:
        await saved(app, ANNA, "Waves")
        await ended(app, ANNA, accepted(await submit_request(app, ANNA, private(ANNA))).id)
        server.stop()
        try:
            with pytest.raises(StoreDown):
                await app.services.privacy.forget(ANNA)
        finally:
            server.start()
        assert kinds(server.raw_keys(bucket)) == ["original", "result", "style"]
        await app.services.privacy.forget(ANNA)  # as whoever asks for it is told to, or as it is tried again for them
        assert server.raw_keys(bucket) == []


async def test_what_is_over_is_gone_from_the_bucket(tmp_path: Path, server: BucketServer) -> None:
    bucket = server.bucket()
    async with running_app(tmp_path, **kept_in(server, bucket), original_hours=24, result_days=30) as app:
        view = accepted(await submit_request(app, ANNA, private(ANNA)))
        await ended(app, ANNA, view.id)
        await _swept(app, time.time() + DAY + 3600)
        (left,) = server.raw_keys(bucket)
        assert left.startswith("result/")
        await _swept(app, time.time() + 30 * DAY + 3600)
        assert server.raw_keys(bucket) == []


async def _swept(app: Installation, at: float) -> None:
    clock = WallClock(wall=lambda: at, steady=lambda: 0.0)
    await Retention(app.deps.database, app.deps.photos, clock).sweep()


async def test_what_one_process_has_taken_in_another_shows_and_forgets(
    tmp_path: Path, server: BucketServer, postgres_url: str
) -> None:
    """Two machines, as far as folders go."""
    bucket, folders = server.bucket("mine"), [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        (folder / URL_FILE).write_text(postgres_url)
    async with stand_in(tmp_path / "service") as service, AsyncExitStack() as stack:
        api = {"dashscope_api_key": (SecretStr("sk-one"),), "dashscope_base_url": f"{service.url}/api/v1"}
        options = {**api, **kept_in(server, bucket), "photo_links": "bucket"}
        one, two = [await stack.enter_async_context(running_app(folder, **options)) for folder in folders]
        for here, there in ((one, two), (two, one)):
            view = accepted(await submit_request(here, ANNA, private(ANNA)))
            assert (await ended(there, ANNA, view.id)).state == State.STORED
            assert (await there.services.queries.result(ANNA, view.id) or b"").startswith(b"\xff\xd8\xff")
        assert kinds(server.raw_keys(bucket)) == ["original", "original", "result", "result"]
        await two.services.privacy.forget(ANNA)
        assert server.raw_keys(bucket) == []
        assert [path for folder in folders for path in pictures_below(folder)] == []


async def test_while_the_bucket_is_away_jobs_wait_and_nothing_is_lost(tmp_path: Path, server: BucketServer) -> None:
    """One job runs and can't store its picture, one waits and its photo can't be read, one more can't be taken in."""
    bucket, go = server.bucket(), tmp_path / "go"
    options: dict[str, Any] = {"engine": quick_engine(until=go), "clock": FastClock(), **kept_in(server, bucket)}
    async with served_app(tmp_path / "data", **options) as (app, url), httpx.AsyncClient(base_url=url) as http:
        running, waiting = [accepted(await submit_request(app, ANNA, private(ANNA))) for _ in range(2)]
        await _until(app, running.id, State.RUNNING)
        server.stop()
        try:
            go.touch()
            await _until(app, running.id, State.FETCHING)
            await _turned_back(app, waiting.id)
            form: dict[str, Any] = {
                "data": {"style": "0", "key": "the-third-one"},
                "files": {"photo": ("me.jpg", a_photo())},
            }
            answer = await http.post("/api/jobs", **form, timeout=30)
            assert (answer.status_code, answer.json()["code"]) == (500, "internal_server_error")
            assert "try again in a moment" in answer.json()["message"]
            await _swept(app, time.time())
        finally:
            server.start()
        for view in (running, waiting):
            assert (await ended(app, ANNA, view.id)).state == State.STORED
        assert (await http.post("/api/jobs", **form, timeout=30)).status_code == 202


async def _until(app: Installation, job_id: int, state: State) -> None:
    async with asyncio.timeout(60):
        while True:
            wakeup, view = app.deps.wakeups.subscribe(), await app.services.queries.job(ANNA, job_id)
            if view is not None and view.state == state:
                return
            await app.deps.clock.wait(wakeup, 1.0)


async def _turned_back(app: Installation, job_id: int) -> None:
    """It was its turn, and it is back in the queue."""
    async with asyncio.timeout(60):
        while True:
            wakeup = app.deps.wakeups.subscribe()
            turned = await rows(app, "SELECT * FROM attempt WHERE outcome = 'PhotoStoreDown'")
            if turned and {row.job_id for row in turned} == {job_id}:
                return
            await app.deps.clock.wait(wakeup, 1.0)
