"""Writes that come at the same time share one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_ITEMS = 100


class Batches(Generic[T]):
    """Passes items to `write`: a single one at once, those that come while a write runs together to the next one."""

    def __init__(self, write: Callable[[Sequence[T]], Awaitable[None]], max_items: int = MAX_ITEMS) -> None:
        self._write = write
        self._max_items = max_items
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, item: T) -> None:
        """Return when the item is written. Raises whatever `write` raised for its batch."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await written

    async def finish(self) -> None:
        """Wait for what was added, also by tasks that have been cancelled since."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._max_items], self._waiting[self._max_items :]
            error: Exception | None = None
            try:
                await self._write([item for item, _ in batch])
            except Exception as raised:  # noqa: BLE001  # for those who wait for it
                error = raised
            for _, written in batch:
                if not written.done():
                    written.set_result(None) if error is None else written.set_exception(error)
