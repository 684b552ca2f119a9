"""What is over is gone: from the disk, from the rows, and its person has been told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.domain import quota
from bot.domain.error_codes import ErrorCode
from bot.domain.job_view import State
from bot.jobs.retention import Retention
from bot.runtime.clock import WallClock
from storage import jobs, ledger, results, statistics
from storage.database import Database, open_database
from storage.jobs import Job
from storage.photos import Kind, PhotoStore, open_photos
from storage.results import Result
from tests.harness.rows import NOON, insert_job

HOUR, DAY = 3600.0, 24 * 3600.0
PHOTO = b"a photo of somebody"


@dataclass
class Place:
    """What is swept, at any time."""

    database: Database
    photos: PhotoStore

    async def sweep(self, at: float) -> None:
        clock = WallClock(wall=lambda: at, steady=lambda: 0.0)
        await Retention(self.database, self.photos, clock).sweep()

    async def job(self, source: str, **columns: Any) -> Job:
        """A row with a photo in store."""
        key = await self.photos.put(Kind.ORIGINAL, 1, PHOTO + source.encode(), expires=NOON + DAY)
        async with self.database.write() as connection:
            return await insert_job(connection, source, **{"photo": key, **columns})

    async def row(self, job: Job) -> Job:
        async with self.database.read() as connection:
            found = await jobs.get(connection, job.id)
        assert found is not None
        return found

    async def number(self, sql: str) -> int:
        async with self.database.read() as connection:
            return int((await connection.execute(text(sql))).scalar_one())


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with open_database(tmp_path / "repaint.db") as database:
        yield Place(database, open_photos(tmp_path / "photos"))


async def test_a_draft_that_nobody_came_back_to_ends_after_a_day_and_says_so(place: Place) -> None:
    draft = await place.job("test:1")
    await place.sweep(NOON + DAY - 1)
    assert (await place.row(draft)).state == State.DRAFT
    await place.sweep(NOON + DAY + 1)
    now = await place.row(draft)
    assert (now.state, now.error) == (State.FAILED, ErrorCode.DRAFT_EXPIRED)
    assert await place.number("SELECT COUNT(*) FROM outbox") == 1


async def test_a_photo_is_kept_for_as_long_as_its_job_waits_and_then_goes(place: Place, tmp_path: Path) -> None:
    waiting, done = await place.job("test:1", state=State.QUEUED, tag=1), await place.job("test:2", state=State.STORED)
    await place.sweep(NOON + 3 * DAY)  # the lane stood still over a long weekend
    assert await place.photos.has(waiting.photo or "")
    assert not await place.photos.has(done.photo or "")
    async with place.database.write() as connection:
        await connection.execute(text("UPDATE job SET state = 'stored' WHERE id = :id"), {"id": waiting.id})
    await place.sweep(NOON + 3 * DAY)
    assert not await place.photos.has(waiting.photo or "")
    assert not any(file.is_file() for file in _below(tmp_path / "photos"))


def _below(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


async def test_nobody_waits_for_ever(place: Place) -> None:
    job = await place.job("test:1", state=State.QUEUED, tag=1)
    async with place.database.write() as connection:
        await ledger.reserve(connection, job.id, [quota.person_scope(1, 20, NOON)], now=NOON)
    await place.sweep(NOON + 7 * DAY + 1)
    now = await place.row(job)
    assert (now.state, now.error) == (State.FAILED, ErrorCode.PHOTO_EXPIRED)
    assert await place.number("SELECT reserved FROM quota") == 0
    assert not await place.photos.has(job.photo or "")


@pytest.mark.parametrize("state", [State.SUBMITTING, State.RUNNING, State.FETCHING])
async def test_what_is_at_work_is_left_alone(place: Place, state: State) -> None:
    job = await place.job("test:1", state=state, tag=1)
    await place.sweep(NOON + 30 * DAY)
    assert (await place.row(job)).state == state


async def test_a_picture_and_its_row_go_together(place: Place) -> None:
    job = await place.job("test:1", state=State.DELIVERED)
    key = await place.photos.put(Kind.RESULT, 1, b"picture", expires=NOON + 30 * DAY)
    async with place.database.write() as connection:
        await results.insert(connection, job.id, Result(key, 7, 3, 4, NOON, NOON + 30 * DAY))
    await place.sweep(NOON + 30 * DAY - 1)
    assert await place.photos.has(key)
    await place.sweep(NOON + 30 * DAY + 1)
    assert (await place.photos.has(key), await place.number("SELECT COUNT(*) FROM result")) == (False, 0)


async def test_a_deleted_jobs_bytes_go_though_their_time_is_not_over(place: Place) -> None:
    job = await place.job("test:1", state=State.CANCELED, hidden=True)
    key = await place.photos.put(Kind.RESULT, 1, b"picture", expires=NOON + 30 * DAY)
    async with place.database.write() as connection:
        await results.insert(connection, job.id, Result(key, 7, 3, 4, NOON, NOON + 30 * DAY))
    await place.sweep(NOON)
    assert await place.photos.keys() == ()
    assert (await place.row(job)).photo is None


async def test_what_could_not_be_told_for_a_week_is_not_owed_any_more(place: Place) -> None:
    old, new = await place.job("test:1", state=State.FAILED), await place.job("test:2", state=State.FAILED)
    async with place.database.write() as connection:
        await results.add_to_outbox(connection, old.id, NOON)
        await results.add_to_outbox(connection, new.id, NOON + DAY)
    await place.sweep(NOON + 7 * DAY + 1)
    assert await place.number("SELECT job_id FROM outbox") == new.id


async def test_counts_of_dead_links_do_not_pile_up(place: Place) -> None:
    async with place.database.write() as connection:
        await statistics.count_link_use(connection, "old", NOON)
        await statistics.count_link_use(connection, "new", NOON + DAY)
    await place.sweep(NOON + DAY + 1)
    assert await place.number("SELECT COUNT(*) FROM link_use") == 1


async def test_it_sweeps_at_the_start_and_goes_when_told(place: Place) -> None:
    draft, stop = await place.job("test:1", updated=NOON - 2 * DAY), asyncio.Event()
    clock = WallClock(wall=lambda: NOON, steady=lambda: 0.0)
    sweeping = asyncio.create_task(Retention(place.database, place.photos, clock).run(stop))
    async with asyncio.timeout(5):
        while (await place.row(draft)).state == State.DRAFT:
            pass
        stop.set()
        await sweeping
