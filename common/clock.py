"""The clock of processes that share a database: the database's, so that no machine's own setting matters."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

_log = logging.getLogger(__name__)
MEASURE_SECONDS = 30.0  # between two measurements
QUICK_SECONDS = 0.5  # an answer that took longer is too imprecise
TRIES = 5


def steady() -> float:
    """Seconds since some fixed moment. Nobody sets this clock, and where the system has one that does (CLOCK_BOOTTIME),
    it also counts while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class DatabaseClock:
    """Seconds since the epoch, which never go back.

    The offset between a steady clock and the database's is measured now and then. `read` asks the database for its
    time, in seconds since the epoch.
    """

    def __init__(self, read: Callable[[], Awaitable[float]], *, steady: Callable[[], float] = steady) -> None:
        self._read = read
        self._steady = steady
        self._offset = 0.0
        self._latest = float("-inf")

    def now(self) -> float:
        """Call `measure` before the first time."""
        self._latest = max(self._latest, self._steady() + self._offset)
        return self._latest

    async def measure(self) -> None:
        """Measure the offset, taking the answer to be from the middle of its round trip. Raises what `read` raises."""
        for _ in range(TRIES):
            before = self._steady()
            answer = await self._read()
            took = self._steady() - before
            self._offset = answer - (before + took / 2)
            if took < QUICK_SECONDS:
                return

    async def run(self) -> None:
        """Measure every `MEASURE_SECONDS` until cancelled."""
        while True:
            await asyncio.sleep(MEASURE_SECONDS)
            try:
                await self.measure()
            except (SQLAlchemyError, OSError) as error:  # the steady clock goes on by itself
                _log.info("could not read the database's clock: %s", type(error).__name__)
