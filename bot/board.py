"""The board in the hall: everything that waits, read once for all who watch.

A hundred open pages that each ask the rows after every ring would keep a processor busy with nothing else.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bot.bell import Bell
from bot.clock import Clock
from bot.views import Lanes, Pulse, pulse
from storage import jobs, queue
from storage.database import Database
from storage.jobs import Job
from storage.queue import Place

LEAST_SECONDS = 0.1  # between two readings, however often the bell rings
MOST_SECONDS = 1.0  # a ring is a hint; the rows are read this often anyway


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

    async def look(self) -> Sight:
        """Read the rows, unless somebody has just done so and nothing has moved since."""
        async with self._turn:
            age = self._clock.now() - self._at
            if self._sight is not None and age < MOST_SECONDS and not self._rung.is_set():
                return self._sight
            await self._clock.sleep(max(0.0, LEAST_SECONDS - age))
            rung, at = self._bell.ticket(), self._clock.now()
            self._sight, self._rung, self._at = await self._read(at), rung, at
            return self._sight

    async def _read(self, now: float) -> Sight:
        async with self._database.read() as connection:
            waiting = await jobs.waiting(connection)
            beat, line = await pulse(connection, self._lanes, now), await queue.line(connection)
        return Sight(beat, line, {job.id: job for job in waiting})
