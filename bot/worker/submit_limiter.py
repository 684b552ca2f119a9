"""The turnstile before the API: it lets no more submits through than the account may send, as the API counts them.

The API counts what arrives, and the network bunches what left here evenly. Between our sending and the answer lies the
arrival; so a place is free again a whole window after its submit was *answered*, and however long each was on its way,
no window at the API sees more than there are places. (One that was given up may arrive later than that: it is in doubt,
and its lane sends nothing until it was looked for.)
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.runtime.clock import Clock


class SubmitLimiter:
    """At most `per_second` submits arrive within any second; below one, so many in so many seconds."""

    def __init__(self, clock: Clock, per_second: float) -> None:
        places = max(1, int(per_second))
        self._clock, self._window = clock, places / per_second
        self._free_at: asyncio.Queue[float] = asyncio.Queue()
        for _ in range(places):
            self._free_at.put_nowait(float("-inf"))

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a place, and keep it until a window after the block, in which a submit is sent and answered."""
        at = await self._free_at.get()
        try:
            while (early := at - self._clock.now()) > 0:  # a sleep may end a little before its time
                await self._clock.sleep(early)
            yield
        finally:
            self._free_at.put_nowait(self._clock.now() + self._window)
