"""The payload in which Discord sends an interaction to a bot."""

from typing import Any

from tests.fakes.discord_api.commands import permissions_of
from tests.fakes.discord_api.interactions import Interaction
from tests.fakes.discord_api.objects import User
from tests.fakes.discord_api.state import DiscordState

Json = Any


def interaction_json(interaction: Interaction, data: Json, state: DiscordState) -> Json:
    """The whole payload: user, channel, locale and permissions."""
    user, channel, guild = interaction.user, interaction.channel, interaction.channel.guild
    state.announced_limits.add(channel.id)
    owners = {"1": str(user.id)} if interaction.is_user_install else {"0": str(guild.id if guild else 0)}
    body: Json = {"id": str(interaction.id), "application_id": str(state.bot.id), "version": 1}
    body |= {
        "type": interaction.kind,
        "token": interaction.token,
        "data": data,
        "locale": user.locale,
        "context": channel.context,
        "entitlements": [],
    }
    body |= {"authorizing_integration_owners": owners, "attachment_size_limit": channel.max_file_bytes}
    body |= {"channel_id": str(channel.id), "channel": channel.as_json(), "app_permissions": str(channel.permissions)}
    if interaction.message is not None:
        body["message"] = state.message_json(state.messages.get(interaction.message.id, interaction.message))
    if guild is None:
        return body | {"user": user.as_json()}
    body |= {"guild_id": str(guild.id), "guild_locale": guild.locale}
    body |= {"guild": {"id": str(guild.id), "locale": guild.locale, "features": []}}
    account = {"user": user.as_json(), "permissions": str(permissions_of(interaction))}
    return body | {"member": member_json(user) | account}


def member_json(user: User) -> Json:
    """A server's member, without the account."""
    body: Json = {"roles": [], "joined_at": "2024-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}
    return body | {"nick": None, "avatar": None, "pending": False, "premium_since": None, "banner": None}
