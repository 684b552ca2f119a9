"""How Discord tells a bot of what somebody asked."""

from typing import Any

from tests.fakes.discord_api.commands import rights_of
from tests.fakes.discord_api.interactions import Asked
from tests.fakes.discord_api.objects import User
from tests.fakes.discord_api.state import World

Json = Any


def interaction(asked: Asked, data: Json, world: World) -> Json:
    """All of it: who, where, in which language, with which rights."""
    user, place, guild = asked.user, asked.place, asked.place.guild
    world.limits_told.add(place.id)
    owners = {"1": str(user.id)} if asked.elsewhere else {"0": str(guild.id if guild else 0)}
    body: Json = {"id": str(asked.id), "application_id": str(world.bot.id), "type": asked.kind, "token": asked.token}
    body |= {"version": 1, "data": data, "locale": user.locale, "context": place.context, "entitlements": []}
    body |= {"authorizing_integration_owners": owners, "attachment_size_limit": place.most_bytes}
    body |= {"channel_id": str(place.id), "channel": place.as_json(), "app_permissions": str(place.rights)}
    if asked.pressed is not None:
        body["message"] = world.as_json(world.messages.get(asked.pressed.id, asked.pressed))
    if guild is None:
        return body | {"user": user.as_json()}
    body |= {"guild_id": str(guild.id), "guild_locale": guild.locale}
    body |= {"guild": {"id": str(guild.id), "locale": guild.locale, "features": []}}
    return body | {"member": member(user) | {"user": user.as_json(), "permissions": str(rights_of(asked))}}


def member(user: User) -> Json:
    """Somebody as a server knows them, without their account."""
    body: Json = {"roles": [], "joined_at": "2024-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}
    return body | {"nick": None, "avatar": None, "pending": False, "premium_since": None, "banner": None}
