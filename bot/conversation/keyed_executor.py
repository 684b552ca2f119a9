"""Runs work in order per key: sequentially for one key, concurrently for different keys, within a limit."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from bot.conversation.concurrency import MAX_CONCURRENT, ConcurrencyLimit


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
