"""Cards in the Bot API's terms: keyboards, captions, mentions, photo or document. No I/O."""

import io
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MessageEntity,
    PhotoSize,
    SwitchInlineQueryChosenChat,
    User,
)

from bot.messaging.callback_data import (
    AnswerConsent,
    CancelJob,
    ChooseStyle,
    SurpriseMe,
    TurnStylePage,
    kind_of,
)
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Button, Card, Mention, Picture

MAX_TEXT, MAX_CAPTION, MAX_INLINE_QUERY = 4096, 1024, 256
MAX_PHOTO_BYTES, MAX_PHOTO_SIDES, MAX_PHOTO_RATIO = 10 * 1024 * 1024, 10_000, 20
# Buttons that work on inline messages. Saved styles are left out: strangers there shouldn't read their names.
_INLINE_KINDS = frozenset(kind.KIND for kind in (ChooseStyle, SurpriseMe, TurnStylePage, AnswerConsent, CancelJob))


def keyboard(
    rows: ButtonRows, *, can_share: bool, inline: bool = False, username: str | None = None
) -> InlineKeyboardMarkup | None:
    """The buttons that can be shown.

    `can_share`: the bot has inline mode. `inline`: for an inline message, in whose chat the bot can't send other
    messages. `username`: the bot's, for deep links.
    """
    known = [[_with_link(button, username) for button in row] for row in rows]
    shown = [
        [shown for button in row if (shown := _button(button, can_share=can_share, inline=inline))] for row in known
    ]
    filled = [row for row in shown if row]
    return InlineKeyboardMarkup(filled) if filled else None


def _with_link(button: Button, username: str | None) -> Button:
    """A button that starts the private chat as one with a link."""
    if button.start is None or username is None:
        return button
    return replace(button, link=f"https://t.me/{username}?start={button.start}")


def _button(button: Button, *, can_share: bool, inline: bool) -> InlineKeyboardButton | None:
    if button.link is not None:
        return InlineKeyboardButton(button.label, url=button.link)
    if button.share is not None:
        return _share_button(button.label, button.share) if can_share else None
    if not button.data or (inline and kind_of(button.data) not in _INLINE_KINDS):
        return None
    return InlineKeyboardButton(button.label, callback_data=button.data)


def _share_button(label: str, query: str) -> InlineKeyboardButton:
    any_chat = SwitchInlineQueryChosenChat(
        query=query[:MAX_INLINE_QUERY],
        allow_user_chats=True,
        allow_bot_chats=True,
        allow_group_chats=True,
        allow_channel_chats=True,
    )
    return InlineKeyboardButton(label, switch_inline_query_chosen_chat=any_chat)


def mention_entities(text: str, mention: Mention | None) -> list[MessageEntity] | None:
    """The mention of a person by any words. Telegram counts offsets and lengths in UTF-16 units."""
    start = -1 if mention is None else text.find(mention.text)
    if mention is None or start < 0 or not mention.platform_id.isdecimal():
        return None
    user = User(int(mention.platform_id), mention.text[:64], is_bot=False)
    offset, length = _utf16_length(text[:start]), _utf16_length(mention.text)
    return [MessageEntity(MessageEntity.TEXT_MENTION, offset, length, user=user)]


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text_of(card: Card) -> str:
    """The card's text, within the limit of a message."""
    return _truncated(card.text, MAX_TEXT)


def caption(card: Card) -> str | None:
    """The card's text, within the limit of a caption; None if empty."""
    return _truncated(card.text, MAX_CAPTION) or None


def _truncated(text: str, units: int) -> str:
    """The text cut to this many UTF-16 units, never within a character."""
    return text.encode("utf-16-le", "surrogatepass")[: units * 2].decode("utf-16-le", "ignore")


def is_photo(card: Card) -> bool:
    """Whether Telegram accepts the picture as a photo; otherwise it must be sent as a document."""
    return card.picture is not None and _fits(card.picture)


def _fits(picture: Picture) -> bool:
    with Image.open(io.BytesIO(picture.jpeg)) as header:  # parses the header only, cheap enough for the event loop
        width, height = header.size
    return (
        len(picture.jpeg) <= MAX_PHOTO_BYTES
        and width + height <= MAX_PHOTO_SIDES
        and max(width, height) <= MAX_PHOTO_RATIO * min(width, height)
    )


def largest_size(sizes: Sequence[PhotoSize] | None) -> PhotoSize | None:
    """The largest of the sizes in which Telegram keeps a photo."""
    return max(sizes or (), key=lambda size: size.width * size.height, default=None)


def blank_image() -> bytes:
    """A plain grey JPEG, to replace a photo that can't be deleted."""
    out = io.BytesIO()
    Image.new("RGB", (320, 320), (230, 230, 230)).save(out, "JPEG")
    return out.getvalue()
