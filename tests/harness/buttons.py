"""All kinds of buttons, for tests that read the buttons of cards."""

from dataclasses import fields
from enum import IntEnum
from itertools import chain
from typing import get_type_hints

from bot.admin.cards import AdminPress
from bot.billing.payments import BuyCredits
from bot.conversation.help import HelpDetail
from bot.conversation.history import HistoryPage
from bot.conversation.style_gallery import GalleryPage
from bot.groups.settings_commands import ChangeSetting, SwitchStyle
from bot.messaging import callback_data
from bot.messaging.callback_data import CallbackData, kind_of
from bot.messaging.platform import Card
from bot.privacy.chat_commands import ChooseLanguage, ConfirmForget, SetOptOut
from bot.saved_styles.cards import SavedStylePress, SavedStylesPage

_OF_CARDS: list[type[CallbackData]] = [
    value
    for value in vars(callback_data).values()
    if isinstance(value, type) and issubclass(value, CallbackData) and value is not CallbackData
]
_OF_FEATURES: list[type[CallbackData]] = [
    *(AdminPress, BuyCredits, HelpDetail, HistoryPage, GalleryPage, ChangeSetting, SwitchStyle),
    *(ChooseLanguage, ConfirmForget, SetOptOut, SavedStylePress, SavedStylesPage),
]
KINDS: dict[str, type[CallbackData]] = {kind.KIND: kind for kind in (*_OF_CARDS, *_OF_FEATURES)}


def unpacked(data: str) -> CallbackData | None:
    """The value packed in a button's data, of any kind; None for foreign data."""
    kind = KINDS.get(kind_of(data))
    return None if kind is None else kind.unpack(data)


def presses(card: Card) -> list[CallbackData | None]:
    """The unpacked data of a card's buttons, except those that share or open a link."""
    return [unpacked(button.data) for button in chain(*card.buttons) if button.share is None and button.link is None]


def example(kind: type[CallbackData], number: int, second: int = -1) -> CallbackData:
    """A value of this kind, with these numbers where its fields take any."""
    hints, names = get_type_hints(kind), [field.name for field in fields(kind)]
    values: list[int | None] = []
    for name, wanted in zip(names, (number, second), strict=False):
        hint = hints[name]
        is_enum = isinstance(hint, type) and issubclass(hint, IntEnum)
        values.append(next(iter(hint)) if is_enum else None if hint == (int | None) else wanted)
    return kind(*values)
