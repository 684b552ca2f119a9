"""Waiting between two queries of a task, cut short by the API's event that the task has finished."""

import asyncio
from collections.abc import Sequence

from bot.domain import poll_schedule
from bot.runtime.clock import Clock
from bot.worker.context import AccountContext
from storage import completion_events
from storage.jobs import Job

BETWEEN_LOOKS_SECONDS = 0.25  # every change of any row is a wake-up
LOOK_SECONDS = 1.0  # a wake-up is a hint; one from another process may be lost
QUICK_QUERIES = 20  # the answer may lag behind the event for some seconds


class CompletionListener:
    """For one attempt of one job. Where the API sends no events, it only waits."""

    def __init__(self, context: AccountContext, job: Job) -> None:
        self._deps = context.deps
        self._job = job
        self._is_listening = context.api_account.gets_events
        self._quick_left = 0

    async def pause(self, stop: asyncio.Event, seconds: float, *, in_full: bool = False) -> float | None:
        """Wait for so many seconds, or until an event arrives; returns the seconds waited, or None when told to stop.
        `in_full`: don't let an event cut it short."""
        if self._is_listening and not in_full:
            return await self._listen(stop, seconds)
        if self._quick_left and not in_full:
            self._quick_left -= 1
            seconds = min(seconds, poll_schedule.NEAR_SECONDS)
        return None if await self._deps.clock.wait(stop, seconds) else seconds

    async def _listen(self, stop: asyncio.Event, seconds: float) -> float | None:
        clock, left = self._deps.clock, seconds
        while left > 0:
            began, wakeup = clock.now(), self._deps.wakeups.subscribe()
            if await self._is_reported():
                self._is_listening, self._quick_left = False, QUICK_QUERIES
                break
            step = min(left, LOOK_SECONDS)
            was_woken = await _any_of(clock, (stop, wakeup), step)
            if stop.is_set() or (was_woken and await clock.wait(stop, min(left, BETWEEN_LOOKS_SECONDS))):
                return None
            left -= clock.now() - began if was_woken else step
        return seconds - max(0.0, left)

    async def _is_reported(self) -> bool:
        async with self._deps.database.read() as connection:
            return await completion_events.is_recorded(connection, job_id=self._job.id, n=self._job.attempts)


async def _any_of(clock: Clock, events: Sequence[asyncio.Event], seconds: float) -> bool:
    """Whether one of the events was set within that time."""
    over, waiting = asyncio.Event(), [asyncio.create_task(event.wait()) for event in events]
    for task in waiting:
        task.add_done_callback(lambda _: over.set())
    try:
        return await clock.wait(over, seconds)
    finally:
        for task in waiting:
            task.cancel()
