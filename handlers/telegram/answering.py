"""Answers messages and presses: hands each to the core, then shows what the core says."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from typing import cast

from telegram import CallbackQuery, Message
from telegram.error import BadRequest

from bot.answers import Answer, Pressed
from bot.chat import Address, Card
from bot.conversation import Conversation
from bot.incoming import Incoming
from bot.presses import Presses
from handlers.telegram.errors import translated
from handlers.telegram.patience import Patience
from handlers.telegram.reading import Source, has_spoiler, incoming, pressed
from handlers.telegram.showing import TelegramPlatform

MAX_NOTICE = 200  # characters


class Answering:
    """Answers messages and presses. Raises nothing but Interrupted."""

    def __init__(
        self,
        platform: TelegramPlatform,
        source: Source,
        conversation: Conversation,
        presses: Presses,
        patience: Patience,
    ) -> None:
        self._platform = platform
        self._source = source
        self._conversation = conversation
        self._presses = presses
        self._patience = patience

    async def message(self, messages: Sequence[Message], *, edited: bool = False, after: str | None = None) -> None:
        """A message, or all of an album. `after`: what the album said, of a picture that came too late for it."""
        request = incoming(messages, self._source, edited=edited, after=after)
        veiled = [str(message.message_id) for message in messages if has_spoiler(message)]
        if any(has_spoiler(message.reply_to_message or message.external_reply) for message in messages):
            veiled.append(request.message_id)
        if veiled:
            await self._platform.pen.memory.veil(request.chat, veiled)
        sorry: Card | None = self._conversation.sorry(request.person)
        card = await self._patience.until_done(lambda: self._conversation.hear(request), failed=sorry)
        if card is not None:
            await self.show(request, card)

    async def show(self, request: Incoming | Pressed, card: Card) -> None:
        """A card as an answer, and what follows it."""
        where = Address(request.chat, reply_to=request.message_id)
        await self._patience.until_done(lambda: self._platform.show(where, card), failed="")
        if card.follow is not None:
            # Closing it lets go of the files that it holds, however the sending ends.
            async with aclosing(cast("AsyncGenerator[Card, None]", card.follow())) as more:
                async for one in more:
                    await self._patience.until_done(partial(self._platform.show, where, one), failed="")

    async def press(self, query: CallbackQuery) -> None:
        """A press of a button. Telegram shows that it waits until the press is answered, so it always is."""
        request = pressed(query, self._source)
        if request is None:
            return
        sorry = self._presses.sorry(request.person)
        answer = await self._patience.until_done(lambda: self._presses.press(request), failed=sorry)
        if answer is not None:
            await self._patience.until_done(lambda: self._notice(query, answer), failed=None)
            await self._carry_out(request, answer)

    async def _notice(self, query: CallbackQuery, answer: Answer) -> None:
        words = answer.notice[:MAX_NOTICE] or None
        with translated():
            try:
                await self._platform.pen.bot.answer_callback_query(query.id, words, show_alert=answer.alert)
            except BadRequest:  # pressed so long ago that nobody waits any more
                return

    async def _carry_out(self, request: Pressed, answer: Answer) -> None:
        here = Address(request.chat, message_id=request.message_id, person=request.person)
        platform, until_done = self._platform, self._patience.until_done
        if answer.remove:
            await until_done(lambda: platform.remove(here, answer.notice), failed=None)
        elif answer.edit is not None:
            edit = answer.edit
            await until_done(lambda: platform.show(here, edit), failed="")
        elif answer.rows is not None:
            rows = answer.rows
            await until_done(lambda: platform.set_rows(here, rows), failed=None)
        if answer.card is not None:
            await self.show(request, answer.card)
