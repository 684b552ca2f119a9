"""Sends and edits messages: one Bot API call each. Raises the library's errors."""

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
from handlers.telegram.chat_state import ChatState, inline_message_id
from handlers.telegram.errors import BadRequestKind, classify

STARS_CURRENCY = "XTR"
MAX_MESSAGES = 10_000  # with a caption, that are remembered
RETRY_SECONDS = 1.0  # after a file id was rejected


class ApiWriter:
    """Writes messages for one bot. `bot_user` is the bot's own account, known after the first `getMe`."""

    def __init__(self, bot: Bot, chat_state: ChatState) -> None:
        self.bot = bot
        self.chat_state = chat_state
        self.bot_user: User | None = None
        self._assets: dict[str, str] = {}  # file ids of our own pictures
        self._with_media: dict[tuple[str, str], None] = {}  # messages whose text is a caption, oldest first

    async def send(self, address: Address, card: Card, *, silent: bool = False) -> Message:
        """Send a new message; `silent`: without a notification sound."""
        kwargs = self._send_kwargs(address, card) | ({"disable_notification": True} if silent else {})
        if card.invoice is not None:
            return await self._send_invoice(card.invoice, kwargs)
        if card.picture is not None and rendering.is_photo(card):
            message = await self._send_photo(address, card, card.picture, kwargs)
            await self._remember_file(address, card.picture, message)
            return message
        media = card.picture or card.document
        if media is None:
            text = rendering.text_of(card)
            return await self.bot.send_message(
                text=text, entities=rendering.mention_entities(text, card.mention), **kwargs
            )
        return await self.bot.send_document(
            document=_media_bytes(card),
            filename=media.filename,
            caption=rendering.caption(card),
            disable_content_type_detection=True,  # else it would be shown as a compressed photo
            **kwargs,
        )

    async def send_album(self, address: Address, pictures: Sequence[Picture], *, as_files: bool) -> tuple[Message, ...]:
        """Send several pictures as one album, which can't have buttons; also as files if any isn't a valid photo."""
        has_spoiler = await self.chat_state.is_spoiler(address)
        as_photos = not as_files and all(rendering.is_photo(Card("", picture=picture)) for picture in pictures)
        media = [await self._album_item(address, one, has_spoiler=has_spoiler, as_photo=as_photos) for one in pictures]
        try:
            messages = await self.bot.send_media_group(media=media, **_chat_kwargs(address))
        except BadRequest as error:
            if classify(error) is not BadRequestKind.FILE_GONE:
                raise
            for picture in pictures:
                if picture.job is not None:
                    await self.chat_state.delete(picture.job)
            raise TryLater(RETRY_SECONDS) from None
        for picture, message in zip(pictures, messages, strict=False):
            await self._remember_file(address, picture, message)
        if has_spoiler and address.message_id is not None:  # for replies to the card
            await self.chat_state.mark_spoilers(address.chat, [address.message_id])
        return messages

    async def _album_item(
        self, address: Address, picture: Picture, *, has_spoiler: bool, as_photo: bool
    ) -> InputMediaPhoto | InputMediaDocument:
        if not as_photo:
            return InputMediaDocument(picture.jpeg, filename=picture.filename, disable_content_type_detection=True)
        file, _ = await self._known_file(address, picture)
        name = None if file else picture.filename
        return InputMediaPhoto(file or picture.jpeg, filename=name, has_spoiler=has_spoiler or None)

    async def edit(self, address: Address, card: Card) -> None:
        """Replace the message's content with this card."""
        kwargs = {**message_kwargs(address), "reply_markup": self.keyboard(card.buttons, address)}
        if card.picture or card.document:
            async with self._forget_missing_file(card.picture):
                message = await self.bot.edit_message_media(await self._input_media(address, card), **kwargs)
            await self._remember_file(address, card.picture, message)
            return
        await self._edit_words(address, card, kwargs)

    async def _edit_words(self, address: Address, card: Card, kwargs: dict[str, Any]) -> None:
        """Change only the words: the text, or the caption below a picture, which stays."""
        message, text = _key(address), rendering.text_of(card)
        if message not in self._with_media:
            entities = rendering.mention_entities(text, card.mention)
            try:
                await self.bot.edit_message_text(text, entities=entities, **kwargs)
            except BadRequest as error:
                if classify(error) is not BadRequestKind.NO_TEXT:
                    raise
                self._has_media(message)
            else:
                return
        caption = rendering.caption(card)
        entities = rendering.mention_entities(caption or "", card.mention)
        await self.bot.edit_message_caption(caption=caption, caption_entities=entities, **kwargs)

    def _has_media(self, message: tuple[str, str]) -> None:
        """Remember that the words of this message are a caption: one call less for each edit."""
        self._with_media[message] = None
        if len(self._with_media) > MAX_MESSAGES:
            del self._with_media[next(iter(self._with_media))]

    def keyboard(self, rows: ButtonRows, address: Address) -> InlineKeyboardMarkup | None:
        """The inline keyboard for these buttons in this chat."""
        can_share = self.bot_user is not None and bool(self.bot_user.supports_inline_queries)
        username = self.bot_user.username if self.bot_user is not None else None
        inline = inline_message_id(address.chat) is not None
        return rendering.keyboard(rows, can_share=can_share, inline=inline, username=username)

    async def _send_photo(self, address: Address, card: Card, picture: Picture, kwargs: dict[str, Any]) -> Message:
        """Send a photo by its known file id, or else by uploading it."""
        file, spoiler = await self._known_file(address, picture)
        kwargs |= {"caption": rendering.caption(card), "has_spoiler": spoiler}
        async with self._forget_missing_file(picture):
            photo = picture.jpeg if file is None else file
            return await self.bot.send_photo(photo=photo, filename=None if file else picture.filename, **kwargs)

    async def _send_invoice(self, invoice: Invoice, kwargs: dict[str, Any]) -> Message:
        return await self.bot.send_invoice(
            **kwargs | {"reply_markup": None},  # Telegram adds the Pay button
            title=invoice.title,
            description=invoice.description,
            payload=invoice.payload,
            currency=STARS_CURRENCY,
            prices=[LabeledPrice(invoice.title, invoice.stars)],
            provider_token="",
        )

    async def _input_media(self, address: Address, card: Card) -> InputMediaPhoto | InputMediaDocument:
        media = card.picture or card.document
        kwargs: dict[str, Any] = {"caption": rendering.caption(card), "filename": media.filename if media else None}
        if card.picture is None or not rendering.is_photo(card):
            return InputMediaDocument(_media_bytes(card), **kwargs)
        file, spoiler = await self._known_file(address, card.picture)
        return InputMediaPhoto(file or card.picture.jpeg, has_spoiler=spoiler, **kwargs)

    @asynccontextmanager
    async def _forget_missing_file(self, picture: Picture | None) -> AsyncIterator[None]:
        """Raises TryLater when Telegram no longer has the file; the next attempt uploads it."""
        try:
            yield
        except BadRequest as error:
            if classify(error) is not BadRequestKind.FILE_GONE or picture is None or not self._may_be_known(picture):
                raise
            self._assets.pop(picture.asset, None)
            if picture.job is not None:
                await self.chat_state.delete(picture.job)
            raise TryLater(RETRY_SECONDS) from None

    def _may_be_known(self, picture: Picture) -> bool:
        return picture.job is not None or picture.asset in self._assets

    async def _known_file(self, address: Address, picture: Picture) -> tuple[str | None, bool | None]:
        """The id of the file that Telegram has of this picture; and whether to cover it: if what it is made of was
        covered. Samples are of nobody in the chat."""
        if picture.asset:
            return self._assets.get(picture.asset), None
        file, spoiler = await self.chat_state.file_and_spoiler(picture.job, address)
        return file, spoiler or None

    async def _remember_file(self, address: Address, picture: Picture | None, message: object) -> None:
        """Remember the picture's file id, and whether replies to this message need a spoiler as well. An edit of an
        inline message returns True instead of a Message.
        """
        if not isinstance(message, Message) or not message.photo:
            return
        self._has_media(_key(address, message))
        photo = rendering.largest_size(message.photo)
        if picture is not None and picture.asset and photo is not None:
            self._assets[picture.asset] = photo.file_id
        elif picture is not None and picture.job is not None and photo is not None:
            await self.chat_state.put(picture.job, photo.file_id)
        if message.has_media_spoiler:
            await self.chat_state.mark_spoilers(address.chat, [str(message.message_id)])

    def _send_kwargs(self, address: Address, card: Card) -> dict[str, Any]:
        """Arguments for a send method: the chat and the keyboard."""
        return {**_chat_kwargs(address), "reply_markup": self.keyboard(card.buttons, address)}


