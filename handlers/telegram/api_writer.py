"""Writes and changes messages: one call of the Bot API each, with what the chat allows. Raises the library's errors."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from telegram import (
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    LabeledPrice,
    Message,
    ReplyParameters,
    User,
)
from telegram.error import BadRequest

from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Address, Card, Invoice, Picture, TryLater
from handlers.telegram import rendering
from handlers.telegram.bot_client import Bot
from handlers.telegram.chat_state import Memory, inline_id
from handlers.telegram.errors import Complaint, complaint

STARS = "XTR"
SOON = 1.0  # seconds


class Pen:
    """`us` is known once Telegram has introduced us."""

    def __init__(self, bot: Bot, memory: Memory) -> None:
        self.bot = bot
        self.memory = memory
        self.us: User | None = None

    async def write(self, address: Address, card: Card, *, quietly: bool = False) -> Message:
        """A new message; `quietly`: without a sound."""
        where = self._destination(address, card) | ({"disable_notification": True} if quietly else {})
        if card.invoice is not None:
            return await self._bill(card.invoice, where)
        if card.picture is not None and rendering.is_photo(card):
            message = await self._photo(address, card, card.picture, where)
            await self._remember(address, card.picture, message)
            return message
        media = card.picture or card.document
        if media is None:
            text = rendering.text_of(card)
            return await self.bot.send_message(text=text, entities=rendering.entities(text, card.mention), **where)
        return await self.bot.send_document(
            document=_bytes(card),
            filename=media.filename,
            caption=rendering.caption(card),
            disable_content_type_detection=True,  # or the file would be shown as a compressed photo
            **where,
        )

    async def send_album(self, address: Address, pictures: Sequence[Picture]) -> tuple[Message, ...]:
        """Several pictures as one album, which can have no buttons; as files when one of them is no photo here."""
        veiled = await self.memory.is_spoiler(address)
        as_photos = all(rendering.is_photo(Card("", picture=picture)) for picture in pictures)
        media = [await self._item(picture, veiled=veiled, as_photo=as_photos) for picture in pictures]
        try:
            messages = await self.bot.send_media_group(media=media, **_where(address))
        except BadRequest as error:
            if complaint(error) is not Complaint.FILE_GONE:
                raise
            for picture in pictures:
                if picture.job is not None:
                    await self.memory.forget(picture.job)
            raise TryLater(SOON) from None
        for picture, message in zip(pictures, messages, strict=False):
            await self._remember(address, picture, message)
        if veiled and address.message_id is not None:  # what is asked for at the card is to be veiled too
            await self.memory.mark_spoilers(address.chat, [address.message_id])
        return messages

    async def _item(self, picture: Picture, *, veiled: bool, as_photo: bool) -> InputMediaPhoto | InputMediaDocument:
        if not as_photo:
            return InputMediaDocument(picture.jpeg, filename=picture.filename, disable_content_type_detection=True)
        file = await self.memory.file(picture.job)
        name = None if file else picture.filename
        return InputMediaPhoto(file or picture.jpeg, filename=name, has_spoiler=veiled or None)

    async def change(self, address: Address, card: Card) -> None:
        """The message becomes this card."""
        where = {**place(address), "reply_markup": self.keyboard(card.buttons, address)}
        if card.picture or card.document:
            async with self._file_is_there(card.picture):
                message = await self.bot.edit_message_media(await self._media(address, card), **where)
            await self._remember(address, card.picture, message)
            return
        text = rendering.text_of(card)
        try:
            await self.bot.edit_message_text(text, entities=rendering.entities(text, card.mention), **where)
        except BadRequest as error:
            if complaint(error) is not Complaint.NO_TEXT:
                raise
            await self.bot.edit_message_caption(caption=rendering.caption(card), **where)

    def keyboard(self, rows: ButtonRows, address: Address) -> InlineKeyboardMarkup | None:
        """The buttons as Telegram draws them there."""
        shares = self.us is not None and bool(self.us.supports_inline_queries)
        return rendering.keyboard(rows, shares=shares, far_away=inline_id(address.chat) is not None)

    async def _photo(self, address: Address, card: Card, picture: Picture, where: dict[str, Any]) -> Message:
        """A photo, by the file that Telegram has of it or by its bytes."""
        where |= {"caption": rendering.caption(card), "has_spoiler": await self.memory.is_spoiler(address) or None}
        file = await self.memory.file(picture.job)
        async with self._file_is_there(picture):
            photo = picture.jpeg if file is None else file
            return await self.bot.send_photo(photo=photo, filename=None if file else picture.filename, **where)

    async def _bill(self, invoice: Invoice, where: dict[str, Any]) -> Message:
        words: dict[str, Any] = {"title": invoice.title, "description": invoice.description, "payload": invoice.payload}
        prices = [LabeledPrice(invoice.title, invoice.stars)]
        where |= {"reply_markup": None}  # Telegram draws the button that pays
        return await self.bot.send_invoice(**where, **words, currency=STARS, prices=prices, provider_token="")

    async def _media(self, address: Address, card: Card) -> InputMediaPhoto | InputMediaDocument:
        media = card.picture or card.document
        words: dict[str, Any] = {"caption": rendering.caption(card), "filename": media.filename if media else None}
        if card.picture is None or not rendering.is_photo(card):
            return InputMediaDocument(_bytes(card), **words)
        file = await self.memory.file(card.picture.job)
        return InputMediaPhoto(
            file or card.picture.jpeg, has_spoiler=await self.memory.is_spoiler(address) or None, **words
        )

    @asynccontextmanager
    async def _file_is_there(self, picture: Picture | None) -> AsyncIterator[None]:
        """Raises TryLater when Telegram has lost the file that it was to show: the next time it gets the bytes."""
        try:
            yield
        except BadRequest as error:
            if complaint(error) is not Complaint.FILE_GONE or picture is None or picture.job is None:
                raise
            await self.memory.forget(picture.job)
            raise TryLater(SOON) from None

    async def _remember(self, address: Address, picture: Picture | None, message: object) -> None:
        """The file that the picture has become, and whether answers to it are under a spoiler too. Of messages in
        others' chats Telegram says only that they were changed."""
        if not isinstance(message, Message) or not message.photo:
            return
        best = rendering.largest(message.photo)
        if picture is not None and picture.job is not None and best is not None:
            await self.memory.keep(picture.job, best.file_id)
        if message.has_media_spoiler:
            await self.memory.mark_spoilers(address.chat, [str(message.message_id)])

    def _destination(self, address: Address, card: Card) -> dict[str, Any]:
        """Where a new message goes, and its buttons."""
        return {**_where(address), "reply_markup": self.keyboard(card.buttons, address)}


def _where(address: Address) -> dict[str, Any]:
    """Chat, topic, and what is answered. The General topic has no thread id, and ours is None there."""
    where: dict[str, Any] = {"chat_id": int(address.chat.platform_id)}
    if address.chat.thread is not None:
        where["message_thread_id"] = int(address.chat.thread)
    if address.reply_to is not None:  # the photo may have been deleted meanwhile: the card comes all the same
        where["reply_parameters"] = ReplyParameters(int(address.reply_to), allow_sending_without_reply=True)
    return where


def place(address: Address) -> dict[str, Any]:
    """Which message, as the methods that edit want it."""
    if (inline := inline_id(address.chat)) is not None:
        return {"inline_message_id": inline}
    return {"chat_id": int(address.chat.platform_id), "message_id": int(address.message_id or 0)}


def without_picture(card: Card) -> Card:
    """The words and buttons alone."""
    return replace(card, picture=None, document=None)


def _bytes(card: Card) -> bytes:
    """The bytes of what is shown."""
    if card.picture is not None:
        return card.picture.jpeg
    assert card.document is not None
    return card.document.jpeg if isinstance(card.document, Picture) else card.document.data
