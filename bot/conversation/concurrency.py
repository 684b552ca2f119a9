"""Limits how much work runs at a time, and runs work in order for each key. Work that only waits gives its place away
meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
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


class KeyedExecutor:
    """Runs submitted work, which must not raise. `max_concurrent`: pieces of work that run at the same time."""

    def __init__(self, max_concurrent: int = MAX_CONCURRENT) -> None:
        self._limit = ConcurrencyLimit(max_concurrent)
        self._last_task: dict[Hashable, asyncio.Task[None]] = {}

    def submit(self, key: Hashable, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Run `work` after all earlier work with this key."""
        task = asyncio.create_task(self._run(self._last_task.get(key), work))
        self._last_task[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))
        return task

    async def finish(self, seconds: float) -> None:
        """Wait for all submitted work, for at most `seconds`, then cancel the rest."""
        if self._last_task:
            _, late = await asyncio.wait(self._last_task.values(), timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, before: asyncio.Task[None] | None, work: Callable[[], Awaitable[None]]) -> None:
        if before is not None:
            await asyncio.wait([before])
        async with self._limit.place():
            await work()

    def _forget(self, key: Hashable, done: asyncio.Task[None]) -> None:
        if self._last_task.get(key) is done:
            del self._last_task[key]
