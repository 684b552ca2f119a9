"""Long polling: fetches updates and acknowledges them only after they have been processed.

Telegram drops an update once a higher offset is requested. We request it only after the update has been processed and
its job stored. After a crash Telegram sends the update again, and its source id makes processing it twice harmless.
"""

import asyncio

import structlog
from telegram import Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.runtime.clock import Clock
from handlers.telegram.bot_client import Bot
from handlers.telegram.errors import TOKEN_RETRY_SECONDS, retry_seconds
from handlers.telegram.offsets import Offsets
from handlers.telegram.update_dispatcher import UpdateDispatcher
from handlers.telegram.update_kinds import ALLOWED_UPDATES

log = structlog.get_logger(__name__)

POLL_TIMEOUT = 25  # seconds; all below too
BUSY_POLL_SECONDS = 0.5  # between polls while updates are being processed
HANDOVER_SECONDS, CONFLICT_SECONDS = 2.0, 10.0
MAX_BACKOFF_SECONDS = 30.0
ACKNOWLEDGE_TIMEOUT = 3.0


class LongPoller:
    """Polls for one bot. `run` goes on until it is cancelled; call `shutdown` after that."""

    def __init__(self, bot: Bot, dispatcher: UpdateDispatcher, clock: Clock) -> None:
        self._bot = bot
        self._dispatcher = dispatcher
        self._clock = clock
        self._offsets = Offsets()
        self._failures = 0

    async def run(self) -> None:
        """Poll and dispatch updates, until cancelled."""
        while True:
            try:
                updates = await self._get_updates()
                self._failures = 0
            except TelegramError as error:
                await self._clock.sleep(self._retry_delay(error))
                continue
            except Exception:  # the library may fail on a payload that `payload_filter` let through
                log.exception("updates could not be parsed")
                await self._clock.sleep(TOKEN_RETRY_SECONDS)
                continue
            for update in updates:
                if self._offsets.add(update.update_id):
                    self._dispatcher.dispatch(update, self._offsets.mark_done)
            if self._dispatcher.tasks:
                await asyncio.wait(self._dispatcher.tasks.values(), timeout=BUSY_POLL_SECONDS)

    async def shutdown(self) -> None:
        """Let running tasks finish, then acknowledge their updates. Unfinished updates are delivered again."""
        await self._dispatcher.shutdown()
        offset = self._offsets.offset()
        if offset is None:
            return
        try:
            async with asyncio.timeout(ACKNOWLEDGE_TIMEOUT):
                await self._bot.get_updates(offset=offset, limit=1, timeout=0, allowed_updates=ALLOWED_UPDATES)
        except (TelegramError, TimeoutError) as error:
            log.info("the last updates were not acknowledged and will be delivered again", error=type(error).__name__)

    async def _get_updates(self) -> tuple[Update, ...]:
        return await self._bot.get_updates(
            offset=self._offsets.offset(),
            timeout=0 if self._dispatcher.tasks else POLL_TIMEOUT,
            allowed_updates=ALLOWED_UPDATES,
        )

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
