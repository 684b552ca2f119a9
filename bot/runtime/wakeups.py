"""Wake-ups: whoever has changed a row notifies those who wait for rows, and they look again.

The rows are the truth; a wake-up is only a hint.
"""

import asyncio
from enum import Enum, auto

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.runtime.clock import Clock
from bot.runtime.event_loop import run_until
from storage.database import Database

log = structlog.get_logger(__name__)

FORWARD_SECONDS = 0.02  # between two notifications of the other processes


class Topic(Enum):
    """What a change may be about. Whoever is not concerned is not woken: a look costs more than a wake-up."""

    QUEUE = auto()  # what may be claimed: jobs, their cards, slots, accounts
    CARDS = auto()  # what cards and pages show
    PAGES = auto()  # what only pages show


class Wakeups:
    """Subscribe, look at the rows, then wait for the event: a wake-up in between is not missed."""

    def __init__(self) -> None:
        self._events: dict[Topic | None, asyncio.Event] = {topic: asyncio.Event() for topic in (None, *Topic)}
        self._unforwarded = asyncio.Event()

    def notify(self, *topics: Topic) -> None:
        """Wake up those whom one of these topics concerns; without any, everybody."""
        self._unforwarded.set()
        self._wake(topics or tuple(Topic))

    def notify_local(self) -> None:
        """Wake up only this process, for a change made elsewhere."""
        self._wake(tuple(Topic))

    def subscribe(self, topic: Topic | None = None) -> asyncio.Event:
        """An event that the next wake-up about this topic sets, or (None) the next one about anything."""
        return self._events[topic]

    def _wake(self, topics: tuple[Topic, ...]) -> None:
        for topic in (None, *topics):
            self._events[topic].set()
            self._events[topic] = asyncio.Event()

    async def forward(self, database: Database, clock: Clock, stop: asyncio.Event) -> None:
        """Forward wake-ups to all processes at the database until told to stop; many at once are forwarded as one."""
        while not stop.is_set():
            if await clock.wait(self._unforwarded, 1.0):
                self._unforwarded.clear()
                try:
                    await database.notify()
                except SQLAlchemyError as error:  # a hint is lost: everybody looks every second anyway
                    log.info("could not notify other processes", error=type(error).__name__)
                await clock.wait(stop, FORWARD_SECONDS)

    async def listen(self, database: Database, stop: asyncio.Event) -> None:
        """Wake up this process when another one notifies, until told to stop."""
        await run_until(stop, database.listen(self.notify_local))
