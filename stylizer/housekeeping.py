"""Deletes what has expired: tasks after 24 hours, uploads after 48, and files without a row."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from stylizer.file_store import FileStore
from stylizer.input_images import InputImages
from stylizer.settings import StylizerSettings
from stylizer.task_repository import TaskRepository
from stylizer.uploads import Uploads

_log = logging.getLogger(__name__)
INTERVAL = 600  # seconds


@dataclass(frozen=True)
class Housekeeping:
    """`sweep` once, or `run` until cancelled. `now` returns milliseconds since the epoch."""

    settings: StylizerSettings
    tasks: TaskRepository
    uploads: Uploads
    inputs: InputImages
    files: FileStore
    now: Callable[[], int]

    async def run(self) -> None:
        """Sweep every `INTERVAL` seconds, unless another service just has."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.sweep_if_due()
            except (SQLAlchemyError, OSError):
                _log.exception("the sweep failed; the next one is in %s s", INTERVAL)

    async def sweep_if_due(self) -> None:
        """Sweep, unless another service has done so recently."""
        if await self.tasks.claim_sweep(interval=INTERVAL // 2):
            await self.sweep()

    async def sweep(self) -> None:
        """Delete everything that has expired, rows first: a file without a row is found later by its age."""
        sources = await self.tasks.delete_expired()
        await self.inputs.delete(*sources)
        await self.files.delete(*[place for place in sources if place.startswith("results/")])
        await self.uploads.delete_expired()
        moment = datetime.fromtimestamp(self.now() / 1000, UTC)
        for folder, life in (
            ("inputs", self.settings.task_life),
            ("results", self.settings.task_life),
            ("uploads", self.settings.upload_life),
        ):
            await self.files.delete_older_than(folder, moment, timedelta(seconds=life))
