"""Outcomes on the page, where nobody is written to: what a visitor has read is not owed to them any more."""

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


async def owed(app: Installation) -> list[int]:
    """The jobs whose outcome is owed."""
    return [row.job_id for row in await rows(app, "SELECT job_id FROM outbox ORDER BY job_id")]


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Installation]:
    """A house where the first job runs until the file `go` is there."""
    async with running_app(tmp_path / "data", engine=quick_engine(until=tmp_path / "go")) as opened:
        yield opened


async def failing(app: Installation, anna: httpx.AsyncClient, go: Path) -> int:
    """A job that fails, and nobody has looked yet: its photo is gone before its turn."""
    await post_job(anna)
    job = int((await post_job(anna, photo=portrait_jpeg(shade=9))).json()["id"])
    ((key,),) = await rows(app, "SELECT photo FROM job WHERE id = :id", id=job)
    await app.job_service.photo_intake.photos.delete(key)
    go.touch()  # noqa: ASYNC240  # quick
    while await rows(app, "SELECT id FROM job WHERE id = :id AND state <> 'failed'", id=job):
        await app.deps.clock.wait(app.deps.wakeups.subscribe(), 1.0)
    return job


@pytest.mark.parametrize("how", ["events", "job", "history"])
async def test_a_failure_stays_in_the_outbox_until_the_visitor_has_read_it(
    app: Installation, tmp_path: Path, how: str
) -> None:
    async with visitor(app) as anna:
        job = await failing(app, anna, tmp_path / "go")
        assert job in await owed(app)
        match how:
            case "events":
                assert (await job_events(anna, job))[-1]["error"]["code"] == "photo_expired"
            case "job":
                assert (await anna.get(f"/api/jobs/{job}")).json()["state"] == "failed"
            case _:
                await anna.get("/api/jobs")
        assert job not in await owed(app)


async def test_another_visitors_request_leaves_the_outbox_unchanged(app: Installation, tmp_path: Path) -> None:
    async with visitor(app) as anna, visitor(app) as ben:
        job = await failing(app, anna, tmp_path / "go")
        assert (await ben.get(f"/api/jobs/{job}")).status_code == 404
        await ben.get("/api/jobs")
        assert job in await owed(app)


async def test_a_cancelled_job_leaves_nothing_in_the_outbox(app: Installation, tmp_path: Path) -> None:
    async with visitor(app) as anna:
        running = (await post_job(anna)).json()["id"]
        waiting = (await post_job(anna, photo=portrait_jpeg(shade=9))).json()["id"]
        for job in (waiting, running):
            assert (await anna.delete(f"/api/jobs/{job}")).json()["state"] == "canceled"
        assert await owed(app) == []
        (tmp_path / "go").touch()
