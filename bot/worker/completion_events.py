"""Waiting between two questions about a task, with an ear for the API's notice that it is over."""

import asyncio
from collections.abc import Sequence

from bot.domain import poll_schedule
from bot.runtime.clock import Clock
from bot.worker.context import AccountContext
from storage import completion_events
from storage.jobs import Job

BETWEEN_LOOKS_SECONDS = 0.25  # every change of any row rings the bell
LOOK_SECONDS = 1.0  # a ring is a hint; from another process it may be lost
SOON_LOOKS = 20  # after a notice the answer may lag behind for some seconds


class CompletionListener:
    """For one attempt of one job. Where no notices are to be expected, it only waits."""

    def __init__(self, context: AccountContext, job: Job) -> None:
        self._house = context.deps
        self._job = job
        self._listens = context.api_account.gets_events
        self._soon = 0

    async def pause(self, stop: asyncio.Event, seconds: float, *, patiently: bool = False) -> float | None:
        """Wait so long, or until there is a notice; returns the seconds, or None when told to stop. `patiently`: for as
        long as that in any case."""
        if self._listens and not patiently:
            return await self._listen(stop, seconds)
        if self._soon and not patiently:
            self._soon -= 1
            seconds = min(seconds, poll_schedule.NEAR_SECONDS)
        return None if await self._house.clock.wait(stop, seconds) else seconds

    async def _listen(self, stop: asyncio.Event, seconds: float) -> float | None:
        clock, left = self._house.clock, seconds
        while left > 0:
            began, wakeup = clock.now(), self._house.wakeups.subscribe()
            if await self._has_heard():
                self._listens, self._soon = False, SOON_LOOKS
                break
            step = min(left, LOOK_SECONDS)
            rang = await _any_of(clock, (stop, wakeup), step)
            if stop.is_set() or (rang and await clock.wait(stop, min(left, BETWEEN_LOOKS_SECONDS))):
                return None
            left -= clock.now() - began if rang else step
        return seconds - max(0.0, left)

    async def _has_heard(self) -> bool:
        async with self._house.database.read() as connection:
            return await completion_events.is_recorded(connection, job_id=self._job.id, n=self._job.attempts)


async def _any_of(clock: Clock, events: Sequence[asyncio.Event], seconds: float) -> bool:
    """Whether one of them came within that time."""
    over, waiting = asyncio.Event(), [asyncio.create_task(event.wait()) for event in events]
    for task in waiting:
        task.add_done_callback(lambda _: over.set())
    try:
        return await clock.wait(over, seconds)
    finally:
        for task in waiting:
            task.cancel()
