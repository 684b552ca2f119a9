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

LEAST_SECONDS = 0.1  # between two readings, however often the bell rings
MOST_SECONDS = 1.0  # a ring is a hint; the rows are read this often anyway
ASKED_SECONDS = 10.0  # after the last look at a job, it is no longer read
LEISURE = 9.0  # times as long as a reading takes, until the next: a thousand pages look less often


@dataclass(frozen=True)
class QueueSnapshot:
    """The queue at one moment. `waiting`: those of the watched jobs that wait or run, by id; `line`: their places."""

    state: QueueState
    places: Mapping[int, Place]
    waiting: Mapping[int, Job]


class QueueSnapshots:
    """Whoever looks sees what was true after the last ring. A job that nobody has looked at before is on it from the
    next reading on: ten thousand may wait, and only few are watched."""

    def __init__(self, database: Database, wakeups: Wakeups, clock: Clock, capacity: Capacity) -> None:
        self._database, self._bell, self._clock, self._lanes = database, wakeups, clock, capacity
        self._turn = asyncio.Lock()
        self._sight: QueueSnapshot | None = None
        self._rung = asyncio.Event()
        self._at = float("-inf")
        self._pause = LEAST_SECONDS
        self._asked: dict[int, float] = {}

    async def current(self, job_id: int) -> QueueSnapshot:
        """Read the rows, unless somebody has just done so and nothing has moved since."""
        self._asked[job_id] = self._clock.now()
        async with self._turn:
            age = self._clock.now() - self._at
            if self._sight is not None and age < MOST_SECONDS and not self._rung.is_set():
                return self._sight
            await self._clock.sleep(max(0.0, self._pause - age))
            rung, at = self._bell.subscribe(), self._clock.now()
            self._sight, self._rung, self._at = await self._read(at), rung, at
            self._pause = min(MOST_SECONDS, max(LEAST_SECONDS, LEISURE * (self._clock.now() - at)))
            return self._sight

    async def _read(self, now: float) -> QueueSnapshot:
        self._asked = {job_id: at for job_id, at in self._asked.items() if now - at < ASKED_SECONDS}
        async with self._database.read() as connection:
            found = await jobs.get_many(connection, list(self._asked))
            line = await queue.list_places(connection, found.keys())
            depth, every = await queue.get_depth(connection), await accounts.list_all(connection)
        waiting = {job.id: job for job in found.values() if job.state in WAITING}
        return QueueSnapshot(views.queue_state(every, depth, self._lanes, now), line, waiting)
