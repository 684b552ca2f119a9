"""Answers one update: hands it to the core, then shows what the core says. What fails for now is tried again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog
from telegram import CallbackQuery, Message, User
from telegram.error import BadRequest

from bot.chat import Address, Card, Gone, NotNow
from bot.clock import Clock
from bot.conversation import Conversation
from bot.presses import Answer, Pressed, Presses
from bot.studio import Studio
from handlers.telegram.errors import translated
from handlers.telegram.files import read_file
from handlers.telegram.reading import incoming, pressed
from handlers.telegram.showing import TelegramPlatform
from handlers.telegram.wire import Bot

log = structlog.get_logger(__name__)

T = TypeVar("T")

ATTEMPTS = 6
LONGEST_WAIT = 60.0  # seconds between two attempts
TROUBLE_PAUSE = 2.0
MAX_NOTICE = 200  # characters


class Interrupted(Exception):
    """We were told to stop while an update waited for its next attempt: it has to come again."""


class Answering:
    """Answers messages and presses. Raises nothing but Interrupted."""

    def __init__(self, bot: Bot, platform: TelegramPlatform, studio: Studio, us: User, clock: Clock) -> None:
        self._bot = bot
        self._platform = platform
        self._clock = clock
        self._stopping = asyncio.Event()
        self._us = us
        self._conversation = Conversation(studio, us.username or "", studio.clock.now)
        self._presses = Presses(studio, studio.clock.now)

    def stop(self) -> None:
        """Finish the attempts that are under way, begin no new ones."""
        self._stopping.set()

    async def message(self, messages: Sequence[Message]) -> None:
        """A message, or all of an album."""
        request = incoming(messages, self._us, lambda file: read_file(self._bot, file))
        sorry: Card | None = self._conversation.sorry(request.person)
        card = await self._patiently(lambda: self._conversation.hear(request), failed=sorry)
        if card is not None:
            where = Address(request.chat, reply_to=request.message_id)
            await self._patiently(lambda: self._platform.show(where, card), failed="")

    async def press(self, query: CallbackQuery) -> None:
        """A press of a button. Telegram shows that it waits until the press is answered, so it always is."""
        request = pressed(query, self._us)
        if request is None:
            return
        answer = await self._patiently(lambda: self._presses.press(request), failed=self._presses.sorry(request.person))
        if answer is not None:
            await self._patiently(lambda: self._notice(query, answer), failed=None)
            await self._patiently(lambda: self._carry_out(request, answer), failed=None)

    async def _notice(self, query: CallbackQuery, answer: Answer) -> None:
        words = answer.notice[:MAX_NOTICE] or None
        with translated():
            try:
                await self._bot.answer_callback_query(query.id, words, show_alert=answer.alert)
            except BadRequest:  # pressed so long ago that nobody waits any more
                return

    async def _carry_out(self, request: Pressed, answer: Answer) -> None:
        here = Address(request.chat, message_id=request.message_id)
        if answer.remove:
            await self._platform.remove(here, answer.notice)
        elif answer.rows is not None:
            await self._platform.set_rows(here, answer.rows)
        elif answer.card is not None:
            await self._platform.show(Address(request.chat, reply_to=request.message_id), answer.card)

    async def _patiently(self, work: Callable[[], Awaitable[T]], *, failed: T) -> T | None:
        """The outcome of `work`, tried again when patience is asked for; None when nobody is there to be told.

        The core makes repeats harmless: a source stands for one job.
        """
        for attempt in range(1, ATTEMPTS + 1):
            wait = TROUBLE_PAUSE * 2**attempt
            try:
                return await work()
            except Gone:
                return None
            except NotNow as patience:
                wait = patience.retry_after
            except Exception:  # anything may fail below, the database too; one update must not stop the others
                log.exception("an update could not be dealt with", attempt=attempt)
            if attempt < ATTEMPTS and await self._clock.wait(self._stopping, min(wait, LONGEST_WAIT)):
                raise Interrupted
        log.warning("an update was given up", attempts=ATTEMPTS)
        return failed
