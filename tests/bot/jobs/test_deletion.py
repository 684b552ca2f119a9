"""Deleting a job removes its files and its history entry, and cancels it if it is unfinished."""

import itertools
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.app import Installation
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.jobs.request import JobRequest, StyleChoice
from bot.messaging.platform import Person
from storage import jobs
from storage.jobs import Job
from tests.conftest import SHARED_LOOP
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import ANNA, accepted, ended, private, running_app

numbers = itertools.count(1)


def new_person() -> Person:
    """A person without any data."""
    return Person("test", f"person {next(numbers)}")


async def submit(app: Installation, person: Person, *, photo: bytes | None = None, style: int = 0) -> JobView:
    source = f"submit:{next(numbers)}"
    return accepted(
        await app.services.jobs.submit(
            JobRequest(person, private(person), source, photo=photo or portrait_jpeg(), style=StyleChoice(style))
        )
    )


def on_disk(app: Installation) -> set[bytes]:
    """Every file in the photo store."""
    folder = app.settings.data_dir / "photos"
    return {file.read_bytes() for file in folder.rglob("*.jpg")}


async def test_deleting_removes_photo_and_picture_from_disk_and_history(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        view = await ended(app, ANNA, (await submit(app, ANNA)).id)
        assert len(on_disk(app)) == 2
        assert await app.services.jobs.delete(ANNA, view.id) is None
        assert on_disk(app) == set()
        assert await app.services.queries.job(ANNA, view.id) is None
        assert await app.services.queries.history(ANNA) == ()
        assert await app.services.jobs.delete(ANNA, view.id) == UserError(ErrorCode.NOT_FOUND)
        assert (await app.services.queries.quota(ANNA)).used == 1  # deleting doesn't release the unit


@SHARED_LOOP
async def test_a_picture_shared_by_two_jobs_is_deleted_with_the_second(app: Installation) -> None:
    anna, services = new_person(), app.services
    first = await ended(app, anna, (await submit(app, anna, photo=portrait_jpeg(shade=50))).id)
    same = await submit(app, anna, photo=portrait_jpeg(shade=50))  # the same picture, from the store
    picture = await services.queries.result(anna, first.id)
    await services.jobs.delete(anna, first.id)
    assert await services.queries.result(anna, same.id) == picture
    assert await services.queries.original(anna, same.id)
    await services.jobs.delete(anna, same.id)
    assert picture not in on_disk(app)


@SHARED_LOOP
async def test_nobody_elses_copy_is_touched(app: Installation) -> None:
    anna, ben = new_person(), new_person()
    mine, theirs = await submit(app, anna), await submit(app, ben)
    for person, view in ((anna, mine), (ben, theirs)):
        await ended(app, person, view.id)
    await app.services.jobs.delete(anna, mine.id)
    assert await app.services.queries.result(ben, theirs.id)
    assert await app.services.queries.original(ben, theirs.id)


@SHARED_LOOP
async def test_a_draft_that_is_deleted_leaves_no_photo(app: Installation) -> None:
    anna, before = new_person(), on_disk(app)
    view = accepted(
        await app.services.jobs.draft(
            JobRequest(anna, private(anna), f"d:{next(numbers)}", photo=portrait_jpeg(shade=77))
        )
    )
    assert len(on_disk(app)) == len(before) + 1
    await app.services.jobs.delete(anna, view.id)
    assert on_disk(app) == before


async def job_row(app: Installation, job_id: int) -> Job:
    async with app.deps.database.read() as connection:
        found = await jobs.get(connection, job_id)
    assert found is not None
    return found


async def running(app: Installation, person: Person) -> JobView:
    """Submit a job and wait until the service processes it."""
    view = await submit(app, person)
    async for view_now in app.services.queries.watch(person, view.id):
        if view_now.state == State.RUNNING:
            return view_now
    pytest.fail("it ended")


async def test_deleting_a_running_job_cancels_it_and_its_picture_is_erased(tmp_path: Path) -> None:
    async with running_app(tmp_path, engine=quick_engine(until=tmp_path / "go")) as app:
        view = await running(app, ANNA)
        await app.services.jobs.delete(ANNA, view.id)
        assert on_disk(app) == set()  # the photo is gone at once
        assert (await app.services.queries.quota(ANNA)).left == 20
        (tmp_path / "go").touch()
        while (await job_row(app, view.id)).state != State.CANCELED:
            await app.deps.clock.sleep(0.02)
        await app.retention.sweep()
        assert on_disk(app) == set()
        async with app.deps.database.read() as connection:
            assert (await connection.execute(text("SELECT job_id FROM outbox"))).all() == []


async def test_an_interrupted_deletion_is_finished_by_the_next_sweep(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        view = await ended(app, ANNA, (await submit(app, ANNA)).id)
        async with app.deps.database.write() as connection:  # killed after this
            await connection.execute(text("UPDATE job SET hidden = TRUE WHERE id = :id"), {"id": view.id})
        assert len(on_disk(app)) == 2
        await app.retention.sweep()
        assert on_disk(app) == set()
        row = await job_row(app, view.id)
        assert (row.photo, row.reference) == (None, None)


async def test_deleting_a_queued_job_cancels_it_and_it_is_never_submitted(tmp_path: Path) -> None:
    async with running_app(tmp_path, engine=quick_engine(until=tmp_path / "go")) as app:
        await running(app, ANNA)
        waiting = await submit(app, ANNA, photo=portrait_jpeg(shade=200))
        await app.services.jobs.delete(ANNA, waiting.id)
        assert (await job_row(app, waiting.id)).state == State.CANCELED
        (tmp_path / "go").touch()
        await ended(app, ANNA, (await submit(app, ANNA, photo=portrait_jpeg(shade=30))).id)
        async with app.deps.database.read() as connection:
            attempts = await connection.execute(text("SELECT COUNT(*) FROM attempt"))
            assert attempts.scalar_one() == 2


async def test_expired_pictures_are_purged_from_disk(tmp_path: Path) -> None:
    async with running_app(tmp_path, result_days=0.001, original_hours=0.001) as app:
        view = await ended(app, ANNA, (await submit(app, ANNA)).id)
        now = app.deps.clock.now()
        assert await app.deps.photos.purge(now + 3600 + 90) == 2
        assert on_disk(app) == set()
        assert await app.services.queries.result(ANNA, view.id) is None
