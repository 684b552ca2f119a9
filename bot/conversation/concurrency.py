"""Limits how much work runs at a time. Work that only waits gives its place away meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

MAX_CONCURRENT = 8  # pieces of work that may hold a person's file in memory (20 MB each)

_Place = tuple[asyncio.Semaphore, asyncio.Task[object] | None]
# With the task that holds it: tasks started by that one inherit the variable, but hold no place.
_held: ContextVar[_Place | None] = ContextVar("held", default=None)


class ConcurrencyLimit:
    """At most `places` pieces of work at a time; who asks first is first."""

    def __init__(self, places: int = MAX_CONCURRENT) -> None:
        self._places = asyncio.Semaphore(places)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place for the length of the block, except while the work inside is in a `given_away` block."""
        async with self._places:
            token = _held.set((self._places, asyncio.current_task()))
            try:
                yield
            finally:
                _held.reset(token)


@asynccontextmanager
async def given_away() -> AsyncIterator[None]:
    """Give the place of the current task, if it has one, to others for the length of the block, then wait for one.

    Use it around waits: for flood control, for a chat's limits, for the next attempt. Otherwise as many chats as there
    are places, each told to wait, would keep everybody else waiting too.
    """
    places, holder = _held.get() or (None, None)
    if places is None or holder is not asyncio.current_task():
        yield
        return
    places.release()
    token = _held.set(None)
    try:
        yield
    finally:
        _held.reset(token)
        await places.acquire()
