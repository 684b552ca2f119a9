"""Outcomes on the page, which sends no messages: once the visitor has read one, it leaves the outbox."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.app import Installation
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import running_app
from tests.harness.requests import rows
from tests.harness.web_visitors import job_events, post_job, visitor


async def outbox_jobs(app: Installation) -> list[int]:
    """The jobs whose outcome is still in the outbox."""
    return [row.job_id for row in await rows(app, "SELECT job_id FROM outbox ORDER BY job_id")]


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Installation]:
    """The app, where the first job runs until the file `go` exists."""
    async with running_app(tmp_path / "data", engine=quick_engine(until=tmp_path / "go")) as opened:
        yield opened


async def failed_job(app: Installation, anna: httpx.AsyncClient, go: Path) -> int:
    """A job that failed unseen: its photo is deleted before it is submitted."""
    await post_job(anna)
    job = int((await post_job(anna, photo=portrait_jpeg(shade=9))).json()["id"])
    ((key,),) = await rows(app, "SELECT photo FROM job WHERE id = :id", id=job)
    await app.services.photo_intake.photos.delete(key)
    go.touch()  # noqa: ASYNC240  # quick
    while await rows(app, "SELECT id FROM job WHERE id = :id AND state <> 'failed'", id=job):
        await app.deps.clock.wait(app.deps.wakeups.subscribe(), 1.0)
    return job


@pytest.mark.parametrize("how", ["events", "job", "history"])
async def test_a_failure_stays_in_the_outbox_until_the_visitor_has_read_it(
    app: Installation, tmp_path: Path, how: str
) -> None:
    async with visitor(app) as anna:
        job = await failed_job(app, anna, tmp_path / "go")
        assert job in await outbox_jobs(app)
        match how:
            case "events":
                assert (await job_events(anna, job))[-1]["error"]["code"] == "photo_expired"
            case "job":
                assert (await anna.get(f"/api/jobs/{job}")).json()["state"] == "failed"
            case _:
                await anna.get("/api/jobs")
        assert job not in await outbox_jobs(app)


async def test_another_visitors_request_leaves_the_outbox_unchanged(app: Installation, tmp_path: Path) -> None:
    async with visitor(app) as anna, visitor(app) as ben:
        job = await failed_job(app, anna, tmp_path / "go")
        assert (await ben.get(f"/api/jobs/{job}")).status_code == 404
        await ben.get("/api/jobs")
        assert job in await outbox_jobs(app)


async def test_a_cancelled_job_leaves_nothing_in_the_outbox(app: Installation, tmp_path: Path) -> None:
    async with visitor(app) as anna:
        running = (await post_job(anna)).json()["id"]
        waiting = (await post_job(anna, photo=portrait_jpeg(shade=9))).json()["id"]
        for job in (waiting, running):
            assert (await anna.delete(f"/api/jobs/{job}")).json()["state"] == "canceled"
        assert await outbox_jobs(app) == []
        (tmp_path / "go").touch()
