"""Limits the rate of submits as the API counts it.

The API counts arrivals, and the network may bunch what was sent evenly. A submit arrives between our sending it and its
answer, so a slot is free again one whole window after its submit was *answered*: however long each was on its way, the
API never sees more submits in a window than there are slots. (A submit that was given up may arrive later than that; it
is in doubt then, and its account sends nothing until its task was looked for.)
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.runtime.clock import Clock


class SubmitLimiter:
    """At most `per_second` submits arrive within any second; below one, one submit in every 1 / `per_second`
    seconds."""

    def __init__(self, clock: Clock, per_second: float) -> None:
        slots = max(1, int(per_second))
        self._clock, self._window = clock, slots / per_second
        self._free_at: asyncio.Queue[float] = asyncio.Queue()
        for _ in range(slots):
            self._free_at.put_nowait(float("-inf"))

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a slot, and keep it until one window after the block, in which a submit is sent and answered."""
        at = await self._free_at.get()
        try:
            while (early := at - self._clock.now()) > 0:  # a sleep may end a little before its time
                await self._clock.sleep(early)
            yield
        finally:
            self._free_at.put_nowait(self._clock.now() + self._window)
