"""Who asks, and where: Discord's users and channels as the core's, and back again.

A server is one chat (its rules, its pot, its shelf), its channels are threads of it. A private chat has the number of
its person. Where we can't write by ourselves, the thread names the interaction that lets us.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from discord import Member, Thread, User

from bot.messaging.platform import Chat, Person
from handlers.discord.client import Ask

PLATFORM = "discord"
_HOOK = "hook:"


@dataclass(frozen=True)
class Private:
    """A person's private chat with us."""

    user: int


@dataclass(frozen=True)
class Channel:
    """A channel of a server that we are a member of."""

    id: int


@dataclass(frozen=True)
class Hook:
    """Wherever this interaction came from; for a quarter of an hour."""

    interaction: str


Place = Private | Channel | Hook


def place_of(chat: Chat) -> Place:
    """Where a card goes."""
    if chat.thread is None:
        return Private(int(chat.platform_id))
    if chat.thread.startswith(_HOOK):
        return Hook(chat.thread.removeprefix(_HOOK))
    return Channel(int(chat.thread))


def person_of(user: User | Member, locale: str = "") -> Person:
    """Messages don't tell which language somebody's app speaks; interactions do."""
    return Person(PLATFORM, str(user.id), locale)


def private_chat(user: User | Member) -> Chat:
    return Chat(PLATFORM, str(user.id))


def asker_of(interaction: Ask) -> Person:
    return person_of(interaction.user, interaction.locale.value)


def chat_of(interaction: Ask, *, unseen: bool) -> Chat:
    """Where it was asked. `unseen`: only they are to see the answer, so the channel is not where it goes."""
    if is_ours(interaction):
        return private_chat(interaction.user)
    whole = interaction.guild_id or interaction.channel_id or interaction.user.id
    if unseen or not may_write(interaction):
        return Chat(PLATFORM, str(whole), thread=f"{_HOOK}{interaction.id}", is_group=True)
    return Chat(PLATFORM, str(whole), thread=str(interaction.channel_id), is_group=True)


def is_ours(interaction: Ask) -> bool:
    """Whether it is their private chat with us."""
    return interaction.guild_id is None and interaction.context.dm_channel


def may_write(interaction: Ask) -> bool:
    """Whether we are a member of the server and may send pictures to this channel."""
    may, is_thread = interaction.app_permissions, isinstance(interaction.channel, Thread)
    return (
        interaction.is_guild_integration()
        and may.view_channel
        and may.attach_files
        and may.read_message_history  # without it nothing can be answered
        and (may.send_messages_in_threads if is_thread else may.send_messages)
    )


def manager_of(interaction: Ask) -> Callable[[], Awaitable[bool]]:
    """Whether they manage the server; every interaction says so."""

    async def is_manager() -> bool:
        return interaction.guild_id is not None and interaction.permissions.manage_guild

    return is_manager
