"""What people send to a chat, as values: the same for every platform that has chats."""

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
    """Whether a file could be meant as one, by its media type or its name."""
    return (kind or "").startswith("image/") or PurePath(filename or "").suffix.casefold() in _PICTURE_SUFFIXES


async def not_an_admin() -> bool:
    """Not an admin."""
    return False


@dataclass(frozen=True)
class Attachment:
    """A file of a message, not read yet. `size` in bytes where the platform tells it; `message_id` is its own message;
    `owner` sent it to the chat, or it is their profile photo (None: us, or nobody knows). `source` is unique to it,
    where the platform tells the parts of an album one by one, and perhaps together the next time.

    `read` returns the bytes or the reason why they can't be had, and raises `NotNow` when it may work later.
    """

    message_id: str
    size: int | None
    is_picture: bool
    read: Callable[[], Awaitable[bytes | UserError]]
    owner: Person | None = None
    source: str = ""


@dataclass(frozen=True)
class IncomingMessage:
    """One request: a message, or an album as a whole.

    `own` came with it, `answered` hangs on the message it answers. `addressed`: meant for us without a command, which
    is so in a private chat and when it answers a message of ours. `edited`: it was changed after it was sent.
    `portrait` is the person's profile photo, `answered_portrait` that of whom they answer; reading one that is not
    there gives PHOTO_MISSING. `is_admin` asks the platform whether they are an admin of the group; it may raise NotNow.
    `unseen`: nobody else sees the answer, wherever it is asked.
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
"""Whether an attachment is a photo of somebody else who doesn't want others to use theirs."""


async def read_attachment(attachment: Attachment) -> bytes | UserError:
    """The bytes, unless it can't be a photo or is too big: that is said before anything is fetched."""
    if not attachment.is_picture:
        return UserError(ErrorCode.NOT_A_PICTURE)
    if attachment.size is not None and attachment.size > MAX_BYTES:
        return UserError(ErrorCode.TOO_MANY_BYTES)
    return await attachment.read()
