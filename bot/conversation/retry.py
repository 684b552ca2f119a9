"""Retries work that fails temporarily, a limited number of times."""

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
    """The process is stopping while an update waits for its next attempt: the update has to be delivered again."""


class Retry:
    """Runs work until it succeeds. Raises only Interrupted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let current attempts finish; waits for further ones raise Interrupted."""
        self._stopping.set()

    async def until_done(self, work: Callable[[], Awaitable[T]], *, failed: T, attempts: int = ATTEMPTS) -> T | None:
        """The result of `work`, retried on errors; `failed` after `attempts` attempts, None on TargetGone.

        Repeating a request is harmless: a source makes only one job.

        Raises:
            Interrupted: `stop` was called while waiting for the next attempt.
        """
        for attempt in range(1, attempts + 1):
            wait = BACKOFF_SECONDS * 2**attempt
            try:
                return await work()
            except TargetGone:
                return None
            except TryLater as error:
                wait = error.retry_after
            except Exception:  # anything may fail below, the database too; one update must not stop the others
                log.exception("an update could not be handled", attempt=attempt)
            if attempt < attempts and await self._clock.wait(self._stopping, min(wait, MAX_WAIT_SECONDS)):
                raise Interrupted
        log.warning("an update was given up", attempts=attempts)
        return failed
