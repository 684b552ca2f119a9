"""Telegram's updates as the core's values: who wrote what, where, with which files. Translates and decides nothing."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from telegram import CallbackQuery, ExternalReplyInfo, Message, User
from telegram import Chat as TelegramChat

from bot.domain.job_view import UserError
from bot.messaging.callbacks import ButtonPress
from bot.messaging.incoming import Attachment, IncomingMessage, may_be_picture
from bot.messaging.platform import Chat
from handlers.telegram.chat_state import INLINE
from handlers.telegram.identities import (
    PLATFORM,
    Admins,
    admin_of,
    author_of,
    bare_chat,
    chat_of,
    origin_of,
    person_of,
    user_of,
)
from handlers.telegram.rendering import largest


@dataclass(frozen=True)
class FileRef:
    """A file at Telegram: its id, and its size in bytes where it is told."""

    file_id: str
    size: int | None
    is_picture: bool


class Source(Admins, Protocol):
    """Where what a message only names is to be had from."""

    us: User

    async def file(self, file: FileRef) -> bytes | UserError: ...

    async def portrait(self, user_id: int) -> bytes | UserError:
        """Somebody's profile photo."""


def incoming(
    messages: Sequence[Message], source: Source, *, edited: bool = False, after: str | None = None
) -> IncomingMessage:
    """One request of a message, or of an album's messages in any order. `after`: what the album said, of a picture that
    came after it was closed: that is a request of its own."""
    ordered = sorted(messages, key=lambda message: message.message_id)
    first = ordered[0]
    answered = first.reply_to_message or first.external_reply
    file = file_of(answered) if answered else None
    return IncomingMessage(
        person=person_of(first.from_user, first.sender_chat),
        chat=chat_of(first),
        source=_source(first, source.us, alone=after is not None),
        message_id=str(first.message_id),
        text=next((words for message in ordered if (words := message.text or message.caption)), after or ""),
        addressed=first.chat.type == TelegramChat.PRIVATE or _answers(first, source.us),
        attachments=tuple(_own(message, found, source) for message in ordered if (found := file_of(message))),
        replied=_attached(first, file, source, author_of(answered, source.us)) if answered and file else None,
        edited=edited,
        profile_photo=_portrait(first, None if first.sender_chat else first.from_user, source),
        replied_profile_photo=None if file else _portrait(first, user_of(answered, source.us), source),
        is_admin=admin_of(first.chat, first.from_user, first.sender_chat, source),
    )


def pressed(query: CallbackQuery, source: Source) -> ButtonPress | None:
    """A press of a button; None for what has no button of ours."""
    message = query.message
    if message is None and query.inline_message_id is None:
        return None
    person, data = person_of(query.from_user, None), query.data or ""
    unique = f"{PLATFORM}:{source.us.id}:press:{query.id}"
    if message is None:
        return ButtonPress(person, Chat(PLATFORM, f"{INLINE}{query.inline_message_id}"), data, unique, message_id="")
    chat = chat_of(message) if isinstance(message, Message) else bare_chat(message.chat)
    is_admin = admin_of(message.chat, query.from_user, None, source)
    return ButtonPress(person, chat, data, unique, str(message.message_id), is_admin)


def file_of(message: Message | ExternalReplyInfo) -> FileRef | None:
    """What hangs on a message and could be meant as a picture; things that are no still picture are marked so."""
    if (photo := largest(message.photo)) is not None:
        return FileRef(photo.file_id, photo.file_size, is_picture=True)
    if moving := message.animation or message.video or message.video_note:
        return FileRef(moving.file_id, moving.file_size, is_picture=False)
    if document := message.document:
        is_picture = may_be_picture(document.mime_type, document.file_name)
        return FileRef(document.file_id, document.file_size, is_picture=is_picture)
    if sticker := message.sticker:
        still = not (sticker.is_animated or sticker.is_video)
        return FileRef(sticker.file_id, sticker.file_size, is_picture=still)
    return None


def has_spoiler(message: Message | ExternalReplyInfo | None) -> bool:
    """Whether its picture is to be seen only by those who tap it."""
    return message is not None and bool(message.has_media_spoiler)


def _own(message: Message, file: FileRef, source: Source) -> Attachment:
    """A file that came with the message; a forwarded photo belongs to whoever took it, where Telegram tells."""
    owner = None if message.sender_chat else message.from_user
    if message.forward_origin is not None:
        owner = origin_of(message.forward_origin)
    attached = _attached(message, file, source, owner)
    return replace(attached, source=_source(message, source.us, alone=True)) if message.media_group_id else attached


def _attached(message: Message, file: FileRef, source: Source, owner: User | None) -> Attachment:
    person = None if owner is None else person_of(owner, None)
    return Attachment(str(message.message_id), file.size, file.is_picture, partial(source.file, file), owner=person)


def _portrait(message: Message, user: User | None, source: Source) -> Attachment | None:
    if user is None or user.is_bot:
        return None
    read: Callable[[], Awaitable[bytes | UserError]] = partial(source.portrait, user.id)
    return Attachment(str(message.message_id), None, is_picture=True, read=read, owner=person_of(user, None))


def _answers(message: Message, us: User) -> bool:
    """Whether it answers a message of ours. In topics everything "answers" the topic's first message."""
    answered = message.reply_to_message
    if answered is None or answered.forum_topic_created or answered.from_user is None:
        return False
    return answered.from_user.id == us.id


def _source(message: Message, us: User, *, alone: bool) -> str:
    """The same for every delivery of a message or album. The bot's id is in it: another bot counts messages anew."""
    if message.guest_query_id is not None:
        return f"{PLATFORM}:{us.id}:guest:{message.guest_query_id}"
    own = f"album:{message.media_group_id}" if message.media_group_id and not alone else str(message.message_id)
    return f"{PLATFORM}:{us.id}:{message.chat.id}:{own}"
