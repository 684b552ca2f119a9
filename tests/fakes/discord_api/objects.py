"""Users, servers and channels as values, and their JSON in the API."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes.discord_api.limits import FILE_BYTES

Json = Any
DISCORD_EPOCH = 1_420_070_400  # 2015-01-01, where snowflakes begin
GUILD_TEXT, DM, PUBLIC_THREAD, GROUP_DM = 0, 1, 11, 3  # channel types
MANAGE_GUILD = 1 << 5
# View channel, send messages, attach files, read history, use application commands, send in threads.
MEMBER_PERMISSIONS = 1 << 10 | 1 << 11 | 1 << 15 | 1 << 16 | 1 << 31 | 1 << 38
BOT_PERMISSIONS = MEMBER_PERMISSIONS | 1 << 14 | 1 << 35  # plus embed links
USE_EXTERNAL_APPS = 1 << 50


@dataclass(frozen=True)
class User:
    """An account. `avatar` is the hash of its picture, None without one."""

    id: int
    name: str
    locale: str = "en-US"
    avatar: str | None = None
    bot: bool = False

    def as_json(self) -> Json:
        body: Json = {
            "id": str(self.id),
            "username": self.name.lower(),
            "global_name": self.name,
            "avatar": self.avatar,
        }
        body |= {"discriminator": "0", "public_flags": 0, "flags": 0, "primary_guild": None}
        return body | ({"bot": True} if self.bot else {})


@dataclass
class Guild:
    """A server. `has_bot`: the bot is a member; `member_permissions` are extra permissions by user id."""

    id: int
    name: str = "A server"
    locale: str = "en-US"
    has_bot: bool = True
    member_permissions: dict[int, int] = field(default_factory=dict)

    def as_json(self) -> Json:
        body: Json = {"id": str(self.id), "name": self.name, "owner_id": "1", "preferred_locale": self.locale}
        body |= {
            name: [] for name in ("roles", "emojis", "stickers", "members", "voice_states", "presences", "features")
        }
        body |= {"verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0}
        body |= {"mfa_level": 0, "nsfw_level": 0, "premium_tier": 0, "system_channel_flags": 0, "afk_timeout": 300}
        return body | {"member_count": 3, "large": False, "unavailable": False, "channels": [], "threads": []}


@dataclass
class Channel:
    """A server's channel or thread, a private chat with the bot, or a group chat between users. `permissions` are those
    of the bot."""

    id: int
    kind: int = GUILD_TEXT
    guild: Guild | None = None
    recipients: tuple[User, ...] = ()
    parent_id: int | None = None
    permissions: int = BOT_PERMISSIONS
    max_file_bytes: int = FILE_BYTES

    @property
    def has_bot(self) -> bool:
        return self.guild.has_bot if self.guild else self.kind == DM

    @property
    def context(self) -> int:
        """The context type in interactions: 0 in a server, 1 in a private chat with the bot, 2 elsewhere."""
        return 0 if self.guild else 1 if self.kind == DM else 2

    def as_json(self) -> Json:
        body: Json = {"id": str(self.id), "type": self.kind, "flags": 0, "last_message_id": None}
        if self.guild is None:
            return body | {"recipients": [user.as_json() for user in self.recipients]}
        body |= {
            "guild_id": str(self.guild.id),
            "name": f"channel-{self.id}",
            "position": 0,
            "permission_overwrites": [],
        }
        body |= {"parent_id": str(self.parent_id) if self.parent_id else None, "nsfw": False, "topic": None}
        if self.kind == PUBLIC_THREAD:
            metadata = {
                "archived": False,
                "auto_archive_duration": 60,
                "archive_timestamp": timestamp(DISCORD_EPOCH),
                "locked": False,
            }
            body |= {"owner_id": "1", "message_count": 1, "member_count": 1, "thread_metadata": metadata}
        return body


def timestamp(seconds: float) -> str:
    """A time in Discord's format."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
