"""Incoming messages and button presses as values, the same for every platform with chats; and answers to presses."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import PurePath

from bot.domain.error_codes import ErrorCode, UserError
from bot.i18n import error_message, texts_for
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Address, Card, Chat, Person

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


def is_never_a_chat(_: str) -> bool:
    """False: the default of `is_chat` where only people write."""
    return False


@dataclass(frozen=True)
class Attachment:
    """A file of a message, not read yet.

    Attributes:
        message_id: The message that holds it.
        size: In bytes, if the platform reports it.
        read: Returns the bytes, or why they can't be had; raises TryLater when it may work later.
        owner: Who sent it to the chat, or whose profile photo it is; None: the bot, or unknown.
        exists: Asks the platform whether there is anything to read; None: a file of a message, which is there.
        source: A unique id of the file, where the platform may deliver photos singly or together; else empty.
    """

    message_id: str
    size: int | None
    is_picture: bool
    read: Callable[[], Awaitable[bytes | UserError]]
    owner: Person | None = None
    source: str = ""
    exists: Callable[[], Awaitable[bool]] | None = None


@dataclass(frozen=True)
class IncomingMessage:
    """A message, or an album as a whole.

    Attributes:
        source: Unique id of the message.
        text: The message's text or caption.
        addressed: Meant for the bot without a command: in a private chat, or a reply to one of the bot's messages.
        attachments: The files of the message.
        replied: The file of the message that it replies to.
        replied_to: The id of the message that it replies to, if that is one of the bot's.
        replied_sources: The sources that a request by the message that it replies to would have.
        earlier_sources: The sources of those photos of its album that came before it.
        edited: It was changed after it was sent.
        profile_photo: The person's; reading one that isn't visible gives PHOTO_MISSING.
        replied_profile_photo: That of the person whom it replies to.
        is_admin: Asks the platform whether the person is an admin of the group; may raise TryLater.
        is_ephemeral: Only the person sees the answer.
        is_by_chat: It was written in the name of a group or channel, which has no private chat with us.
    """

    person: Person
    chat: Chat
    source: str
    message_id: str
    text: str
    addressed: bool
    attachments: tuple[Attachment, ...] = ()
    replied: Attachment | None = None
    replied_to: str | None = None
    replied_sources: tuple[str, ...] = ()
    earlier_sources: tuple[str, ...] = ()
    edited: bool = False
    profile_photo: Attachment | None = None
    replied_profile_photo: Attachment | None = None
    is_admin: Callable[[], Awaitable[bool]] = not_an_admin
    is_ephemeral: bool = False
    is_by_chat: bool = False


Withholds = Callable[[Attachment, Person], Awaitable[bool]]
"""Whether an attachment is a photo of somebody else who has opted out of others using their photos."""


async def read_attachment(attachment: Attachment) -> bytes | UserError:
    """The bytes; NOT_A_PICTURE or TOO_MANY_BYTES without downloading anything. Raises TryLater."""
    if not attachment.is_picture:
        return UserError(ErrorCode.NOT_A_PICTURE)
    if attachment.size is not None and attachment.size > MAX_BYTES:
        return UserError(ErrorCode.TOO_MANY_BYTES)
    return await attachment.read()


@dataclass(frozen=True)
class CallbackAnswer:
    """What to do after a press. Job cards are updated by `bot.delivery`, not by answers.

    Attributes:
        notice: A short text for the person; an `alert` stays until dismissed.
        card: To be sent as a reply to the pressed message.
        rows: New buttons of the pressed message.
        edit: What the pressed message becomes.
        remove: Delete the pressed message, and the messages at `also`.
    """

    notice: str = ""
    alert: bool = False
    card: Card | None = None
    rows: ButtonRows | None = None
    edit: Card | None = None
    remove: bool = False
    also: tuple[Address, ...] = ()


@dataclass(frozen=True)
class ButtonPress:
    """A press of a button. `data` is the packed callback data, `source` a unique id of the press, `message_id` the
    message with the button; `is_admin` asks the platform whether the person is an admin of the group; `is_chat` says
    whether the platform's id of a requester is a chat's: a group's or a channel's, for whom people write;
    `profile_photo` is the person's."""

    person: Person
    chat: Chat
    data: str
    source: str
    message_id: str
    is_admin: Callable[[], Awaitable[bool]] = not_an_admin
    is_chat: Callable[[str], bool] = is_never_a_chat
    profile_photo: Attachment | None = None


def error_answer(why: UserError, person: Person, now: float) -> CallbackAnswer:
    """The error's message as an alert. `now` is in epoch seconds."""
    return CallbackAnswer(error_message(why, texts_for(person.language), now=now), alert=True)


def not_yours(person: Person) -> CallbackAnswer:
    """The answer to a press of somebody else's button."""
    return CallbackAnswer(texts_for(person.language).gettext("This button is for somebody else."), alert=True)
