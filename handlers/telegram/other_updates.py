"""Handles updates other than messages and buttons: inline queries, guest messages, payments and group membership."""

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
from bot.conversation.responder import Retry
from bot.i18n import texts_for
from bot.messaging.incoming import IncomingMessage
from bot.messaging.platform import Address, Card, Chat, TargetGone
from handlers.telegram import rendering
from handlers.telegram.chat_state import INLINE_PREFIX
from handlers.telegram.errors import translate_errors
from handlers.telegram.identities import chat_of, chat_without_topic, person_of
from handlers.telegram.lookups import TelegramLookups
from handlers.telegram.parsing import parse_messages
from handlers.telegram.platform import TelegramPlatform

log = structlog.get_logger(__name__)

MAX_RESULTS = 50
CHECKOUT_TIMEOUT = 8.0  # seconds; Telegram waits for ten
START_PAYLOAD = "inline"  # of the deep link above inline results
GUEST_RESULT_ID = "guest"
_MEMBER_STATUSES = frozenset({ChatMember.MEMBER, ChatMember.ADMINISTRATOR, ChatMember.RESTRICTED, ChatMember.OWNER})


class OtherUpdates:
    """One method for each kind of update. Raises only Interrupted."""

    def __init__(
        self, platform: TelegramPlatform, lookups: TelegramLookups, message_router: MessageRouter, retry: Retry
    ) -> None:
        self._platform = platform
        self._bot = platform.writer.bot
        self._lookups = lookups
        self._message_router = message_router
        self._retry = retry

    async def on_inline_query(self, query: InlineQuery) -> None:
        """A person typed the bot's name and a query in any chat: answer with results."""
        await self._retry.until_done(lambda: self._answer_inline_query(query), failed=None, attempts=1)

    async def _answer_inline_query(self, query: InlineQuery) -> None:
        person = person_of(query.from_user, None)
        page = await self._message_router.inline(person, query.query, query.offset)
        results = await self._render_results(page)
        button = InlineQueryResultsButton(page.hint, start_parameter=START_PAYLOAD) if page.hint else None
        with translate_errors():
            try:
                await self._bot.answer_inline_query(
                    query.id, results, cache_time=0, is_personal=True, next_offset=page.next_offset, button=button
                )
            except BadRequest:  # the person has typed on: the query is outdated
                return

    async def _render_results(self, page: InlinePage) -> list[InlineQueryResultCachedPhoto | InlineQueryResultArticle]:
        """The results that can be shown: a picture only if its file id is known."""
        jobs = [result.job for result in page.results if result.job is not None]
        files = await self._platform.writer.chat_state.get_many(jobs)
        rendered = [self._render_result(result, files.get(result.job or 0)) for result in page.results]
        return [result for result in rendered if result is not None][:MAX_RESULTS]

    def _render_result(
        self, result: InlineResult, file: str | None
    ) -> InlineQueryResultCachedPhoto | InlineQueryResultArticle | None:
        kwargs: dict[str, Any] = {"title": result.title, "description": result.description or None}
        keyboard = rendering.keyboard(result.buttons, can_share=True, inline=True)
        if result.job is None:
            text = InputTextMessageContent(result.text[: rendering.MAX_TEXT])
            return InlineQueryResultArticle(result.id, input_message_content=text, reply_markup=keyboard, **kwargs)
        if file is None:
            return None
        caption = result.text[: rendering.MAX_CAPTION] or None
        return InlineQueryResultCachedPhoto(result.id, file, caption=caption, reply_markup=keyboard, **kwargs)

    async def on_guest_message(self, message: Message) -> None:
        """The bot was mentioned in a chat where it isn't a member: it may send one answer, which becomes the job's
        card.
        """
        request = replace(parse_messages([message], self._lookups), addressed=True)
        fallback: Card | None = Card(texts_for(request.person.language).gettext("One moment…"))
        card = await self._retry.until_done(lambda: self._message_router.guest(request), failed=fallback)
        if card is None or message.guest_query_id is None:
            return
        query_id = message.guest_query_id
        message_id = await self._retry.until_done(lambda: self._answer_guest_query(query_id, card), failed=None)
        if message_id is None or card.buttons or not (request.attachments or request.replied):
            return
        # A group, so that the default settings of groups apply: other people see the message.
        chat = Chat(request.chat.platform, f"{INLINE_PREFIX}{message_id}", is_group=True)
        await self._answer_request(replace(request, chat=chat), message_id)

    async def _answer_guest_query(self, query_id: str, card: Card) -> str:
        """The inline message id of our answer. Raises TargetGone if the query has been answered before."""
        text = InputTextMessageContent(rendering.text_of(card))
        keyboard = rendering.keyboard(card.buttons, can_share=False, inline=True)
        answer = InlineQueryResultArticle(GUEST_RESULT_ID, card.text[:64], text, reply_markup=keyboard)
        with translate_errors():
            return (await self._bot.answer_guest_query(query_id, answer)).inline_message_id

    async def _answer_request(self, request: IncomingMessage, message_id: str) -> None:
        failure: Card | None = self._message_router.failure_card(request.person)
        card = await self._retry.until_done(lambda: self._message_router.answer(request), failed=failure)
        await self._show(Address(request.chat, message_id=message_id, person=request.person), card)

    async def _show(self, address: Address, card: Card | None) -> None:
        if card is not None:
            await self._retry.until_done(lambda: self._platform.show(address, card), failed="")

    async def on_pre_checkout_query(self, query: PreCheckoutQuery) -> None:
        """A person is about to pay; Telegram expects an answer within ten seconds."""
        person = person_of(query.from_user, None)
        refusal = self._message_router.failure_card(person).text
        try:
            async with asyncio.timeout(CHECKOUT_TIMEOUT):
                refusal = await self._message_router.checkout(person, query.invoice_payload, query.total_amount)
        except Exception:  # after any failure: a payment that we can't account for must not be taken
            log.exception("a payment was declined")
        await self._retry.until_done(lambda: self._answer_checkout(query.id, refusal), failed=None, attempts=2)

    async def _answer_checkout(self, query_id: str, refusal: str) -> None:
        with translate_errors():
            try:
                await self._bot.answer_pre_checkout_query(query_id, ok=not refusal, error_message=refusal or None)
            except BadRequest:  # too late
                raise TargetGone(card_only=True) from None

    async def on_successful_payment(self, message: Message) -> None:
        """A person has paid. The payment is credited once, however often the update is delivered."""
        payment, person = message.successful_payment, person_of(message.from_user, message.sender_chat)
        if payment is None:
            return
        charge_id = payment.telegram_payment_charge_id
        card = await self._retry.until_done(
            lambda: self._message_router.paid(person, payment.invoice_payload, payment.total_amount, charge_id),
            failed=self._message_router.failure_card(person),
        )
        await self._show(Address(chat_of(message), reply_to=str(message.message_id)), card)

    async def on_chat_migrated(self, message: Message) -> None:
        """The group became a supergroup: reported in the old chat and in the new one."""
        old = message.migrate_from_chat_id or message.chat.id
        new = message.migrate_to_chat_id or message.chat.id
        chat = replace(chat_without_topic(message.chat), platform_id=str(old), is_group=True)
        await self._retry.until_done(lambda: self._platform.migrate_group(chat, str(new)), failed=None)

    async def on_my_chat_member(self, change: ChatMemberUpdated) -> None:
        """The bot was added to a chat or removed, or its rights there have changed."""
        self._lookups.forget_admins(change.chat.id)
        was_in, is_in = _is_member(change.old_chat_member), _is_member(change.new_chat_member)
        chat = chat_without_topic(change.chat)
        if is_in:
            await self._retry.until_done(lambda: self._message_router.returned(chat), failed=None)
        elif not _may_have_migrated(change):
            await self._retry.until_done(lambda: self._message_router.left(chat), failed=None)
        if was_in and not is_in:
            log.info("removed from a chat", kind=change.chat.type)
        if was_in or not is_in or change.chat.type not in {TelegramChat.GROUP, TelegramChat.SUPERGROUP}:
            return
        hears_all = bool(self._lookups.bot_user.can_read_all_group_messages)
        hears_all |= change.new_chat_member.status == ChatMember.ADMINISTRATOR
        person = person_of(change.from_user, None)
        card = await self._retry.until_done(
            lambda: self._message_router.joined(person, hears_all=hears_all), failed=None
        )
        await self._show(Address(chat), card)


def _is_member(member: ChatMember) -> bool:
    """Whether the bot is in the chat. The status of a restricted member doesn't tell: `is_member` does."""
    return member.status in _MEMBER_STATUSES and getattr(member, "is_member", True)


def _may_have_migrated(change: ChatMemberUpdated) -> bool:
    """Whether the bot may have left only because the group became a supergroup, where its requests go on."""
    return change.chat.type == TelegramChat.GROUP and change.new_chat_member.status == ChatMember.LEFT
