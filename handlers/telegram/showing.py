"""Shows cards on Telegram: sent as an answer, edited in place, and at last turned into the picture."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputMediaDocument, InputMediaPhoto, ReplyParameters
from telegram.error import BadRequest

from bot.cards import Rows
from bot.chat import Address, Card, NotNow, Picture
from bot.clock import Clock
from handlers.telegram.errors import Complaint, complaint, translated
from handlers.telegram.pace import Pace
from handlers.telegram.wire import Bot

MAX_TEXT, MAX_CAPTION = 4096, 1024
MAX_PHOTO_BYTES, MAX_PHOTO_SIDES, MAX_PHOTO_RATIO = 10 * 1024 * 1024, 10_000, 20
ANSWER_PATIENCE, PROGRESS_PATIENCE = 5.0, 1.5  # seconds that each may be held back here for the chat's pace


class TelegramPlatform:
    """What the courier and the handler need to show things. See `bot.chat.Platform`."""

    name = "telegram"

    def __init__(self, bot: Bot, pace: Pace, clock: Clock) -> None:
        self._bot = bot
        self._pace = pace
        self._clock = clock

    async def show(self, address: Address, card: Card) -> str:
        """Send or edit; an edit that changes nothing is done already. Raises NotNow or Gone."""
        media = card.picture or card.document
        await self._keep_pace(address, progress=address.message_id is not None and media is None)
        with self._calling(address):
            if address.message_id is None:
                return await self._send(address, card)
            try:
                await self._edit(address, card)
            except BadRequest as error:
                if complaint(error) is not Complaint.NOT_MODIFIED:
                    raise
            return address.message_id

    async def set_rows(self, address: Address, rows: Rows) -> None:
        """Change only the buttons of a message."""
        await self._keep_pace(address, progress=False)
        with self._calling(address):
            try:
                await self._bot.edit_message_reply_markup(**_place(address), reply_markup=_keyboard(rows))
            except BadRequest as error:
                if complaint(error) is not Complaint.NOT_MODIFIED:
                    raise

    async def remove(self, address: Address, instead: str) -> None:
        """Delete a message; one that is too old for that is painted over, with the words `instead`."""
        await self._keep_pace(address, progress=False)
        with self._calling(address):
            try:
                await self._bot.delete_message(**_place(address))
            except BadRequest:
                await self._bot.edit_message_media(InputMediaPhoto(_blank(), caption=instead), **_place(address))

    @contextmanager
    def _calling(self, address: Address) -> Iterator[None]:
        try:
            with translated():
                yield
        except NotNow as patience:
            self._pace.hold(int(address.chat.platform_id), patience.retry_after)
            raise

    async def _keep_pace(self, address: Address, *, progress: bool) -> None:
        chat_id, left = int(address.chat.platform_id), PROGRESS_PATIENCE if progress else ANSWER_PATIENCE
        while wait := self._pace.wait(chat_id, progress=progress):
            if wait > left:
                raise NotNow(wait)
            left -= wait
            await self._clock.sleep(wait)

    async def _send(self, address: Address, card: Card) -> str:
        where = _destination(address, card)
        media = card.picture or card.document
        if media is None:
            message = await self._bot.send_message(text=card.text[:MAX_TEXT], **where)
        elif _is_photo(card):
            message = await self._bot.send_photo(
                photo=media.jpeg, filename=media.filename, caption=_caption(card), **where
            )
        else:
            message = await self._bot.send_document(
                document=media.jpeg,
                filename=media.filename,
                caption=_caption(card),
                disable_content_type_detection=True,  # or the file would be shown as a compressed photo
                **where,
            )
        return str(message.message_id)

    async def _edit(self, address: Address, card: Card) -> None:
        where = {**_place(address), "reply_markup": _keyboard(card.buttons)}
        media = card.picture or card.document
        if media is not None:
            kind = InputMediaPhoto if _is_photo(card) else InputMediaDocument
            await self._bot.edit_message_media(
                kind(media.jpeg, caption=_caption(card), filename=media.filename), **where
            )
            return
        try:
            await self._bot.edit_message_text(card.text[:MAX_TEXT], **where)
        except BadRequest as error:
            if complaint(error) is not Complaint.NO_TEXT:
                raise
            await self._bot.edit_message_caption(caption=_caption(card), **where)


def _place(address: Address) -> dict[str, Any]:
    return {"chat_id": int(address.chat.platform_id), "message_id": int(address.message_id or 0)}


def _destination(address: Address, card: Card) -> dict[str, Any]:
    """Where a new message goes. The General topic has no thread id, and ours is None there."""
    where: dict[str, Any] = {"chat_id": int(address.chat.platform_id), "reply_markup": _keyboard(card.buttons)}
    if address.chat.thread is not None:
        where["message_thread_id"] = int(address.chat.thread)
    if address.reply_to is not None:  # the photo may have been deleted meanwhile: the card comes all the same
        where["reply_parameters"] = ReplyParameters(int(address.reply_to), allow_sending_without_reply=True)
    return where


def _keyboard(rows: Rows) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(button.label, callback_data=button.data) for button in row] for row in rows]
    )


def _caption(card: Card) -> str | None:
    return card.text[:MAX_CAPTION] or None


def _is_photo(card: Card) -> bool:
    """Whether Telegram takes the picture as a photo; longer, larger or heavier ones go as files."""
    return card.picture is not None and _fits(card.picture)


def _fits(picture: Picture) -> bool:
    with Image.open(io.BytesIO(picture.jpeg)) as header:  # reads the header only: no pixels on the loop
        width, height = header.size
    return (
        len(picture.jpeg) <= MAX_PHOTO_BYTES
        and width + height <= MAX_PHOTO_SIDES
        and max(width, height) <= MAX_PHOTO_RATIO * min(width, height)
    )


def _blank() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 320), (230, 230, 230)).save(out, "JPEG")
    return out.getvalue()
