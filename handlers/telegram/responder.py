"""Handles messages and callback queries: passes each to the core and shows the answer."""

from collections.abc import Sequence

from telegram import CallbackQuery, Message
from telegram.error import BadRequest

from bot.conversation.buttons import ButtonRouter
from bot.conversation.messages import MessageRouter
from bot.conversation.responder import Responder, Retry
from bot.messaging.incoming import CallbackAnswer
from bot.messaging.platform import Address, Card
from handlers.telegram.albums import Separated
from handlers.telegram.errors import translate_errors
from handlers.telegram.parsing import Lookups, has_spoiler, parse_callback_query, parse_messages
from handlers.telegram.platform import TelegramPlatform

MAX_NOTICE_LENGTH = 200  # characters


class TelegramResponder:
    """Answers messages and callback queries. Raises only Interrupted."""

    def __init__(
        self,
        platform: TelegramPlatform,
        lookups: Lookups,
        message_router: MessageRouter,
        button_router: ButtonRouter,
        retry: Retry,
    ) -> None:
        self._platform = platform
        self._lookups = lookups
        self._message_router = message_router
        self._button_router = button_router
        self._retry = retry
        self._responder = Responder(platform, retry)

    async def on_message(
        self, messages: Sequence[Message], *, edited: bool = False, separated: Separated | None = None
    ) -> None:
        """Handle a message, or all messages of an album.

        `separated`: they are a part of an album that is a request of its own.
        """
        request = parse_messages(messages, self._lookups, edited=edited, separated=separated)
        spoilers = [str(message.message_id) for message in messages if has_spoiler(message)]
        if any(has_spoiler(message.reply_to_message or message.external_reply) for message in messages):
            spoilers.append(request.message_id)
        if spoilers:
            spoilers.append(request.message_id)  # an album's card replies to this message
            await self._platform.writer.chat_state.mark_spoilers(request.chat, spoilers)
        failure: Card | None = self._message_router.failure_card(request.person)
        card = await self._retry.until_done(lambda: self._message_router.answer(request), failed=failure)
        if card is not None:
            await self._responder.show(Address(request.chat, reply_to=request.message_id, person=request.person), card)

    async def on_callback_query(self, query: CallbackQuery) -> None:
        """Handle a button press. The client shows a spinner until the query is answered, so it always is."""
        request = parse_callback_query(query, self._lookups)
        if request is None:
            return
        failure = self._button_router.failure_answer(request.person)
        answer = await self._retry.until_done(lambda: self._button_router.press(request), failed=failure)
        if answer is not None:
            await self._retry.until_done(lambda: self._answer_callback_query(query, answer), failed=None)
            await self._responder.carry_out(request, answer)

    async def _answer_callback_query(self, query: CallbackQuery, answer: CallbackAnswer) -> None:
        text = answer.notice[:MAX_NOTICE_LENGTH] or None
        with translate_errors():
            try:
                await self._platform.writer.bot.answer_callback_query(query.id, text, show_alert=answer.alert)
            except BadRequest:  # the query is too old to be answered
                return
