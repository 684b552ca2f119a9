"""Expired photos, results and drafts are deleted, and their person is notified."""

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
class RetentionFixture:
    """A database and a photo store, swept at any given time."""

    database: Database
    photos: PhotoStore

    async def sweep(self, at: float) -> None:
        clock = WallClock(wall=lambda: at, steady=lambda: 0.0)
        await Retention(self.database, self.photos, clock).sweep()

    async def job(self, source: str, **columns: Any) -> Job:
        """Insert a job with a stored photo."""
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
async def env(tmp_path: Path) -> AsyncIterator[RetentionFixture]:
    async with open_database(tmp_path / "repaint.db") as database:
        yield RetentionFixture(database, open_photos(tmp_path / "photos"))


async def test_an_abandoned_draft_expires_after_a_day_with_a_notification(env: RetentionFixture) -> None:
    draft = await env.job("test:1")
    await env.sweep(NOON + DAY - 1)
    assert (await env.row(draft)).state == State.DRAFT
    await env.sweep(NOON + DAY + 1)
    now = await env.row(draft)
    assert (now.state, now.error) == (State.FAILED, ErrorCode.DRAFT_EXPIRED)
    assert await env.number("SELECT COUNT(*) FROM outbox") == 1


async def test_a_photo_is_kept_while_its_job_waits_and_then_deleted(env: RetentionFixture, tmp_path: Path) -> None:
    waiting, done = await env.job("test:1", state=State.QUEUED, turn=1), await env.job("test:2", state=State.STORED)
    await env.sweep(NOON + 3 * DAY)  # the account was paused for three days
    assert await env.photos.has(waiting.photo or "")
    assert not await env.photos.has(done.photo or "")
    async with env.database.write() as connection:
        await connection.execute(text("UPDATE job SET state = 'stored' WHERE id = :id"), {"id": waiting.id})
    await env.sweep(NOON + 3 * DAY)
    assert not await env.photos.has(waiting.photo or "")
    assert not any(file.is_file() for file in _tree(tmp_path / "photos"))


def _tree(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


async def test_a_job_that_waits_for_a_week_fails(env: RetentionFixture) -> None:
    job = await env.job("test:1", state=State.QUEUED, turn=1)
    async with env.database.write() as connection:
        await ledger.reserve(connection, job.id, [quota.person_scope(1, 20, NOON)], now=NOON)
    await env.sweep(NOON + 7 * DAY + 1)
    now = await env.row(job)
    assert (now.state, now.error) == (State.FAILED, ErrorCode.PHOTO_EXPIRED)
    assert await env.number("SELECT reserved FROM quota") == 0
    assert not await env.photos.has(job.photo or "")


@pytest.mark.parametrize("state", [State.SUBMITTING, State.RUNNING, State.FETCHING])
async def test_active_jobs_are_left_alone(env: RetentionFixture, state: State) -> None:
    job = await env.job("test:1", state=state, turn=1)
    await env.sweep(NOON + 30 * DAY)
    assert (await env.row(job)).state == state


async def test_a_result_and_its_row_expire_together(env: RetentionFixture) -> None:
    job = await env.job("test:1", state=State.DELIVERED)
    key = await env.photos.put(Kind.RESULT, 1, b"picture", expires=NOON + 30 * DAY)
    async with env.database.write() as connection:
        await results.insert(connection, job.id, Result(key, 7, 3, 4, NOON, NOON + 30 * DAY))
    await env.sweep(NOON + 30 * DAY - 1)
    assert await env.photos.has(key)
    await env.sweep(NOON + 30 * DAY + 1)
    assert (await env.photos.has(key), await env.number("SELECT COUNT(*) FROM result")) == (False, 0)


async def test_a_deleted_jobs_files_are_erased_before_they_expire(env: RetentionFixture) -> None:
    job = await env.job("test:1", state=State.CANCELED, hidden=True)
    key = await env.photos.put(Kind.RESULT, 1, b"picture", expires=NOON + 30 * DAY)
    async with env.database.write() as connection:
        await results.insert(connection, job.id, Result(key, 7, 3, 4, NOON, NOON + 30 * DAY))
    await env.sweep(NOON)
    assert await env.photos.keys() == ()
    assert (await env.row(job)).photo is None


async def test_outbox_entries_are_dropped_after_a_week(env: RetentionFixture) -> None:
    old, new = await env.job("test:1", state=State.FAILED), await env.job("test:2", state=State.FAILED)
    async with env.database.write() as connection:
        await results.add_to_outbox(connection, old.id, NOON)
        await results.add_to_outbox(connection, new.id, NOON + DAY)
    await env.sweep(NOON + 7 * DAY + 1)
    assert await env.number("SELECT job_id FROM outbox") == new.id


async def test_use_counts_of_expired_links_are_deleted(env: RetentionFixture) -> None:
    async with env.database.write() as connection:
        await statistics.count_link_use(connection, "old", NOON)
        await statistics.count_link_use(connection, "new", NOON + DAY)
    await env.sweep(NOON + DAY + 1)
    assert await env.number("SELECT COUNT(*) FROM link_use") == 1


async def test_retention_sweeps_at_the_start_and_stops_on_request(env: RetentionFixture) -> None:
    draft, stop = await env.job("test:1", updated=NOON - 2 * DAY), asyncio.Event()
    clock = WallClock(wall=lambda: NOON, steady=lambda: 0.0)
    sweeping = asyncio.create_task(Retention(env.database, env.photos, clock).run(stop))
    async with asyncio.timeout(5):
        while (await env.row(draft)).state == State.DRAFT:
            pass
        stop.set()
        await sweeping
