"""Time as an argument: the clock that the core is given, and those that real processes use."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from bot.runtime.event_loop import run_until
from common.clock import DatabaseClock, steady
from storage.database import Database


class Clock(Protocol):
    """Seconds since the epoch, and waiting."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event, at most so long; returns whether it was set."""


class WallClock:
    """The system time, except that it never goes back: a clock that is set back must not stop the queue. It does follow
    the system time forward, for example after a laptop's sleep, which the steady clock does not count.

    With `speed` 10, an hour passes in six minutes (for tests of long waits), and the system time is not followed.
    """

    def __init__(
        self, speed: float = 1.0, *, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._speed = speed
        self._wall = wall
        self._steady = steady
        self._start = wall()
        self._began = steady()

    def now(self) -> float:
        now = self._start + (self._steady() - self._began) * self._speed
        if self._speed == 1.0 and (ahead := self._wall() - now) > 0:
            self._start += ahead
            return now + ahead
        return now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        return await wait_for(event, seconds / self._speed)


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, at most so long; returns whether it was set."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return event.is_set()


class SharedClock(DatabaseClock):
    """The database's clock, the same for all processes that share it."""

    def __init__(self, database: Database, *, steady: Callable[[], float] = steady) -> None:
        super().__init__(database.now, steady=steady)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        return await wait_for(event, seconds)

    async def keep(self, stop: asyncio.Event) -> None:
        """Measure it again now and then, until told to stop."""
        await run_until(stop, self.run())
