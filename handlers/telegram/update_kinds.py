"""What an update is about, and which updates must be processed in order. No I/O."""

from collections.abc import Hashable
from enum import StrEnum, auto

from telegram import CallbackQuery, Chat, Message, Update

ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "inline_query",
    "pre_checkout_query",
    "my_chat_member",
    "guest_message",
)


class UpdateKind(StrEnum):
    """What an update is about."""

    MESSAGE = auto()
    EDITED_MESSAGE = auto()  # a changed text or caption, which may now hold a command
    CALLBACK_QUERY = auto()
    INLINE_QUERY = auto()
    PRE_CHECKOUT_QUERY = auto()
    SUCCESSFUL_PAYMENT = auto()
    CHAT_MIGRATED = auto()  # the group became a supergroup with a new chat id
    MY_CHAT_MEMBER = auto()  # the bot was added, promoted or removed
    GUEST_MESSAGE = auto()


_NEVER_DROPPED = frozenset(
    {UpdateKind.PRE_CHECKOUT_QUERY, UpdateKind.SUCCESSFUL_PAYMENT, UpdateKind.CHAT_MIGRATED, UpdateKind.MY_CHAT_MEMBER}
)


def kind_of(update: Update) -> UpdateKind | None:
    """The kind of an update; None if it should be ignored."""
    for field, kind in (
        (update.callback_query, UpdateKind.CALLBACK_QUERY),
        (update.inline_query, UpdateKind.INLINE_QUERY),
        (update.pre_checkout_query, UpdateKind.PRE_CHECKOUT_QUERY),
        (update.my_chat_member, UpdateKind.MY_CHAT_MEMBER),
        (update.guest_message, UpdateKind.GUEST_MESSAGE),
    ):
        if field is not None:
            return kind
    if (edited := update.edited_message) is not None:
        return UpdateKind.EDITED_MESSAGE if is_from_person(edited) and (edited.text or edited.caption) else None
    return _kind_of_message(update.message) if update.message else None


def _kind_of_message(message: Message) -> UpdateKind | None:
    if message.migrate_to_chat_id is not None or message.migrate_from_chat_id is not None:
        return UpdateKind.CHAT_MIGRATED
    if message.successful_payment is not None:
        return UpdateKind.SUCCESSFUL_PAYMENT
    return UpdateKind.MESSAGE if is_from_person(message) else None


def ordering_key(update: Update) -> Hashable:
    """Updates with the same key are processed in order: those of a chat, a person's inline queries. A checkout waits
    for none. In a group, presses don't wait for messages, whose answers Telegram limits to 20 a minute.
    """
    if (query := update.inline_query) is not None:
        return "inline", query.from_user.id
    if (checkout := update.pre_checkout_query) is not None:
        return "checkout", checkout.id
    if (press := update.callback_query) is not None:
        return _key_of_press(press)
    if (guest := update.guest_message) is not None:  # its chat id may equal that of another chat
        return "guest", guest.chat.id
    message = update.message or update.edited_message or update.my_chat_member
    return message.chat.id if message else None


def _key_of_press(press: CallbackQuery) -> Hashable:
    if press.message is None:
        return press.inline_message_id
    chat = press.message.chat
    return chat.id if chat.type == Chat.PRIVATE else ("press", chat.id, press.from_user.id)


def sender_of_update(update: Update) -> str | None:
    """The platform id of the person who caused an update: see `identities.person_of`."""
    message = update.message or update.edited_message or update.guest_message
    sender = (message.sender_chat if message else None) or update.effective_user
    return str(sender.id) if sender else None


def can_be_dropped(update: Update) -> bool:
    """Whether an update may be dropped when too many of its chat wait: not what is about payments or membership."""
    return kind_of(update) not in _NEVER_DROPPED


def album_of(update: Update) -> str | None:
    """The album that a new message belongs to: its key."""
    message = update.message
    return f"{message.chat.id}:{message.media_group_id}" if message and message.media_group_id else None


def is_lone_photo(update: Update) -> bool:
    """Whether it is a photo in a private chat without a word: neither caption, album nor reply."""
    message = update.message
    if message is None or message.chat.type != Chat.PRIVATE or message.media_group_id or message.caption:
        return False
    return bool(message.photo) and message.reply_to_message is None and message.external_reply is None


def is_from_person(message: Message) -> bool:
    """Whether a person, or a chat in its own name, wrote it: not another bot, and not a channel's automatic forward."""
    if message.is_automatic_forward or message.from_user is None:
        return False
    return not message.from_user.is_bot or message.sender_chat is not None
