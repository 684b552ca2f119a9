"""Long polling: fetches updates, and acknowledges them when they are stored.

Telegram drops an update once a higher offset is requested. We request it only after the update has been stored; it is
handled from there. After a crash Telegram sends what was not acknowledged again, and its number is known.
"""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.cluster.update_inbox import InboxFull
from bot.runtime.clock import Clock
from handlers.telegram.bot_client import Bot
from handlers.telegram.errors import TOKEN_RETRY_SECONDS, retry_seconds
from handlers.telegram.raw_updates import RawUpdates
from handlers.telegram.update_intake import UpdateIntake, update_id
from handlers.telegram.update_kinds import ALLOWED_UPDATES

log = structlog.get_logger(__name__)

POLL_TIMEOUT = 25  # seconds; all below too
HANDOVER_SECONDS, CONFLICT_SECONDS = 2.0, 10.0
MAX_BACKOFF_SECONDS = 30.0
STORE_RETRY_SECONDS = 1.0  # also after an answer in which nothing has an id


class LongPoller:
    """Polls for one bot. `run` goes on until it is cancelled. `received`: where the bot's connection puts updates."""

    def __init__(self, bot: Bot, received: RawUpdates, intake: UpdateIntake, clock: Clock) -> None:
        self._bot = bot
        self._received = received
        self._intake = intake
        self._clock = clock
        self._offset: int | None = None  # from the oldest that Telegram keeps
        self._failures = 0

    async def run(self) -> None:
        """Poll and store updates, until cancelled."""
        while True:
            try:
                updates = await self._get_updates()
                self._failures = 0
                await self._intake.store(updates)
            except TelegramError as error:
                await self._clock.sleep(self._retry_delay(error))
            except (SQLAlchemyError, InboxFull) as error:
                log.warning("updates could not be stored yet", error=type(error).__name__)
                await self._clock.sleep(STORE_RETRY_SECONDS)
            except Exception:  # one that nobody foresaw must not end the polling
                log.exception("updates could not be read")
                await self._clock.sleep(MAX_BACKOFF_SECONDS)
            else:
                await self._acknowledge(updates)

    async def _get_updates(self) -> Sequence[Any]:
        await self._bot.get_updates(offset=self._offset, timeout=POLL_TIMEOUT, allowed_updates=ALLOWED_UPDATES)
        return self._received.take()

    async def _acknowledge(self, updates: Sequence[Any]) -> None:
        """Ask for later ones from now on."""
        numbers = [number for update in updates if (number := update_id(update)) is not None]
        if numbers:
            self._offset = numbers[-1] + 1  # not the maximum: after a quiet week Telegram continues from a random id
        elif updates:
            log.error("updates without an id were left out")
            await self._clock.sleep(STORE_RETRY_SECONDS)

    def _retry_delay(self, error: TelegramError) -> float:
        """Seconds until the next attempt. A cause that lasts is logged once."""
        self._failures += 1
        match error:
            case RetryAfter():
                return retry_seconds(error)
            case InvalidToken():
                if self._failures == 1:
                    log.error("Telegram does not accept the token, or TELEGRAM_API_URL leads elsewhere")
                return TOKEN_RETRY_SECONDS
            case Conflict():
                if self._failures == 1:  # the previous leader may not have stopped polling yet
                    log.info("another process is still polling for updates")
                    return HANDOVER_SECONDS
                if self._failures == 2:
                    log.error("another program receives this bot's updates: stop it, or give each bot its own token")
                return CONFLICT_SECONDS
            case TimedOut() if self._failures == 1:
                return 0.0
            case NetworkError():
                if self._failures == 3:
                    log.warning("Telegram can't be reached", error=type(error).__name__)
                return min(MAX_BACKOFF_SECONDS, 2.0 ** min(self._failures, 10) / 2)
            case _:
                log.warning("unexpected error from Telegram", error=type(error).__name__)
                return TOKEN_RETRY_SECONDS
