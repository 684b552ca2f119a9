"""People, chats and messages of Discord as values, and how its API writes them."""

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from tests.discord_limits import EPHEMERAL, FILE_BYTES, embed_words, walk

Json = Any
EPOCH = 1_420_070_400  # the first second of 2015, where snowflakes begin
TEXT, DM, THREAD, GROUP_DM = 0, 1, 11, 3  # kinds of chats
MANAGE_SERVER, MANAGE_MESSAGES = 1 << 5, 1 << 13
MEMBER = (
    1 << 10 | 1 << 11 | 1 << 15 | 1 << 16 | 1 << 31 | 1 << 38
)  # read, write, attach, look back, use commands, threads
BOT = MEMBER | 1 << 14 | 1 << 35  # and embed links
EXTERNAL_APPS = 1 << 50


@dataclass(frozen=True)
class User:
    """Somebody with an account. `avatar`: the picture's hash, None without one."""

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
    """A server. `has_bot`: the bot was added; `rights` of those who have others than everybody."""

    id: int
    name: str = "A server"
    locale: str = "en-US"
    has_bot: bool = True
    rights: dict[int, int] = field(default_factory=dict)

    def as_json(self) -> Json:
        body: Json = {"id": str(self.id), "name": self.name, "owner_id": "1", "preferred_locale": self.locale}
        body |= {
            name: [] for name in ("roles", "emojis", "stickers", "members", "voice_states", "presences", "features")
        }
        body |= {"verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0}
        body |= {"mfa_level": 0, "nsfw_level": 0, "premium_tier": 0, "system_channel_flags": 0, "afk_timeout": 300}
        return body | {"member_count": 3, "large": False, "unavailable": False, "channels": [], "threads": []}


@dataclass
class Place:
    """A chat: a server's channel or thread, a private chat with the bot, or one between people. `rights`: the bot's."""

    id: int
    kind: int = TEXT
    guild: Guild | None = None
    people: tuple[User, ...] = ()
    parent: int | None = None
    rights: int = BOT
    most_bytes: int = FILE_BYTES

    @property
    def has_bot(self) -> bool:
        return self.guild.has_bot if self.guild else self.kind == DM

    @property
    def context(self) -> int:
        """As interactions say where they are: in a server, with the bot, among people."""
        return 0 if self.guild else 1 if self.kind == DM else 2

    def as_json(self) -> Json:
        body: Json = {"id": str(self.id), "type": self.kind, "flags": 0, "last_message_id": None}
        if self.guild is None:
            return body | {"recipients": [user.as_json() for user in self.people]}
        body |= {"guild_id": str(self.guild.id), "name": f"place-{self.id}", "position": 0, "permission_overwrites": []}
        body |= {"parent_id": str(self.parent) if self.parent else None, "nsfw": False, "topic": None}
        if self.kind == THREAD:
            told = {"archived": False, "auto_archive_duration": 60, "archive_timestamp": moment(EPOCH), "locked": False}
            body |= {"owner_id": "1", "message_count": 1, "member_count": 1, "thread_metadata": told}
        return body


@dataclass(frozen=True)
class Filed:
    """A file at the CDN. `private`: of a command or an ephemeral message."""

    id: int
    place: int
    filename: str
    data: bytes
    alt: str | None = None
    private: bool = False

    @property
    def is_spoiler(self) -> bool:
        return self.filename.startswith("SPOILER_")

    @property
    def path(self) -> str:
        folder = "ephemeral-attachments" if self.private else "attachments"
        return f"/{folder}/{self.place}/{self.id}/{self.filename}"

    def as_json(self, url: str) -> Json:
        body = {"id": str(self.id), "filename": self.filename, "size": len(self.data), "url": url, "proxy_url": url}
        body |= {"description": self.alt} if self.alt else {}
        body |= {"ephemeral": True} if self.private else {}
        if (seen := _seen(self.data)) is None:
            return body | {"content_type": "application/octet-stream"}
        width, height, kind = seen
        return body | {"content_type": kind, "width": width, "height": height}


def _seen(data: bytes) -> tuple[int, int, str] | None:
    """Width, height and kind of a picture, None for other files."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.width, picture.height, picture.get_format_mimetype() or "image/jpeg"
    except OSError:
        return None


@dataclass(frozen=True)
class Shown:
    """A message as it is seen now. `edits` counts its changes; `only_for`: an ephemeral one's reader."""

    place: int
    id: int
    author: User
    at: float
    content: str = ""
    embeds: tuple[Json, ...] = ()
    parts: tuple[Json, ...] = ()
    files: tuple[Filed, ...] = ()
    flags: int = 0
    answers: int | None = None
    edits: int = 0
    only_for: int | None = None
    asked: int | None = None  # the interaction that it answers
    quiet: bool = False

    @property
    def text(self) -> str:
        """All its words, in order."""
        words = [self.content, *(word for embed in self.embeds for word in embed_words(embed))]
        return "\n".join([*words, *(part["content"] for part in walk(list(self.parts)) if part.get("content"))]).strip()

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def picture(self) -> bytes | None:
        return next((file.data for file in self.files if _seen(file.data)), None)

    @property
    def buttons(self) -> list[Json]:
        return [part for part in walk(list(self.parts)) if part["type"] == 2]

    @property
    def labels(self) -> list[str]:
        return [
            f"{(part.get('emoji') or {}).get('name') or ''} {part.get('label') or ''}".strip() for part in self.buttons
        ]

    @property
    def selects(self) -> list[Json]:
        return [part for part in walk(list(self.parts)) if part["type"] == 3]

    @property
    def options(self) -> list[str]:
        """What its lists offer, in words."""
        return [option["label"] for select in self.selects for option in select["options"]]

    def data(self, label: str) -> str:
        """What the button that has `label` in its words sends or opens."""
        found = next(part for part, words in zip(self.buttons, self.labels, strict=True) if label in words)
        assert not found.get("disabled"), f"{label} can't be pressed"
        return str(found.get("custom_id") or found["url"])


def moment(seconds: float) -> str:
    """A time as Discord writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
