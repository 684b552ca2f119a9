"""Cards as the Bot API wants them: keyboards, captions, mentions, photo or file. Pure."""

import io
from collections.abc import Sequence

from PIL import Image
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MessageEntity,
    PhotoSize,
    SwitchInlineQueryChosenChat,
    User,
)

from bot.messaging.callback_data import Verb, parse
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Button, Card, Mention, Picture

MAX_TEXT, MAX_CAPTION, MAX_SHARE = 4096, 1024, 256
MAX_PHOTO_BYTES, MAX_PHOTO_SIDES, MAX_PHOTO_RATIO = 10 * 1024 * 1024, 10_000, 20
# What can be done in a chat that we are no member of. Saved styles stay among those who know their names.
_FAR_AWAY = frozenset({Verb.CHOOSE, Verb.SURPRISE, Verb.PAGE, Verb.CONSENT, Verb.CANCEL})


def keyboard(rows: ButtonRows, *, shares: bool, far_away: bool = False) -> InlineKeyboardMarkup | None:
    """The buttons that can be drawn. `shares`: the bot has inline mode; `far_away`: in somebody else's chat, where we
    can change our message but write no other."""
    drawn = [[button for one in row if (button := _button(one, shares=shares, far_away=far_away))] for row in rows]
    full = [row for row in drawn if row]
    return InlineKeyboardMarkup(full) if full else None


def _button(button: Button, *, shares: bool, far_away: bool) -> InlineKeyboardButton | None:
    if button.link is not None:
        return InlineKeyboardButton(button.label, url=button.link)
    if button.share is not None:
        return _share(button.label, button.share) if shares else None
    press = parse(button.data)
    if far_away and (press is None or press.verb not in _FAR_AWAY):
        return None
    return InlineKeyboardButton(button.label, callback_data=button.data)


def _share(label: str, words: str) -> InlineKeyboardButton:
    anywhere = SwitchInlineQueryChosenChat(
        query=words[:MAX_SHARE],
        allow_user_chats=True,
        allow_bot_chats=True,
        allow_group_chats=True,
        allow_channel_chats=True,
    )
    return InlineKeyboardButton(label, switch_inline_query_chosen_chat=anywhere)


def entities(text: str, call: Mention | None) -> list[MessageEntity] | None:
    """The mention of a person whose name may be any words; Telegram counts in UTF-16 units."""
    at = -1 if call is None else text.find(call.words)
    if call is None or at < 0 or not call.platform_id.isdecimal():
        return None
    user = User(int(call.platform_id), call.words[:64], is_bot=False)
    return [MessageEntity(MessageEntity.TEXT_MENTION, _units(text[:at]), _units(call.words), user=user)]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text_of(card: Card) -> str:
    return _cut(card.text, MAX_TEXT)


def caption(card: Card) -> str | None:
    return _cut(card.text, MAX_CAPTION) or None


def _cut(text: str, units: int) -> str:
    """As much of a text as takes so many UTF-16 units; no half of a letter stays."""
    return text.encode("utf-16-le", "surrogatepass")[: units * 2].decode("utf-16-le", "ignore")


def is_photo(card: Card) -> bool:
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


def largest(sizes: Sequence[PhotoSize] | None) -> PhotoSize | None:
    """The best of the sizes that Telegram keeps of a photo."""
    return max(sizes or (), key=lambda size: size.width * size.height, default=None)


def blank() -> bytes:
    """A picture of nothing, to paint over what can't be deleted."""
    out = io.BytesIO()
    Image.new("RGB", (320, 320), (230, 230, 230)).save(out, "JPEG")
    return out.getvalue()
