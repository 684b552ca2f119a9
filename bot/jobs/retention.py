"""Retention: deletes expired photos and results, abandoned drafts, and files of deleted jobs.

The photo of a waiting job is kept until the job ends, however long its account is paused. After `WAIT_SECONDS` such a
job fails, and its person is notified.
"""

import asyncio
from dataclasses import dataclass, replace
from functools import partial

import structlog

from bot.cluster.leadership import SOLE_LEADER, Leadership, fenced_write
from bot.domain import job_lifecycle, quota
from bot.domain.job_lifecycle import InvalidTransition
from bot.jobs.transitions import StaleJob, apply_event
from bot.runtime.clock import Clock
from storage import (
    anonymize,
    cleanup,
    interaction_tokens,
    jobs,
    notifications,
    platform_files,
    results,
    statistics,
    update_inbox,
)
from storage.database import Database
from storage.jobs import Job
from storage.photos import PhotoStore, StoreDown

log = structlog.get_logger(__name__)

EVERY_SECONDS = 300.0
LOG_SECONDS = 10.0  # between two looks at the size of the write-ahead log
DRAFT_SECONDS = 24 * 3600.0
WAIT_SECONDS = 7 * 24 * 3600.0
OUTBOX_SECONDS = 7 * 24 * 3600.0
LINK_USE_SECONDS = 24 * 3600.0  # links live for minutes
# Platforms repeat an update for a day. What it contains is deleted when it was handled; this is the latest moment.
UPDATE_BODY_SECONDS, UPDATE_NUMBER_SECONDS, UPDATE_NUMBERS = 24 * 3600.0, 2 * 24 * 3600.0, 200_000


@dataclass(frozen=True)
class Retention:
    """Deletes what has expired by `clock`; writes only while `leadership` is held."""

    database: Database
    photos: PhotoStore
    clock: Clock
    leadership: Leadership = SOLE_LEADER

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep at the start and every `EVERY_SECONDS` until `stop` is set."""
        while not stop.is_set():
            await self.sweep()
            next_at = self.clock.now() + EVERY_SECONDS
            while self.clock.now() < next_at and not await self.clock.wait(stop, LOG_SECONDS):
                await self.database.bound_log()

    async def sweep(self) -> None:
        """Delete everything that has expired by now. If the photo store is down, photos are left to the next sweep."""
        now = self.clock.now()
        await self._expire_abandoned_jobs(now)
        async with fenced_write(self.database, self.leadership) as connection:
            await results.delete_expired(connection, now)
            await results.delete_outbox_before(connection, now - OUTBOX_SECONDS)
            await notifications.delete_before(connection, now - OUTBOX_SECONDS)
            await anonymize.delete_unneeded_identities(connection, partial(quota.kept_scopes, now=now))
            await statistics.delete_link_uses(connection, now - LINK_USE_SECONDS)
            await interaction_tokens.delete_expired(connection, now)
            await update_inbox.delete_old(
                connection,
                bodies_before=now - UPDATE_BODY_SECONDS,
                before=now - UPDATE_NUMBER_SECONDS,
                keep=UPDATE_NUMBERS,
            )
            in_use = await cleanup.list_photos_in_use(connection)
        try:
            await self._erase_deleted_jobs()
            purged = await self.photos.purge(now, keep=in_use)
        except StoreDown as error:
            log.warning("could not delete all pictures whose time is over: next time", error=str(error))
        else:
            if purged:
                log.info("deleted pictures whose time was over", count=purged)
        await self.database.checkpoint()

    async def _expire_abandoned_jobs(self, now: float) -> None:
        """End old drafts, and jobs that have waited for longer than `WAIT_SECONDS`."""
        async with self.database.read() as connection:
            drafts = await cleanup.list_old_drafts(connection, now - DRAFT_SECONDS)
            queued = await cleanup.list_old_queued(connection, now - WAIT_SECONDS)
        for job in (*drafts, *queued):
            try:
                async with fenced_write(self.database, self.leadership) as connection:
                    await apply_event(connection, job, job_lifecycle.Expired(), now)
            except (InvalidTransition, StaleJob):
                continue  # it has just moved on

    async def _erase_deleted_jobs(self) -> None:
        """Erase files whose job was deleted before its picture arrived, or whose deletion was interrupted."""
        async with self.database.read() as connection:
            deleted = await cleanup.list_deleted_with_files(connection)
        for job in deleted:
            await erase(self.database, self.photos, job)


async def erase(database: Database, photos: PhotoStore, job: Job) -> None:
    """Delete photo, reference and picture of a hidden job, unless a visible job uses the same bytes.

    The files go first, then their keys in the row, so the next sweep can finish an interrupted deletion.
    """
    async with database.read() as connection:
        result = await results.get(connection, job.id)
        keys = [key for key in (job.photo, job.reference) if key is not None]
        gone = [key for key in keys if not await jobs.is_photo_in_use(connection, job.person_id, key)]
        if result is not None and not await results.is_in_use(connection, result.key):
            gone.append(result.key)
    for key in gone:
        await photos.delete(key)
    async with database.write() as connection:
        now = await jobs.get(connection, job.id) or job
        await jobs.update(connection, replace(now, photo=None, reference=None))
        await results.delete(connection, job.id)
        await platform_files.delete(connection, job.id)
