"""Answers what is no message: inline words, guest messages, payments, and news of our part in a group."""

import asyncio
from dataclasses import replace
from typing import Any

import structlog
from telegram import Chat as TelegramChat
from telegram import (
    ChatMember,
    ChatMemberUpdated,
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultCachedPhoto,
    InlineQueryResultsButton,
    InputTextMessageContent,
    Message,
    PreCheckoutQuery,
)
from telegram.error import BadRequest

from bot.conversation.inline import InlinePage, InlineResult
from bot.conversation.messages import MessageRouter
from bot.conversation.retry import Retry
from bot.i18n import texts_for
from bot.messaging.incoming import IncomingMessage
from bot.messaging.platform import Address, Card, Chat, TargetGone
from handlers.telegram import rendering
from handlers.telegram.chat_state import INLINE
from handlers.telegram.errors import translated
from handlers.telegram.identities import bare_chat, chat_of, person_of
from handlers.telegram.lookups import TelegramSource
from handlers.telegram.parsing import incoming
from handlers.telegram.platform import TelegramPlatform

log = structlog.get_logger(__name__)

MOST_RESULTS = 50
CHECKOUT_SECONDS = 8.0  # Telegram waits for ten
START = "inline"  # what the button above inline results asks us to start with
GUEST_RESULT = "guest"
_INSIDE = frozenset({ChatMember.MEMBER, ChatMember.ADMINISTRATOR, ChatMember.RESTRICTED, ChatMember.OWNER})


