"""Translates updates into the core's values: who wrote what, where, with which files. No I/O."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from telegram import CallbackQuery, ExternalReplyInfo, Message, User
from telegram import Chat as TelegramChat

from bot.domain.error_codes import UserError
from bot.messaging.album_card import caption_of
from bot.messaging.incoming import Attachment, ButtonPress, IncomingMessage, may_be_picture
from bot.messaging.platform import Chat
from handlers.telegram.albums import Separated
from handlers.telegram.chat_state import INLINE_PREFIX
from handlers.telegram.identities import (
    PLATFORM,
    AdminLookup,
    admin_check,
    chat_of,
    chat_without_topic,
    forward_author,
    is_chat,
    person_of,
    photo_owner,
    sender_of,
)
from handlers.telegram.rendering import largest_size


@dataclass(frozen=True)
class FileRef:
    """A file on Telegram's servers: its id, and its size in bytes if known."""

    file_id: str
    size: int | None
    is_picture: bool


class Lookups(AdminLookup, Protocol):
    """Fetches what a message only refers to."""

    bot_user: User

    async def file(self, file: FileRef) -> bytes | UserError: ...

    async def profile_photo(self, user_id: int) -> bytes | UserError:
        """A user's profile photo."""

    async def has_profile_photo(self, user_id: int) -> bool:
        """Whether a user has a profile photo that we may see."""


def parse_messages(
    messages: Sequence[Message], lookups: Lookups, *, edited: bool = False, separated: Separated | None = None
) -> IncomingMessage:
    """One request from a message, or from an album's messages in any order.

    `separated`: they are a part of an album that is a request of its own.
    """
    ordered = sorted(messages, key=lambda message: message.message_id)
    first = ordered[0]
    replied, bot_user = first.reply_to_message or first.external_reply, lookups.bot_user
    file, album = file_of(replied) if replied else None, separated or Separated()
    return IncomingMessage(
        person=person_of(first.from_user, first.sender_chat),
        chat=chat_of(first),
        source=_source_id(first, bot_user, alone=separated is not None),
        message_id=str(first.message_id),
        text=caption_of([message.text or message.caption or "" for message in ordered]) or album.caption,
        addressed=first.chat.type == TelegramChat.PRIVATE or _replied_to_bot(first, bot_user) is not None,
        attachments=tuple(
            _own_attachment(message, found, lookups) for message in ordered if (found := file_of(message))
        ),
        replied=_attachment(first, file, lookups, photo_owner(replied, bot_user)) if replied and file else None,
        replied_to=_replied_to_bot(first, bot_user),
        earlier_sources=tuple(_source_of_id(first.chat.id, number, bot_user) for number in album.earlier),
        replied_sources=_replied_sources(first, bot_user),
        edited=edited,
        profile_photo=_profile_photo(first, None if first.sender_chat else first.from_user, lookups),
        replied_profile_photo=None if file else _profile_photo(first, sender_of(replied, bot_user), lookups),
        is_admin=admin_check(first.chat, first.from_user, first.sender_chat, lookups),
        is_by_chat=first.sender_chat is not None,
    )


def parse_callback_query(query: CallbackQuery, lookups: Lookups) -> ButtonPress | None:
    """A button press; None if the message is not available."""
    message = query.message
    if message is None and query.inline_message_id is None:
        return None
    person, data = person_of(query.from_user, None), query.data or ""
    source = f"{PLATFORM}:{lookups.bot_user.id}:press:{query.id}"
    if message is None:
        inline_chat = Chat(PLATFORM, f"{INLINE_PREFIX}{query.inline_message_id}")
        return ButtonPress(person, inline_chat, data, source, message_id="")
    chat = chat_of(message) if isinstance(message, Message) else chat_without_topic(message.chat)
    is_admin = admin_check(message.chat, query.from_user, None, lookups)
    return ButtonPress(
        person,
        chat,
        data,
        source,
        str(message.message_id),
        is_admin,
        is_chat,
        _photo_of(query.from_user, lookups, str(message.message_id)),
    )


def file_of(message: Message | ExternalReplyInfo) -> FileRef | None:
    """The message's file that could be meant as a photo. Videos and other files are marked as not being a picture."""
    if (photo := largest_size(message.photo)) is not None:
        return FileRef(photo.file_id, photo.file_size, is_picture=True)
    if moving := message.animation or message.video or message.video_note:
        return FileRef(moving.file_id, moving.file_size, is_picture=False)
    if document := message.document:
        is_picture = may_be_picture(document.mime_type, document.file_name)
        return FileRef(document.file_id, document.file_size, is_picture=is_picture)
    if sticker := message.sticker:
        is_still = not (sticker.is_animated or sticker.is_video)
        return FileRef(sticker.file_id, sticker.file_size, is_picture=is_still)
    return None


def has_spoiler(message: Message | ExternalReplyInfo | None) -> bool:
    """Whether the message's media is covered by a spoiler."""
    return message is not None and bool(message.has_media_spoiler)


def _own_attachment(message: Message, file: FileRef, lookups: Lookups) -> Attachment:
    """A file of this message. The owner of a forwarded photo is its author, if Telegram says who that is."""
    owner = None if message.sender_chat else message.from_user
    if message.forward_origin is not None:
        owner = forward_author(message.forward_origin)
    attachment = _attachment(message, file, lookups, owner)
    return replace(attachment, source=_source_id(message, lookups.bot_user, alone=True))


def _attachment(message: Message, file: FileRef, lookups: Lookups, owner: User | None) -> Attachment:
    person = None if owner is None else person_of(owner, None)
    return Attachment(str(message.message_id), file.size, file.is_picture, partial(lookups.file, file), owner=person)


def _profile_photo(message: Message, user: User | None, lookups: Lookups) -> Attachment | None:
    if user is None or user.is_bot:
        return None
    return _photo_of(user, lookups, str(message.message_id))


def _photo_of(user: User, lookups: Lookups, message_id: str) -> Attachment:
    read: Callable[[], Awaitable[bytes | UserError]] = partial(lookups.profile_photo, user.id)
    exists = partial(lookups.has_profile_photo, user.id)
    return Attachment(message_id, None, is_picture=True, read=read, owner=person_of(user, None), exists=exists)


def _replied_to_bot(message: Message, bot_user: User) -> str | None:
    """The id of the bot's message that it replies to, if it does. In a topic, every other message "replies" to the one
    that created the topic."""
    replied = message.reply_to_message
    if replied is None or replied.forum_topic_created or replied.from_user is None:
        return None
    return str(replied.message_id) if replied.from_user.id == bot_user.id else None


def _replied_sources(message: Message, bot_user: User) -> tuple[str, ...]:
    """The sources of the message that it replies to: alone, and as a part of its album."""
    replied = message.reply_to_message
    if replied is None or file_of(replied) is None:
        return ()
    return tuple(dict.fromkeys(_source_id(replied, bot_user, alone=alone) for alone in (True, False)))


def _source_id(message: Message, bot_user: User, *, alone: bool) -> str:
    """The same id for every delivery of a message or album. It contains the bot's id, as message ids are per bot."""
    if message.guest_query_id is not None:
        return f"{PLATFORM}:{bot_user.id}:guest:{message.guest_query_id}"
    if not message.media_group_id or alone:
        return _source_of_id(message.chat.id, message.message_id, bot_user)
    return f"{PLATFORM}:{bot_user.id}:{message.chat.id}:album:{message.media_group_id}"


def _source_of_id(chat: int, message: int, bot_user: User) -> str:
    """The source of a message that is a request of its own, or of an album's photo."""
    return f"{PLATFORM}:{bot_user.id}:{chat}:{message}"
