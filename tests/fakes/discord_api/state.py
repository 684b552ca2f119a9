"""What Discord stores: users, servers, channels, messages and files, and how API calls change them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.discord_api.json_shapes import message_json
from tests.fakes.discord_api.limits import COMPONENTS_V2, Uploads, message_violations
from tests.fakes.discord_api.objects import DISCORD_EPOCH, DM, Channel, Guild, User
from tests.fakes.discord_api.shown_messages import Message, StoredFile

Json = Any
SEND_MESSAGES, SEND_IN_THREADS, ATTACH_FILES, VIEW_CHANNEL = 1 << 11, 1 << 38, 1 << 15, 1 << 10


class ApiError(Exception):
    """An error response: status, Discord's error code, and message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


TOO_LARGE = (413, 40005, "Request entity too large")
UNKNOWN_MESSAGE = (404, 10008, "Unknown Message")
MISSING_ACCESS, MISSING_PERMISSIONS = (403, 50001, "Missing Access"), (403, 50013, "Missing Permissions")
CANNOT_SEND_TO_USER = (403, 50278, "Cannot send messages to this user due to having no mutual guilds")


@dataclass
class DiscordState:
    """`dms_closed`: users who accept no messages from the bot. `violations`: what the bot should not have sent."""

    bot: User
    now: Callable[[], float]
    file_url: Callable[[StoredFile], str]
    users: dict[int, User] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    versions: dict[int, list[Message]] = field(default_factory=dict)
    files: dict[int, StoredFile] = field(default_factory=dict)
    avatars: dict[str, bytes] = field(default_factory=dict)
    stickers: dict[str, bytes] = field(default_factory=dict)  # by file name
    dms_closed: set[int] = field(default_factory=set)
    nonces: dict[tuple[int, str], int] = field(default_factory=dict)
    announced_limits: set[int] = field(default_factory=set)  # channels whose upload limit the bot has been told
    violations: list[str] = field(default_factory=list)
    _last: int = 0

    def new_id(self) -> int:
        """A snowflake of today's length, greater than the last."""
        self._last = max(self._last + 1, int((self.now() - DISCORD_EPOCH) * 1000) << 22)
        return self._last

    def user(self, number: int, locale: str = "en-US") -> User:
        """The user of that number, created on first use."""
        user_id = 1_200_000_000_000_000_000 + number
        user = self.users.get(user_id)
        if user is None or user.locale != locale:
            user = self.users[user_id] = replace(user or User(user_id, f"Person {number}"), locale=locale)
        return user

    def with_avatar(self, number: int, picture: bytes) -> User:
        """The user of that number, with an avatar."""
        avatar = f"{len(self.avatars):032x}"
        self.avatars[avatar] = picture
        user = replace(self.user(number), avatar=avatar)
        self.users[user.id] = user
        return user

    def channel(self, channel_id: int, **fields: Any) -> Channel:
        """The channel of that id, created on first use with these `fields`."""
        channel = self.channels.get(channel_id)
        if channel is None:
            channel = self.channels[channel_id] = Channel(channel_id, **fields)
            if channel.guild:
                self.guilds[channel.guild.id] = channel.guild
        return channel

    def dm_channel(self, user: User) -> Channel:
        """The user's private chat with the bot."""
        return self.channel(user.id + (1 << 59), kind=DM, recipients=(user,))

    def message_json(self, message: Message) -> Json:
        """A message as the API returns it, with signed links to its files."""
        return message_json(message, self.file_url, self.now(), self.messages.get(message.reply_to or 0))

    def bot_messages(self, channel_id: int, reader: int | None = None) -> list[Message]:
        """The bot's messages in the channel, in order; ephemeral ones only for their reader."""
        return [
            message
            for _, message in sorted(self.messages.items())
            if message.channel_id == channel_id and message.author == self.bot and message.visible_to in {None, reader}
        ]

    def store_file(
        self, channel_id: int, filename: str, data: bytes, *, alt: str | None = None, is_ephemeral: bool = False
    ) -> StoredFile:
        """A new file on the CDN, with its name normalized as Discord does."""
        file = StoredFile(self.new_id(), channel_id, re.sub(r"[^\w.-]", "_", filename), data, alt, is_ephemeral)
        self.files[file.id] = file
        return file

    def add_message(self, message: Message) -> Message:
        self.messages[message.id] = message
        self.versions.setdefault(message.id, []).append(message)
        return message

    def create_message(self, channel_id: int, body: Json, files: Uploads, **fields: Any) -> Message:
        """A new message of the bot. `fields` are further fields of Message. Raises ApiError."""
        flags = (body.get("flags") or 0) | fields.pop("flags", 0)
        self._check(channel_id, body | {"flags": flags}, files, new=True, ephemeral_allowed="interaction_id" in fields)
        new = Message(channel_id, self.new_id(), self.bot, self.now(), flags=flags, **fields)
        return self.add_message(self._apply_body(new, body, files))

    def edit_message(self, old: Message, body: Json, files: Uploads) -> Message:
        """Change what the body names in one of the bot's messages. Raises ApiError."""
        if old.author != self.bot:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        kept = {str(file.id): file.filename for file in old.files}
        flags = body.get("flags") or 0
        self._check(old.channel_id, body | {"flags": flags | old.flags & COMPONENTS_V2}, files, new=False, kept=kept)
        flags = flags | old.flags if "flags" in body else old.flags
        new = self._apply_body(replace(old, flags=flags), body, files)
        if not (new.content or new.embeds or new.files or new.components):
            self.violations.append(f"message {old.id} would be empty")
            raise ApiError(400, 50006, "Cannot send an empty message")
        return self.add_message(replace(new, edit_count=old.edit_count + 1))

    def delete_message(self, message: Message) -> None:
        del self.messages[message.id]

    def get_message(self, channel_id: int, message_id: int) -> Message:
        """A message that the bot may access. Raises ApiError."""
        message = self.messages.get(message_id)
        if message is None or message.channel_id != channel_id or message.is_ephemeral:
            if message is not None and message.is_ephemeral:
                self.violations.append(f"ephemeral message {message_id} was touched with the bot's token")
            raise ApiError(*UNKNOWN_MESSAGE)
        return message

    def require_access(self, channel_id: int, needed: int = VIEW_CHANNEL) -> Channel:
        """The channel, if the bot has the needed permissions. Raises ApiError."""
        channel = self.channels.get(channel_id)
        if channel is None:
            raise ApiError(404, 10003, "Unknown Channel")
        if not channel.has_bot or (channel.guild and not channel.permissions & VIEW_CHANNEL):
            raise ApiError(*MISSING_ACCESS)
        if channel.guild and channel.permissions & needed != needed:
            raise ApiError(*MISSING_PERMISSIONS)
        if channel.kind == DM and channel.recipients[0].id in self.dms_closed:
            raise ApiError(*CANNOT_SEND_TO_USER)
        return channel

    def _check(self, channel_id: int, body: Json, files: Uploads, **options: Any) -> None:
        options = {"ephemeral_allowed": True, **options}
        found = message_violations(body, files, **options)
        self.violations += [f"message in {channel_id}: {violation}" for violation in found]
        if found:
            raise ApiError(400, 50035, "Invalid Form Body")
        for name, data in files.values():
            if len(data) > self.channels[channel_id].max_file_bytes:
                if channel_id in self.announced_limits:
                    self.violations.append(
                        f"{name} has {len(data)} bytes, more than the bot was told for channel {channel_id}"
                    )
                raise ApiError(*TOO_LARGE)

    def _apply_body(self, message: Message, body: Json, files: Uploads) -> Message:
        """The message with the fields of the body; fields it does not name stay."""
        new: dict[str, Json] = {}
        if "content" in body:
            new["content"] = body["content"] or ""
        if "embeds" in body:
            new["embeds"] = tuple(body["embeds"] or ())
        if "components" in body:
            new["components"] = tuple(body["components"] or ())
        attachments = body.get("attachments")
        alts = {int(one["id"]): one.get("description") for one in attachments or ()}
        kept = message.files if attachments is None else tuple(file for file in message.files if file.id in alts)
        added = [
            self.store_file(message.channel_id, name, data, alt=alts.get(number), is_ephemeral=message.is_ephemeral)
            for number, (name, data) in files.items()
        ]
        return replace(message, files=(*kept, *added), **new)
