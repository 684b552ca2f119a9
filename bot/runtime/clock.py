"""Time as an argument: what the core knows of it, and the wall clock that it gets in a real process."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from storage.database import Database

log = structlog.get_logger(__name__)

ASK_SECONDS = 30.0
QUICK_SECONDS = 0.5  # an answer that took longer tells the time too vaguely
TRIES = 5


def steady() -> float:
    """Seconds since some fixed moment. Nobody sets this clock, and where the system has one that does (CLOCK_BOOTTIME),
    it also counts while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Clock(Protocol):
    """Seconds since the epoch, and waiting."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event, but no longer than that; returns whether it came."""


class WallClock:
    """The time on the wall, except that it never goes back: a clock that is set back must not stop the queue. It does
    follow forward, as after a laptop's sleep, which the steady clock does not count.

    With `speed` 10, an hour passes in six minutes (for tests of long waits), and nothing is followed.
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
        return await within(event, seconds / self._speed)


async def within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, but no longer than that; returns whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return event.is_set()


class SharedClock:
    """The database's clock, the same for all processes that share it: our own machine's may be set as it likes. It is
    asked now and then, carried on by the steady clock, and never goes back."""

    def __init__(self, database: Database, *, steady: Callable[[], float] = steady) -> None:
        self._database = database
        self._steady = steady
        self._ahead = 0.0
        self._latest = float("-inf")

    def now(self) -> float:
        self._latest = max(self._latest, self._steady() + self._ahead)
        return self._latest

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        return await within(event, seconds)

    async def ask(self) -> None:
        """Set it; the answer is from the middle of the time that it took. Raises what the database raises."""
        for _ in range(TRIES):
            began = self._steady()
            told = await self._database.now()
            took = self._steady() - began
            self._ahead = told - (began + took / 2)
            if took < QUICK_SECONDS:
                return

    async def keep(self, stop: asyncio.Event) -> None:
        """Set it every now and then until told to stop."""
        while not await self.wait(stop, ASK_SECONDS):
            try:
                await self.ask()
            except SQLAlchemyError as error:  # the steady clock goes on by itself
                log.info("the database did not tell the time", error=type(error).__name__)
