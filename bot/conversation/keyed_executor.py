"""Work in lanes: one after the other in a lane, lanes beside each other, and not too many at once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

AT_ONCE = 8  # pieces of work that may hold a person's file in memory (20 MB each)


class KeyedExecutor:
    """Starts work; `work` must not raise."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._room = asyncio.Semaphore(at_once)
        self._last: dict[Hashable, asyncio.Task[None]] = {}

    def submit(
        self, key: Hashable, work: Callable[[], Awaitable[None]], ready: Callable[[], Awaitable[None]] | None = None
    ) -> asyncio.Task[None]:
        """Do `work` when everything before it in the lane is done, and `ready` (which takes no room) too."""
        task = asyncio.create_task(self._do(self._last.get(key), work, ready))
        self._last[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))
        return task

    async def finish(self, seconds: float) -> None:
        """Let what has begun come to its end, but not for longer than that."""
        if self._last:
            _, late = await asyncio.wait(self._last.values(), timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _do(
        self,
        before: asyncio.Task[None] | None,
        work: Callable[[], Awaitable[None]],
        ready: Callable[[], Awaitable[None]] | None,
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        if ready is not None:
            await ready()
        async with self._room:
            await work()

    def _forget(self, key: Hashable, done: asyncio.Task[None]) -> None:
        if self._last.get(key) is done:
            del self._last[key]
