"""Maps Discord's users and channels to the core's persons and chats, and back.

A server is one chat (with one set of rules, credits and styles); its channels are threads of that chat. A private chat
has the id of its user. Where the bot may not write by itself, the thread names the interaction that lets it respond.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from discord import Member, Thread, User

from bot.messaging.platform import Chat, Person
from handlers.discord.client import BotInteraction

PLATFORM = "discord"
_INTERACTION_PREFIX = "hook:"


@dataclass(frozen=True)
class PrivateChat:
    """A user's private chat with the bot."""

    user: int


@dataclass(frozen=True)
class Channel:
    """A channel of a server that has the bot."""

    id: int


@dataclass(frozen=True)
class ViaInteraction:
    """Wherever this interaction came from, for fifteen minutes."""

    interaction: str


Destination = PrivateChat | Channel | ViaInteraction


def destination_of(chat: Chat) -> Destination:
    """Where a card for this chat is sent."""
    if chat.thread is None:
        return PrivateChat(int(chat.platform_id))
    if chat.thread.startswith(_INTERACTION_PREFIX):
        return ViaInteraction(chat.thread.removeprefix(_INTERACTION_PREFIX))
    return Channel(int(chat.thread))


def person_of(user: User | Member, locale: str = "") -> Person:
    """The core's person. Messages do not tell the user's locale; interactions do."""
    return Person(PLATFORM, str(user.id), locale, name=user.display_name)


def private_chat(user: User | Member) -> Chat:
    return Chat(PLATFORM, str(user.id))


def requester_of(interaction: BotInteraction) -> Person:
    return person_of(interaction.user, interaction.locale.value)


def chat_of(interaction: BotInteraction, *, ephemeral: bool) -> Chat:
    """The chat of an interaction. `ephemeral`: only the requester may see the answer, so it goes through the
    interaction."""
    if is_bot_dm(interaction):
        return private_chat(interaction.user)
    chat_id = interaction.guild_id or interaction.channel_id or interaction.user.id
    if ephemeral or not can_send_pictures(interaction):
        return Chat(PLATFORM, str(chat_id), thread=f"{_INTERACTION_PREFIX}{interaction.id}", is_group=True)
    return Chat(PLATFORM, str(chat_id), thread=str(interaction.channel_id), is_group=True)


def is_bot_dm(interaction: BotInteraction) -> bool:
    """Whether this is the user's private chat with the bot."""
    return interaction.guild_id is None and interaction.context.dm_channel


def can_send_pictures(interaction: BotInteraction) -> bool:
    """Whether the bot is a member of the server and may send pictures to this channel."""
    permissions, is_thread = interaction.app_permissions, isinstance(interaction.channel, Thread)
    return (
        interaction.is_guild_integration()
        and permissions.view_channel
        and permissions.attach_files
        and permissions.read_message_history  # replying needs it
        and (permissions.send_messages_in_threads if is_thread else permissions.send_messages)
    )


def manager_check(interaction: BotInteraction) -> Callable[[], Awaitable[bool]]:
    """A check whether the requester may manage the server; every interaction carries their permissions."""

    async def is_manager() -> bool:
        return interaction.guild_id is not None and interaction.permissions.manage_guild

    return is_manager
