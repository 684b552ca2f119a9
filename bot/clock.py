"""Time as an argument: what the core knows of it, and the wall clock that it gets in a real process."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since the epoch, and waiting."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event, but no longer than that; returns whether it came."""


class WallClock:
    """The time on the wall. With `speed` 10, an hour passes in six minutes (for tests of long waits)."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._start = time.time()
        self._monotonic = time.monotonic()

    def now(self) -> float:
        # Monotonic underneath: a wall clock that is set back must not stop the queue.
        return self._start + (time.monotonic() - self._monotonic) * self._speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds / self._speed):
                return await event.wait()
        except TimeoutError:
            return event.is_set()