def _key(address: Address, message: Message | None = None) -> tuple[str, str]:
    """What identifies the message at this address, or one that was just sent there."""
    return address.chat.platform_id, address.message_id or "" if message is None else str(message.message_id)


def _chat_kwargs(address: Address) -> dict[str, Any]:
    """Chat, topic and the message replied to. The General topic must not be named, and `thread` is None there."""
    kwargs: dict[str, Any] = {"chat_id": int(address.chat.platform_id)}
    if address.chat.thread is not None:
        kwargs["message_thread_id"] = int(address.chat.thread)
    if address.reply_to is not None:  # the photo may have been deleted: the card is sent all the same
        kwargs["reply_parameters"] = ReplyParameters(int(address.reply_to), allow_sending_without_reply=True)
    return kwargs


def message_kwargs(address: Address) -> dict[str, Any]:
    """The message's identifiers, as the methods that edit or delete take them."""
    if (inline := inline_message_id(address.chat)) is not None:
        return {"inline_message_id": inline}
    return {"chat_id": int(address.chat.platform_id), "message_id": int(address.message_id or 0)}


def without_media(card: Card) -> Card:
    """The card with its text and buttons only."""
    return replace(card, picture=None, document=None)


def _media_bytes(card: Card) -> bytes:
    """The bytes of the card's picture or document."""
    if card.picture is not None:
        return card.picture.jpeg
    assert card.document is not None
    return card.document.jpeg if isinstance(card.document, Picture) else card.document.data
