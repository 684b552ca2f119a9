"""Answers messages and presses: hands each to the core, then shows what the core says."""

from collections.abc import Sequence

from telegram import CallbackQuery, Message
from telegram.error import BadRequest

from bot.conversation.buttons import ButtonRouter
from bot.conversation.messages import MessageRouter
from bot.conversation.responder import Responder
from bot.conversation.retry import Retry
from bot.messaging.callbacks import CallbackAnswer
from bot.messaging.platform import Address, Card
from handlers.telegram.errors import translated
from handlers.telegram.parsing import Source, has_spoiler, incoming, pressed
from handlers.telegram.platform import TelegramPlatform

MAX_NOTICE = 200  # characters


class Answering:
    """Answers messages and presses. Raises nothing but Interrupted."""

    def __init__(
        self,
        platform: TelegramPlatform,
        source: Source,
        conversation: MessageRouter,
        presses: ButtonRouter,
        patience: Retry,
    ) -> None:
        self._platform = platform
        self._source = source
        self._conversation = conversation
        self._presses = presses
        self._patience = patience
        self._telling = Responder(platform, patience)

    async def message(self, messages: Sequence[Message], *, edited: bool = False, after: str | None = None) -> None:
        """A message, or all of an album. `after`: what the album said, of a picture that came too late for it."""
        request = incoming(messages, self._source, edited=edited, after=after)
        veiled = [str(message.message_id) for message in messages if has_spoiler(message)]
        if any(has_spoiler(message.reply_to_message or message.external_reply) for message in messages):
            veiled.append(request.message_id)
        if veiled:
            veiled.append(request.message_id)  # what an album's card answers
            await self._platform.pen.memory.mark_spoilers(request.chat, veiled)
        sorry: Card | None = self._conversation.sorry(request.person)
        card = await self._patience.until_done(lambda: self._conversation.answer(request), failed=sorry)
        if card is not None:
            await self._telling.show(Address(request.chat, reply_to=request.message_id), card)

    async def press(self, query: CallbackQuery) -> None:
        """A press of a button. Telegram shows that it waits until the press is answered, so it always is."""
        request = pressed(query, self._source)
        if request is None:
            return
        sorry = self._presses.sorry(request.person)
        answer = await self._patience.until_done(lambda: self._presses.press(request), failed=sorry)
        if answer is not None:
            await self._patience.until_done(lambda: self._notice(query, answer), failed=None)
            await self._telling.carry_out(request, answer)

    async def _notice(self, query: CallbackQuery, answer: CallbackAnswer) -> None:
        words = answer.notice[:MAX_NOTICE] or None
        with translated():
            try:
                await self._platform.pen.bot.answer_callback_query(query.id, words, show_alert=answer.alert)
            except BadRequest:  # pressed so long ago that nobody waits any more
                return
