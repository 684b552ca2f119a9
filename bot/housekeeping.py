"""Deletes on time: photos and results whose days are over, drafts nobody came back to, pictures of deleted jobs."""

import asyncio
from dataclasses import dataclass, replace

import structlog

from bot import lifecycle
from bot.clock import Clock
from bot.lifecycle import Impossible
from bot.moves import Overtaken, move
from storage import jobs, results
from storage.database import Database
from storage.photos import PhotoStore

log = structlog.get_logger(__name__)

EVERY_SECONDS = 300.0
DRAFT_SECONDS = 24 * 3600.0
UNTOLD_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Housekeeping:
    """What is swept, and by which clock."""

    database: Database
    photos: PhotoStore
    clock: Clock

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep at the start and every few minutes until told to stop."""
        while not stop.is_set():
            await self.sweep()
            await self.clock.wait(stop, EVERY_SECONDS)

    async def sweep(self) -> None:
        """Everything whose time has come is gone afterwards."""
        now = self.clock.now()
        await self._drafts(now)
        await self._deleted()
        async with self.database.write() as connection:
            await results.purge(connection, now)
            await results.forget_untold(connection, now - UNTOLD_SECONDS)
        purged = await self.photos.purge(now)
        if purged:
            log.info("deleted pictures whose time was over", count=purged)

    async def _drafts(self, now: float) -> None:
        async with self.database.read() as connection:
            old = await jobs.old_drafts(connection, now - DRAFT_SECONDS)
        for draft in old:
            try:
                async with self.database.write() as connection:
                    await move(connection, draft, lifecycle.Expired(), now)
            except (Impossible, Overtaken):
                continue  # somebody came back after all

    async def _deleted(self) -> None:
        """A job deleted while it ran: its picture came home afterwards."""
        async with self.database.read() as connection:
            hidden = await jobs.hidden_with_result(connection)
        for job in hidden:
            async with self.database.write() as connection:
                result = await results.get(connection, job.id)
                await results.remove(connection, job.id)
                await jobs.save(connection, replace(job, photo=None, reference=None))
                shared = result is None or await results.is_shared(connection, result.key)
            if result is not None and not shared:
                await self.photos.delete(result.key)
