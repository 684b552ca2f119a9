"""A bell: whoever changed a row rings it, whoever waits for rows looks again. Rows are the truth, a ring is a hint."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.runtime.clock import Clock
from bot.runtime.event_loop import run_until
from storage.database import Database

log = structlog.get_logger(__name__)

CALM_SECONDS = 0.02  # between two words to the other processes, however often it is rung here


class Wakeups:
    """Take a ticket, look at the rows, then wait for the ticket: a ring in between is not missed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._untold = asyncio.Event()

    def notify(self) -> None:
        self._untold.set()
        self.notify_local()

    def notify_local(self) -> None:
        """It was rung elsewhere."""
        self._event.set()
        self._event = asyncio.Event()

    def subscribe(self) -> asyncio.Event:
        """Set by the next ring."""
        return self._event

    async def forward(self, database: Database, clock: Clock, stop: asyncio.Event) -> None:
        """Pass rings on to all processes at the database until told to stop; many at once are one."""
        while not stop.is_set():
            if await clock.wait(self._untold, 1.0):
                self._untold.clear()
                try:
                    await database.notify()
                except SQLAlchemyError as error:  # a hint less: everybody looks every second
                    log.info("the bell was not heard elsewhere", error=type(error).__name__)
                await clock.wait(stop, CALM_SECONDS)

    async def listen(self, database: Database, stop: asyncio.Event) -> None:
        """Ring here when it was rung elsewhere, until told to stop."""
        await run_until(stop, database.listen(self.notify_local))
