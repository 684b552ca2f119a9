"""Snapshots of the watched jobs and their places, read from the database once for all watchers.

If a hundred open pages each read the rows after every wake-up, that alone would keep a processor busy.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bot.jobs import views
from bot.jobs.views import Capacity, QueueState
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from storage import jobs, queue
from storage.database import Database
from storage.jobs import WAITING, Job
from storage.queue import Place

MIN_INTERVAL_SECONDS = 0.1  # between two reads, however many wake-ups come
MAX_AGE_SECONDS = 1.0  # a wake-up may be lost, so the rows are read this often anyway
WATCH_SECONDS = 10.0  # a job that nobody has asked for in this time is no longer read
READ_TIME_FACTOR = 9.0  # interval as a multiple of the read's duration: reads take at most a tenth of the time


@dataclass(frozen=True)
class QueueSnapshot:
    """The queue at one moment. `waiting`: the watched jobs that wait or run, by id; `places`: those in the queue."""

    state: QueueState
    places: Mapping[int, Place]
    waiting: Mapping[int, Job]


class QueueSnapshots:
    """Gives snapshots that are no older than the last wake-up. Only jobs that somebody has asked for are read: of ten
    thousand waiting jobs few are watched. A new one is included from the next read on."""

    def __init__(self, database: Database, wakeups: Wakeups, clock: Clock, capacity: Capacity) -> None:
        self._database, self._wakeups, self._clock, self._capacity = database, wakeups, clock, capacity
        self._lock = asyncio.Lock()
        self._snapshot: QueueSnapshot | None = None
        self._wakeup = asyncio.Event()
        self._read_at = float("-inf")
        self._interval = MIN_INTERVAL_SECONDS
        self._watched_at: dict[int, float] = {}

    async def current(self, job_id: int) -> QueueSnapshot:
        """The current snapshot, read anew unless the last one is recent and no wake-up came since."""
        self._watched_at[job_id] = self._clock.now()
        async with self._lock:
            age = self._clock.now() - self._read_at
            if self._snapshot is not None and age < MAX_AGE_SECONDS and not self._wakeup.is_set():
                return self._snapshot
            await self._clock.sleep(max(0.0, self._interval - age))
            wakeup, at = self._wakeups.subscribe(), self._clock.now()
            self._snapshot, self._wakeup, self._read_at = await self._read(at), wakeup, at
            self._interval = min(
                MAX_AGE_SECONDS, max(MIN_INTERVAL_SECONDS, READ_TIME_FACTOR * (self._clock.now() - at))
            )
            return self._snapshot

    async def _read(self, now: float) -> QueueSnapshot:
        self._watched_at = {job_id: at for job_id, at in self._watched_at.items() if now - at < WATCH_SECONDS}
        async with self._database.read() as connection:
            found = await jobs.get_many(connection, list(self._watched_at))
            places = await queue.list_places(connection, found.keys(), now)
            rows = await views.read_queue_rows(connection)
        waiting = {job.id: job for job in found.values() if job.state in WAITING}
        return QueueSnapshot(views.queue_state(rows, self._capacity, now), places, waiting)
