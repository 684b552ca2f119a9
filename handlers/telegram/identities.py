"""Telegram's users and chats as the core's: who wrote, where, and whose photo it is."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from telegram import Chat as TelegramChat
from telegram import ExternalReplyInfo, Message, MessageOrigin, MessageOriginUser, User

from bot.messaging.platform import Chat, Person

PLATFORM = "telegram"


class AdminLookup(Protocol):
    """Knows who is an admin of a group. May raise TryLater."""

    async def is_admin(self, chat_id: int, user_id: int) -> bool: ...


def person_of(user: User | None, group: TelegramChat | None) -> Person:
    """The person who wrote. Anonymous admins and channels write as the chat they represent."""
    if group is not None or user is None:
        return Person(PLATFORM, str(group.id if group else 0), name=(group.title or "") if group else "")
    return Person(PLATFORM, str(user.id), user.language_code or "en", name=user.full_name)


def is_chat(platform_id: str) -> bool:
    """Whether the id of a `Person` is that of a group or channel: those are negative."""
    return platform_id.startswith("-")


def chat_of(message: Message) -> Chat:
    """The chat and its topic. Replies in ordinary groups have a thread id too; the General topic must not be named."""
    chat = chat_without_topic(message.chat)
    if not message.is_topic_message or message.message_thread_id is None:
        return chat
    return Chat(PLATFORM, chat.platform_id, thread=str(message.message_thread_id), is_group=chat.is_group)


def chat_without_topic(chat: TelegramChat) -> Chat:
    """The chat without its topic."""
    return Chat(PLATFORM, str(chat.id), is_group=chat.type != TelegramChat.PRIVATE)


def photo_owner(replied: Message | ExternalReplyInfo, bot_user: User) -> User | None:
    """Whose photo it is in the message replied to: its sender, or the author of a forwarded photo."""
    if isinstance(replied, Message) and replied.forward_origin is not None:
        return forward_author(replied.forward_origin)
    return sender_of(replied, bot_user)


def forward_author(origin: MessageOrigin) -> User | None:
    """Who wrote a forwarded message, if Telegram says so and it is a person."""
    author: User | None = origin.sender_user if isinstance(origin, MessageOriginUser) else None
    return None if author is None or author.is_bot else author


def sender_of(replied: Message | ExternalReplyInfo | None, bot_user: User) -> User | None:
    """Who sent the message replied to, if it is a person."""
    match replied:
        case Message(sender_chat=None, from_user=User(is_bot=False) as user) if user.id != bot_user.id:
            return user
        case ExternalReplyInfo(origin=MessageOriginUser(sender_user=User(is_bot=False) as user)):
            return user
        case _:
            return None


def admin_check(
    chat: TelegramChat, user: User | None, group: TelegramChat | None, admins: AdminLookup
) -> Callable[[], Awaitable[bool]]:
    """Returns a check whether the user is an admin of the chat, made only when needed. Anonymous admins, who write as
    the group, are admins.
    """

    async def is_admin() -> bool:
        if chat.type == TelegramChat.PRIVATE or user is None:
            return False
        return group.id == chat.id if group is not None else await admins.is_admin(chat.id, user.id)

    return is_admin
