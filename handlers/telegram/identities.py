"""Who wrote, where, and whose picture it is: Telegram's users and chats as the core's."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from telegram import Chat as TelegramChat
from telegram import ExternalReplyInfo, Message, MessageOrigin, MessageOriginUser, User

from bot.messaging.platform import Chat, Person

PLATFORM = "telegram"


class Admins(Protocol):
    """Knows who is an admin where. May raise NotNow."""

    async def is_admin(self, chat_id: int, user_id: int) -> bool: ...


def person_of(user: User | None, group: TelegramChat | None) -> Person:
    """The person; an anonymous admin or a channel writes as the chat that they speak for."""
    if group is not None or user is None:
        return Person(PLATFORM, str(group.id if group else 0))
    return Person(PLATFORM, str(user.id), user.language_code or "en")


def chat_of(message: Message) -> Chat:
    """The chat and its topic. Replies in ordinary groups carry a thread id too, and General must not be named."""
    chat = bare_chat(message.chat)
    if not message.is_topic_message or message.message_thread_id is None:
        return chat
    return Chat(PLATFORM, chat.platform_id, thread=str(message.message_thread_id), is_group=chat.is_group)


def bare_chat(chat: TelegramChat) -> Chat:
    """The chat without a topic."""
    return Chat(PLATFORM, str(chat.id), is_group=chat.type != TelegramChat.PRIVATE)


def author_of(answered: Message | ExternalReplyInfo, us: User) -> User | None:
    """Whose picture it is that is answered: who sent it, or who it was forwarded from."""
    if isinstance(answered, Message) and answered.forward_origin is not None:
        return origin_of(answered.forward_origin)
    return user_of(answered, us)


def origin_of(origin: MessageOrigin) -> User | None:
    """Who wrote a forwarded message, where Telegram tells and it is a person."""
    author: User | None = origin.sender_user if isinstance(origin, MessageOriginUser) else None
    return None if author is None or author.is_bot else author


def user_of(answered: Message | ExternalReplyInfo | None, us: User) -> User | None:
    """Who wrote what is answered, where that is a person."""
    match answered:
        case Message(sender_chat=None, from_user=User(is_bot=False) as user) if user.id != us.id:
            return user
        case ExternalReplyInfo(origin=MessageOriginUser(sender_user=User(is_bot=False) as user)):
            return user
        case _:
            return None


def admin_of(
    chat: TelegramChat, user: User | None, group: TelegramChat | None, admins: Admins
) -> Callable[[], Awaitable[bool]]:
    """Whether they are an admin there, asked of Telegram when it matters. Who writes as the group itself is one."""

    async def is_admin() -> bool:
        if chat.type == TelegramChat.PRIVATE or user is None:
            return False
        return group.id == chat.id if group is not None else await admins.is_admin(chat.id, user.id)

    return is_admin
