"""What is past its life goes: tasks after 24 hours, uploads after 48, and files that no row knows any more."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from stylizer.file_store import Shelf
from stylizer.input_images import Inputs
from stylizer.settings import StylizerSettings
from stylizer.task_repository import TaskTable
from stylizer.uploads import Uploads

_log = logging.getLogger(__name__)
INTERVAL = 600  # seconds


@dataclass(frozen=True)
class Housekeeping:
    """`sweep` once, or `run` until cancelled; of several services one at a time. `now` in ms since the epoch."""

    settings: StylizerSettings
    table: TaskTable
    uploads: Uploads
    inputs: Inputs
    shelf: Shelf
    now: Callable[[], int]

    async def run(self) -> None:
        """Sweep now and then."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.sweep_in_turn()
            except (SQLAlchemyError, OSError):
                _log.exception("the sweep failed; it comes again in %s s", INTERVAL)

    async def sweep_in_turn(self) -> None:
        """Sweep, unless another service has done so lately."""
        if await self.table.is_turn_to_sweep(interval=INTERVAL // 2):
            await self.sweep()

    async def sweep(self) -> None:
        """Delete all that is past its life, rows first: a file without a row is found again by its age."""
        places = await self.table.forget()
        await self.inputs.drop(*places)
        await self.shelf.drop(*[place for place in places if place.startswith("results/")])
        await self.uploads.forget()
        moment = datetime.fromtimestamp(self.now() / 1000, UTC)
        for folder, life in (
            ("inputs", self.settings.task_life),
            ("results", self.settings.task_life),
            ("uploads", self.settings.upload_life),
        ):
            await self.shelf.drop_older(folder, moment, timedelta(seconds=life))
