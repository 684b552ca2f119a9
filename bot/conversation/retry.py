"""Tries again what fails for now, and gives up politely."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bot.messaging.platform import TargetGone, TryLater
from bot.runtime.clock import Clock

log = structlog.get_logger(__name__)

T = TypeVar("T")

ATTEMPTS = 6
MAX_WAIT_SECONDS = 60.0  # seconds between two attempts
BACKOFF_SECONDS = 2.0


class Interrupted(Exception):
    """We were told to stop while an update waited for its next attempt: it has to come again."""


class Retry:
    """Does work until it is done. Raises nothing but Interrupted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Finish the attempts that are under way, begin no new ones."""
        self._stopping.set()

    async def until_done(self, work: Callable[[], Awaitable[T]], *, failed: T, attempts: int = ATTEMPTS) -> T | None:
        """The outcome of `work`, tried again when patience is asked for; `failed` when that was in vain, None when
        nobody is there to be told.

        The core makes repeats harmless: a source stands for one job.
        """
        for attempt in range(1, attempts + 1):
            wait = BACKOFF_SECONDS * 2**attempt
            try:
                return await work()
            except TargetGone:
                return None
            except TryLater as patience:
                wait = patience.retry_after
            except Exception:  # anything may fail below, the database too; one update must not stop the others
                log.exception("an update could not be dealt with", attempt=attempt)
            if attempt < attempts and await self._clock.wait(self._stopping, min(wait, MAX_WAIT_SECONDS)):
                raise Interrupted
        log.warning("an update was given up", attempts=attempts)
        return failed
