"""Long polling: asks Telegram for updates, and forgets none before it is dealt with.

Telegram forgets an update when we ask for a later one. We do that only after it is dealt with, its job stored: a crash
at any moment means that Telegram sends it again, and its source makes the second time harmless.
"""

import asyncio

import structlog
from telegram import Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.runtime.clock import Clock
from handlers.telegram.bot_client import Bot
from handlers.telegram.errors import OWNER_PAUSE, pause
from handlers.telegram.offsets import Inbox
from handlers.telegram.update_dispatcher import Taking
from handlers.telegram.update_kinds import ALLOWED_UPDATES

log = structlog.get_logger(__name__)

POLL_SECONDS = 25
LOOK_AGAIN = 0.5  # seconds, while something is being dealt with: others may have written
HANDOVER_PAUSE, CONFLICT_PAUSE = 2.0, 10.0
LONGEST_PAUSE = 30.0
FAREWELL_SECONDS = 3.0


class Receiver:
    """One bot's receiver. `run` goes on until it is cancelled, `finish` ends things in good order after that."""

    def __init__(self, bot: Bot, taking: Taking, clock: Clock) -> None:
        self._bot = bot
        self._taking = taking
        self._clock = clock
        self._inbox = Inbox()
        self._failures = 0

    async def run(self) -> None:
        """Ask, deal, ask again."""
        while True:
            try:
                updates = await self._ask()
                self._failures = 0
            except TelegramError as error:
                await self._clock.sleep(self._patience(error))
                continue
            except Exception:  # the library may stumble over what it reads; the next time it may not
                log.exception("updates could not be read")
                await self._clock.sleep(OWNER_PAUSE)
                continue
            for update in updates:
                if self._inbox.take(update.update_id):
                    self._taking.take(update, self._inbox.finish)
            if self._taking.tasks:
                await asyncio.wait(self._taking.tasks.values(), timeout=LOOK_AGAIN)

    async def finish(self) -> None:
        """Let what has begun come to its end, then acknowledge it. What doesn't end in time comes again."""
        await self._taking.finish()
        offset = self._inbox.offset()
        if offset is None:
            return
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._bot.get_updates(offset=offset, limit=1, timeout=0, allowed_updates=ALLOWED_UPDATES)
        except (TelegramError, TimeoutError) as error:
            log.info("the last updates were not acknowledged and will come again", error=type(error).__name__)

    async def _ask(self) -> tuple[Update, ...]:
        return await self._bot.get_updates(
            offset=self._inbox.offset(),
            timeout=0 if self._taking.tasks else POLL_SECONDS,
            allowed_updates=ALLOWED_UPDATES,
        )

    def _patience(self, error: TelegramError) -> float:
        """Seconds until the next try; says what is wrong, the first time."""
        self._failures += 1
        match error:
            case RetryAfter():
                return pause(error)
            case InvalidToken():
                if self._failures == 1:
                    log.error("Telegram does not accept the token, or TELEGRAM_API_URL leads elsewhere")
                return OWNER_PAUSE
            case Conflict():
                if self._failures == 1:  # whoever received before us may not have noticed yet that it is our turn
                    log.info("somebody else still receives this bot's updates")
                    return HANDOVER_PAUSE
                if self._failures == 2:
                    log.error("another program receives this bot's updates: stop it, or give each bot its own token")
                return CONFLICT_PAUSE
            case TimedOut() if self._failures == 1:
                return 0.0
            case NetworkError():
                if self._failures == 3:
                    log.warning("Telegram can't be reached", error=type(error).__name__)
                return min(LONGEST_PAUSE, 2.0 ** min(self._failures, 10) / 2)
            case _:
                log.warning("Telegram answered oddly", error=type(error).__name__)
                return OWNER_PAUSE
