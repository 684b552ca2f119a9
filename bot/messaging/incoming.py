"""Incoming messages as values, the same for every platform with chats."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import PurePath

from bot.domain.error_codes import ErrorCode, UserError
from bot.messaging.platform import Chat, Person

MAX_BYTES = 20 * 1024 * 1024  # what Telegram lets a bot read, and what intake takes

_PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif"}
)


def may_be_picture(kind: str | None, filename: str | None) -> bool:
    """Whether a file could be a picture, by its media type (`kind`) or its name."""
    return (kind or "").startswith("image/") or PurePath(filename or "").suffix.casefold() in _PICTURE_SUFFIXES


async def not_an_admin() -> bool:
    """False: the default of `is_admin` outside groups."""
    return False


@dataclass(frozen=True)
class Attachment:
    """A file of a message, not read yet.

    Attributes:
        message_id: The message that holds it.
        size: In bytes, if the platform reports it.
        read: Returns the bytes, or why they can't be had; raises TryLater when it may work later.
        owner: Who sent it to the chat, or whose profile photo it is; None: the bot, or unknown.
        source: A unique id of the file, where the platform may deliver an album's parts singly or together; else empty.
    """

    message_id: str
    size: int | None
    is_picture: bool
    read: Callable[[], Awaitable[bytes | UserError]]
    owner: Person | None = None
    source: str = ""


@dataclass(frozen=True)
class IncomingMessage:
    """A message, or an album as a whole.

    Attributes:
        source: Unique id of the message.
        text: The message's text or caption.
        addressed: Meant for the bot without a command: in a private chat, or a reply to one of the bot's messages.
        attachments: The files of the message.
        replied: The file of the message that it replies to.
        edited: It was changed after it was sent.
        profile_photo: The person's; reading one that isn't visible gives PHOTO_MISSING.
        replied_profile_photo: That of the person whom it replies to.
        is_admin: Asks the platform whether the person is an admin of the group; may raise TryLater.
        is_ephemeral: Only the person sees the answer.
    """

    person: Person
    chat: Chat
    source: str
    message_id: str
    text: str
    addressed: bool
    attachments: tuple[Attachment, ...] = ()
    replied: Attachment | None = None
    edited: bool = False
    profile_photo: Attachment | None = None
    replied_profile_photo: Attachment | None = None
    is_admin: Callable[[], Awaitable[bool]] = not_an_admin
    is_ephemeral: bool = False


Withholds = Callable[[Attachment, Person], Awaitable[bool]]
"""Whether an attachment is a photo of somebody else who has opted out of others using their photos."""


async def read_attachment(attachment: Attachment) -> bytes | UserError:
    """The bytes; NOT_A_PICTURE or TOO_MANY_BYTES without downloading anything. Raises TryLater."""
    if not attachment.is_picture:
        return UserError(ErrorCode.NOT_A_PICTURE)
    if attachment.size is not None and attachment.size > MAX_BYTES:
        return UserError(ErrorCode.TOO_MANY_BYTES)
    return await attachment.read()
