"""What an update is about, and in which lane it is dealt with. Pure."""

from collections.abc import Hashable
from enum import StrEnum, auto

from telegram import Message, Update

ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "inline_query",
    "pre_checkout_query",
    "my_chat_member",
    "guest_message",
)


class Kind(StrEnum):
    """What an update is about."""

    MESSAGE = auto()
    EDIT = auto()  # of a message with a picture, whose words are what we missed
    PRESS = auto()
    INLINE = auto()
    CHECKOUT = auto()
    PAID = auto()
    MOVED = auto()  # the group has another address
    STANDING = auto()  # we were added, made an admin, or thrown out
    GUEST = auto()


def kind_of(update: Update) -> Kind | None:
    """What an update is about; None: nothing for us."""
    for there, kind in (
        (update.callback_query, Kind.PRESS),
        (update.inline_query, Kind.INLINE),
        (update.pre_checkout_query, Kind.CHECKOUT),
        (update.my_chat_member, Kind.STANDING),
        (update.guest_message, Kind.GUEST),
    ):
        if there is not None:
            return kind
    if (edited := update.edited_message) is not None:
        return Kind.EDIT if is_for_people(edited) and _has_file(edited) and edited.caption else None
    return _of_message(update.message) if update.message else None


def _of_message(message: Message) -> Kind | None:
    if message.migrate_to_chat_id is not None or message.migrate_from_chat_id is not None:
        return Kind.MOVED
    if message.successful_payment is not None:
        return Kind.PAID
    return Kind.MESSAGE if is_for_people(message) else None


def lane_of(update: Update) -> Hashable:
    """What goes one after the other: a chat's updates, a person's inline words. A payment waits for nothing."""
    if (query := update.inline_query) is not None:
        return "inline", query.from_user.id
    if (checkout := update.pre_checkout_query) is not None:
        return "checkout", checkout.id
    if (press := update.callback_query) is not None:
        return press.message.chat.id if press.message else press.inline_message_id
    if (guest := update.guest_message) is not None:  # such a chat may have the number of another one
        return "guest", guest.chat.id
    message = update.message or update.edited_message or update.my_chat_member
    return message.chat.id if message else None


def album_of(update: Update) -> str | None:
    """The album that a new message belongs to."""
    message = update.message
    return f"{message.chat.id}:{message.media_group_id}" if message and message.media_group_id else None


def is_for_people(message: Message) -> bool:
    """Whether a person (or a group in its own name) wrote it: not another bot, not a channel's automatic copy."""
    if message.is_automatic_forward or message.from_user is None:
        return False
    return not message.from_user.is_bot or message.sender_chat is not None


def _has_file(message: Message) -> bool:
    return bool(message.photo or message.document or message.sticker)