class Asides:
    """Raises nothing but Interrupted."""

    def __init__(
        self, platform: TelegramPlatform, source: TelegramSource, conversation: MessageRouter, patience: Retry
    ) -> None:
        self._platform = platform
        self._bot = platform.pen.bot
        self._source = source
        self._conversation = conversation
        self._patience = patience

    async def inline(self, query: InlineQuery) -> None:
        """What people find when they write our name and a few words in any chat."""
        await self._patience.until_done(lambda: self._inline(query), failed=None, attempts=1)

    async def _inline(self, query: InlineQuery) -> None:
        person = person_of(query.from_user, None)
        page = await self._conversation.inline(person, query.query, query.offset)
        results = await self._drawn(page)
        button = InlineQueryResultsButton(page.hint, start_parameter=START) if page.hint else None
        with translated():
            try:
                await self._bot.answer_inline_query(
                    query.id, results, cache_time=0, is_personal=True, next_offset=page.next_offset, button=button
                )
            except BadRequest:  # typed on meanwhile: nobody waits for these any more
                return

    async def _drawn(self, page: InlinePage) -> list[InlineQueryResultCachedPhoto | InlineQueryResultArticle]:
        """The results that can be drawn: a picture only by the file that Telegram has of it."""
        jobs = [result.job for result in page.results if result.job is not None]
        files = await self._platform.pen.memory.files(jobs)
        drawn = [self._result(result, files.get(result.job or 0)) for result in page.results]
        return [result for result in drawn if result is not None][:MOST_RESULTS]

    def _result(
        self, result: InlineResult, file: str | None
    ) -> InlineQueryResultCachedPhoto | InlineQueryResultArticle | None:
        words: dict[str, Any] = {"title": result.title, "description": result.description or None}
        keyboard = rendering.keyboard(result.buttons, shares=True, far_away=True)
        if result.job is None:
            text = InputTextMessageContent(result.text[: rendering.MAX_TEXT])
            return InlineQueryResultArticle(result.id, input_message_content=text, reply_markup=keyboard, **words)
        if file is None:
            return None
        caption = result.text[: rendering.MAX_CAPTION] or None
        return InlineQueryResultCachedPhoto(result.id, file, caption=caption, reply_markup=keyboard, **words)

    async def guest(self, message: Message) -> None:
        """We were called in a chat that we are no member of: one answer at once, which becomes the job's card."""
        request = replace(incoming([message], self._source), addressed=True)
        failed: Card | None = Card(texts_for(request.person.language).gettext("One moment…"))
        first = await self._patience.until_done(lambda: self._conversation.guest(request), failed=failed)
        if first is None or message.guest_query_id is None:
            return
        query = message.guest_query_id
        place = await self._patience.until_done(lambda: self._answered(query, first), failed=None)
        if place is None or first.buttons or not (request.attachments or request.replied):
            return
        # Among others the same care is due as in a group that has said nothing else: its default rules hold.
        chat = Chat(request.chat.platform, f"{INLINE}{place}", is_group=True)
        here = replace(request, chat=chat)
        await self._heard(here, place)

    async def _answered(self, query: str, card: Card) -> str:
        """The id of our answer. Raises TargetGone when it was answered before."""
        text = InputTextMessageContent(rendering.text_of(card))
        keyboard = rendering.keyboard(card.buttons, shares=False, far_away=True)
        answer = InlineQueryResultArticle(GUEST_RESULT, card.text[:64], text, reply_markup=keyboard)
        with translated():
            return (await self._bot.answer_guest_query(query, answer)).inline_message_id

    async def _heard(self, request: IncomingMessage, place: str) -> None:
        sorry: Card | None = self._conversation.sorry(request.person)
        card = await self._patience.until_done(lambda: self._conversation.answer(request), failed=sorry)
        if card is not None:
            here = Address(request.chat, message_id=place, person=request.person)
            await self._patience.until_done(lambda: self._platform.show(here, card), failed="")

    async def checkout(self, query: PreCheckoutQuery) -> None:
        """Somebody is about to pay: Telegram wants a yes or no within ten seconds."""
        person = person_of(query.from_user, None)
        no = self._conversation.sorry(person).text
        try:
            async with asyncio.timeout(CHECKOUT_SECONDS):
                no = await self._conversation.checkout(person, query.invoice_payload, query.total_amount)
        except Exception:  # whatever it was, money that we can't account for is not taken
            log.exception("a payment was declined")
        await self._patience.until_done(lambda: self._decided(query.id, no), failed=None, attempts=2)

    async def _decided(self, query: str, no: str) -> None:
        with translated():
            try:
                await self._bot.answer_pre_checkout_query(query, ok=not no, error_message=no or None)
            except BadRequest as error:  # too late
                raise TargetGone(card_only=True) from error

    async def paid(self, message: Message) -> None:
        """Somebody has paid; told as often as Telegram likes, it counts once."""
        payment, person = message.successful_payment, person_of(message.from_user, message.sender_chat)
        if payment is None:
            return
        charge = payment.telegram_payment_charge_id
        card = await self._patience.until_done(
            lambda: self._conversation.paid(person, payment.invoice_payload, payment.total_amount, charge),
            failed=self._conversation.sorry(person),
        )
        if card is not None:
            where = Address(chat_of(message), reply_to=str(message.message_id))
            await self._patience.until_done(lambda: self._platform.show(where, card), failed="")

    async def moved(self, message: Message) -> None:
        """The group has become a supergroup: told from the old address and from the new one."""
        old = message.migrate_from_chat_id or message.chat.id
        new = message.migrate_to_chat_id or message.chat.id
        chat = replace(bare_chat(message.chat), platform_id=str(old), is_group=True)
        await self._patience.until_done(lambda: self._platform.follow(chat, str(new)), failed=None)

    async def standing(self, change: ChatMemberUpdated) -> None:
        """We were added to a group, or thrown out, or our rights there have changed."""
        self._source.forget_admins(change.chat.id)
        was_in, is_in = _is_inside(change.old_chat_member), _is_inside(change.new_chat_member)
        if was_in and not is_in:
            log.info("shut out of a chat", kind=change.chat.type)
        if was_in or not is_in or change.chat.type not in {TelegramChat.GROUP, TelegramChat.SUPERGROUP}:
            return
        hears_all = bool(self._source.us.can_read_all_group_messages)
        hears_all |= change.new_chat_member.status == ChatMember.ADMINISTRATOR
        person, chat = person_of(change.from_user, None), bare_chat(change.chat)
        card = await self._patience.until_done(
            lambda: self._conversation.joined(person, hears_all=hears_all), failed=None
        )
        if card is not None:
            await self._patience.until_done(lambda: self._platform.show(Address(chat), card), failed="")


def _is_inside(member: ChatMember) -> bool:
    """A restricted member may have left; Telegram says so beside the status."""
    return member.status in _INSIDE and getattr(member, "is_member", True)
