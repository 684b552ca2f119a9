"""The time that all who share a table go by: the database's. A clock that is set on one machine changes nothing."""

import asyncio
import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from stylizer.database import Database

_log = logging.getLogger(__name__)
INTERVAL = 30.0  # seconds between two measurements


class SharedClock:
    """Seconds since the epoch. The offset to the database is measured now and then; between, a steady clock goes on."""

    def __init__(self, database: Database, steady: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._steady = steady
        self._offset = 0.0

    def __call__(self) -> float:
        return self._steady() + self._offset

    async def measure(self) -> None:
        """Ask the database; half of the way there and back is taken off."""
        async with self._database.reading() as connection:
            before = self._steady()
            moment = await self._database.moment(connection) / 1000
            self._offset = moment - (before + self._steady()) / 2

    async def run(self) -> None:
        """Measure for ever."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.measure()
            except (SQLAlchemyError, OSError):
                _log.warning("the database's clock could not be read; ours goes on")
