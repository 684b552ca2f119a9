"""The board in the hall: everything that waits, read once for all who watch.

A hundred open pages that each ask the rows after every ring would keep a processor busy with nothing else.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot import views
from bot.bell import Bell
from bot.clock import Clock
from bot.views import Lanes, Pulse
from storage import accounts, jobs
from storage.database import Database
from storage.jobs import Job, State
from storage.queue import Depth, Place

LEAST_SECONDS = 0.1  # between two readings, however often the bell rings
MOST_SECONDS = 1.0  # a ring is a hint; the rows are read this often anyway
LEISURE = 9.0  # times as long as a reading takes, until the next: a thousand pages look less often


@dataclass(frozen=True)
class Sight:
    """The queue at one moment. `waiting`: every job that waits or runs, by id."""

    beat: Pulse
    line: Mapping[int, Place]
    waiting: Mapping[int, Job]


class Board:
    """Whoever looks sees what was true after the last ring."""

    def __init__(self, database: Database, bell: Bell, clock: Clock, lanes: Lanes) -> None:
        self._database, self._bell, self._clock, self._lanes = database, bell, clock, lanes
        self._turn = asyncio.Lock()
        self._sight: Sight | None = None
        self._rung = asyncio.Event()
        self._at = float("-inf")
        self._pause = LEAST_SECONDS

    async def look(self) -> Sight:
        """Read the rows, unless somebody has just done so and nothing has moved since."""
        async with self._turn:
            age = self._clock.now() - self._at
            if self._sight is not None and age < MOST_SECONDS and not self._rung.is_set():
                return self._sight
            await self._clock.sleep(max(0.0, self._pause - age))
            rung, at = self._bell.ticket(), self._clock.now()
            self._sight, self._rung, self._at = await self._read(at), rung, at
            self._pause = min(MOST_SECONDS, max(LEAST_SECONDS, LEISURE * (self._clock.now() - at)))
            return self._sight

    async def _read(self, now: float) -> Sight:
        async with self._database.read() as connection:
            waiting, every = await jobs.waiting(connection), await accounts.every(connection)
        beat = views.beat(every, depth_of(waiting), self._lanes, now)
        return Sight(beat, line_of(waiting), {job.id: job for job in waiting})


def line_of(waiting: Iterable[Job]) -> dict[int, Place]:
    """Everybody's place, as `queue.line` reads it. Pure."""
    places: dict[int, Place] = {}
    seen: set[int] = set()
    queued = [job for job in waiting if job.state == State.QUEUED]
    for number, job in enumerate(sorted(queued, key=lambda job: (job.tag or 0, job.id)), start=1):
        places[job.id] = Place(number, is_first=job.person_id not in seen)
        seen.add(job.person_id)
    return places


def depth_of(waiting: Iterable[Job]) -> Depth:
    """The queue from afar, as `queue.depth` reads it. Pure."""
    shown = [job for job in waiting if job.state != State.FETCHING]
    running = [job for job in shown if job.state != State.QUEUED]
    oldest = min((job.submitted for job in running if job.submitted is not None), default=None)
    return Depth(len(shown) - len(running), len(running), oldest)
