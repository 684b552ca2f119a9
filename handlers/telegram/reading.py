"""Telegram's updates as the core's values: who wrote what, where, with which files. Translates and decides nothing."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from telegram import CallbackQuery, ExternalReplyInfo, Message, Update, User
from telegram import Chat as TelegramChat

from bot.chat import Chat, Person
from bot.incoming import Attachment, Incoming
from bot.presses import Pressed
from bot.wishes import Refusal

PLATFORM = "telegram"
ALLOWED_UPDATES = ("message", "callback_query")
_PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif"}
)

Read = Callable[["FileRef"], Awaitable[bytes | Refusal]]


@dataclass(frozen=True)
class FileRef:
    """A file at Telegram: its id, and its size in bytes where it is told."""

    file_id: str
    size: int | None
    is_picture: bool


def lane_of(update: Update) -> int | None:
    """The chat whose updates are handled one after the other; None for an update that isn't ours to handle."""
    message = update.message or (update.callback_query.message if update.callback_query else None)
    return message.chat.id if message else None


def album_of(update: Update) -> str | None:
    """The album that a message belongs to."""
    message = update.message
    return f"{message.chat.id}:{message.media_group_id}" if message and message.media_group_id else None


def is_for_people(message: Message) -> bool:
    """Whether a person (or a group in its own name) wrote it: not another bot, not a channel's automatic copy."""
    if message.is_automatic_forward or message.from_user is None:
        return False
    return not message.from_user.is_bot or message.sender_chat is not None


def incoming(messages: Sequence[Message], us: User, read: Read) -> Incoming:
    """One request of a message, or of an album's messages in any order."""
    ordered = sorted(messages, key=lambda message: message.message_id)
    first = ordered[0]
    answered = first.reply_to_message or first.external_reply
    return Incoming(
        person=_person(first.from_user, first.sender_chat),
        chat=_chat(first),
        source=_source(first, us),
        message_id=str(first.message_id),
        words=next((words for message in ordered if (words := message.text or message.caption)), ""),
        addressed=first.chat.type == TelegramChat.PRIVATE or _answers(first, us),
        own=tuple(_attached(message, file, read) for message in ordered if (file := file_of(message))),
        answered=_attached(first, file, read) if answered and (file := file_of(answered)) else None,
    )


def pressed(query: CallbackQuery, us: User) -> Pressed | None:
    """A press; None when its message is beyond our reach (inline)."""
    message = query.message
    if message is None:
        return None
    thread = _chat(message) if isinstance(message, Message) else _bare_chat(message.chat)
    return Pressed(
        person=_person(query.from_user, None),
        chat=thread,
        data=query.data or "",
        source=f"{PLATFORM}:{us.id}:press:{query.id}",
        message_id=str(message.message_id),
    )


def file_of(message: Message | ExternalReplyInfo) -> FileRef | None:
    """What hangs on a message and could be meant as a picture; things that are no still picture are marked so."""
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return FileRef(largest.file_id, largest.file_size, is_picture=True)
    if moving := message.animation or message.video or message.video_note:
        return FileRef(moving.file_id, moving.file_size, is_picture=False)
    if document := message.document:
        suffix = PurePath(document.file_name or "").suffix.casefold()
        is_picture = (document.mime_type or "").startswith("image/") or suffix in _PICTURE_SUFFIXES
        return FileRef(document.file_id, document.file_size, is_picture=is_picture)
    if sticker := message.sticker:
        still = not (sticker.is_animated or sticker.is_video)
        return FileRef(sticker.file_id, sticker.file_size, is_picture=still)
    return None


def _attached(message: Message, file: FileRef, read: Read) -> Attachment:
    return Attachment(str(message.message_id), file.size, file.is_picture, lambda: read(file))


def _answers(message: Message, us: User) -> bool:
    """Whether it answers a message of ours. In topics everything "answers" the topic's first message."""
    answered = message.reply_to_message
    if answered is None or answered.forum_topic_created or answered.from_user is None:
        return False
    return answered.from_user.id == us.id


def _source(message: Message, us: User) -> str:
    """The same for every delivery of a message or album. The bot's id is in it: another bot counts messages anew."""
    own = f"album:{message.media_group_id}" if message.media_group_id else str(message.message_id)
    return f"{PLATFORM}:{us.id}:{message.chat.id}:{own}"


def _person(user: User | None, group: TelegramChat | None) -> Person:
    """The person; an anonymous admin or a channel writes as the chat that they speak for."""
    if group is not None or user is None:
        return Person(PLATFORM, str(group.id if group else 0))
    return Person(PLATFORM, str(user.id), user.language_code or "en")


def _chat(message: Message) -> Chat:
    """The chat and its topic. Replies in ordinary groups carry a thread id too, and General must not be named."""
    chat = _bare_chat(message.chat)
    if not message.is_topic_message or message.message_thread_id is None:
        return chat
    return Chat(PLATFORM, chat.platform_id, thread=str(message.message_thread_id), is_group=chat.is_group)


def _bare_chat(chat: TelegramChat) -> Chat:
    return Chat(PLATFORM, str(chat.id), is_group=chat.type != TelegramChat.PRIVATE)
