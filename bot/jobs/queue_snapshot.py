"""The board in the hall: the jobs that somebody watches and their places, read once for all who watch.

A hundred open pages that each ask the rows after every ring would keep a processor busy with nothing else.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bot.jobs import views
from bot.jobs.views import Capacity, QueueState
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from storage import accounts, jobs, queue
from storage.database import Database
from storage.jobs import WAITING, Job
from storage.queue import Place

MIN_INTERVAL_SECONDS = 0.1  # between two readings, however often the bell rings
MAX_AGE_SECONDS = 1.0  # a ring is a hint; the rows are read this often anyway
WATCH_SECONDS = 10.0  # after the last look at a job, it is no longer read
READ_TIME_FACTOR = 9.0  # times as long as a reading takes, until the next: a thousand pages look less often


@dataclass(frozen=True)
class QueueSnapshot:
    """The queue at one moment. `waiting`: those of the watched jobs that wait or run, by id; `places`: their places."""

    state: QueueState
    places: Mapping[int, Place]
    waiting: Mapping[int, Job]


class QueueSnapshots:
    """Whoever looks sees what was true after the last ring. A job that nobody has looked at before is on it from the
    next reading on: ten thousand may wait, and only few are watched."""

    def __init__(self, database: Database, wakeups: Wakeups, clock: Clock, capacity: Capacity) -> None:
        self._database, self._wakeups, self._clock, self._capacity = database, wakeups, clock, capacity
        self._lock = asyncio.Lock()
        self._snapshot: QueueSnapshot | None = None
        self._wakeup = asyncio.Event()
        self._read_at = float("-inf")
        self._interval = MIN_INTERVAL_SECONDS
        self._watched_at: dict[int, float] = {}

    async def current(self, job_id: int) -> QueueSnapshot:
        """Read the rows, unless somebody has just done so and nothing has moved since."""
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
            places = await queue.list_places(connection, found.keys())
            depth, every = await queue.get_depth(connection), await accounts.list_all(connection)
        waiting = {job.id: job for job in found.values() if job.state in WAITING}
        return QueueSnapshot(views.queue_state(every, depth, self._capacity, now), places, waiting)
