"""Long polling: asks Telegram for updates and has them answered, in order in a chat and side by side across chats.

Telegram forgets an update when we ask for a later one. We do that only after it is dealt with, its job stored: a crash
at any moment means that Telegram sends it again, and its source makes the second time harmless.
"""

import asyncio

import structlog
from telegram import Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.clock import Clock
from handlers.telegram.albums import Album
from handlers.telegram.answering import Answering, Interrupted
from handlers.telegram.errors import OWNER_PAUSE, pause
from handlers.telegram.inbox import Inbox
from handlers.telegram.lanes import Lanes
from handlers.telegram.reading import ALLOWED_UPDATES, album_of, is_for_people, lane_of
from handlers.telegram.wire import Bot

log = structlog.get_logger(__name__)

POLL_SECONDS = 25
LOOK_AGAIN = 0.5  # seconds, while something is being dealt with: others may have written
CONFLICT_PAUSE = 10.0
LONGEST_PAUSE = 30.0
FAREWELL_SECONDS = 3.0
STOP_SECONDS = 10.0  # for what is being dealt with when told to stop


class Receiver:
    """One bot's receiver. `run` goes on until it is cancelled, `finish` ends things in good order after that."""

    def __init__(self, bot: Bot, answering: Answering, clock: Clock) -> None:
        self._bot = bot
        self._answering = answering
        self._clock = clock
        self._inbox = Inbox()
        self._lanes = Lanes()
        self._albums: dict[str, tuple[Album, asyncio.Task[None]]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
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
                self.take(update)
            if self._tasks:
                await asyncio.wait(self._tasks.values(), timeout=LOOK_AGAIN)

    async def finish(self) -> None:
        """Let what has begun come to its end, then acknowledge it. What doesn't end in time comes again."""
        self._answering.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        offset = self._inbox.offset()
        if offset is None:
            return
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._bot.get_updates(offset=offset, limit=1, timeout=0, allowed_updates=ALLOWED_UPDATES)
        except (TelegramError, TimeoutError) as error:
            log.info("the last updates were not acknowledged and will come again", error=type(error).__name__)

    def take(self, update: Update) -> None:
        """Start to deal with an update, once."""
        if not self._inbox.take(update.update_id):
            return
        task = self._started(update)
        if task is None:
            self._inbox.finish(update.update_id)
            return
        self._tasks[update.update_id] = task
        task.add_done_callback(lambda done: self._done(update.update_id, done))

    async def _ask(self) -> tuple[Update, ...]:
        return await self._bot.get_updates(
            offset=self._inbox.offset(),
            timeout=0 if self._tasks else POLL_SECONDS,
            allowed_updates=ALLOWED_UPDATES,
        )

    def _started(self, update: Update) -> asyncio.Task[None] | None:
        lane, message, query = lane_of(update), update.message, update.callback_query
        if message is not None and is_for_people(message):
            name = album_of(update)
            if name is not None:
                return self._album(lane, name, update)
            return self._lanes.start(lane, lambda: self._answering.message([message]))
        if query is not None:
            return self._lanes.start(lane, lambda: self._answering.press(query))
        return None

    def _album(self, lane: int | None, name: str, update: Update) -> asyncio.Task[None]:
        """A new album, or one more picture of an album that is still open."""
        assert update.message is not None
        if name in self._albums:
            album, task = self._albums[name]
            album.add(update.message)
            return task
        album = Album([update.message])

        async def answer() -> None:
            del self._albums[name]
            await self._answering.message(album.messages)

        task = self._lanes.start(lane, answer, ready=lambda: album.complete(self._clock))
        self._albums[name] = album, task
        return task

    def _done(self, update_id: int, task: asyncio.Task[None]) -> None:
        self._tasks.pop(update_id, None)
        if not task.cancelled() and not isinstance(task.exception(), Interrupted):
            self._inbox.finish(update_id)

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
                if self._failures == 1:
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
