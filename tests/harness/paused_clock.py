"""A clock that stands still until the test lets it run: whatever waits for time waits, and everything else goes on."""

import asyncio

from bot.runtime.clock import WallClock
from tests.harness.telegram import SPEEDUP


class PausedClock(WallClock):
    """Time begins at `run`, and then passes `SPEEDUP` times as fast."""

    def __init__(self) -> None:
        super().__init__(SPEEDUP)
        self._begin = super().now()
        self._runs = asyncio.Event()
        self.waiting = 0  # for time

    def run(self) -> None:
        self._runs.set()

    def now(self) -> float:
        return super().now() if self._runs.is_set() else self._begin

    async def sleep(self, seconds: float) -> None:
        self.waiting += 1
        await self._runs.wait()
        await super().sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        self.waiting += 1
        runs = asyncio.create_task(self._runs.wait())
        happened = asyncio.create_task(event.wait())
        try:
            await asyncio.wait([runs, happened], return_when=asyncio.FIRST_COMPLETED)
        finally:
            runs.cancel()
            happened.cancel()
        return event.is_set() or await super().wait(event, seconds)
