"""What the core sends to platforms, as values (people, chats, cards), and the protocols that platforms implement."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeGuard, runtime_checkable

MAX_FILE_BYTES = 45 * 1024 * 1024  # Telegram takes documents up to 50 MB


@dataclass(frozen=True)
class Person:
    """A person. Their quota belongs to (platform, platform_id), whichever chat they write in.

    `language` is a language tag: from a platform it is the one that their app reports (empty if it reports none); the
    core replaces it with the one they chose and keeps the reported one in `app_language`. `name`: how they are called
    where they wrote, empty if unknown; it identifies nobody.
    """

    platform: str
    platform_id: str
    language: str = "en"
    app_language: str | None = None
    name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Chat:
    """A private chat, a group, or a browser. `thread`: a topic or thread in it."""

    platform: str
    platform_id: str
    thread: str | None = None
    is_group: bool = False


@dataclass(frozen=True)
class Button:
    """A button with exactly one action: send back `data` (see `bot.messaging.callback_data`), open `link`, `share`: let
    the person choose a chat for what inline mode finds for this query, or `start`: open the private chat with this deep
    link's payload.

    A platform without inline mode leaves out buttons that share, one without deep links those that start.
    """

    label: str
    data: str = ""
    share: str | None = None
    link: str | None = None
    start: str | None = None


@dataclass(frozen=True)
class Picture:
    """An encoded JPEG with its alternative text. `job`: the job whose result it is, so that a platform can reuse the
    uploaded file; `asset`: for the same purpose, the digest of a picture of our own (hex)."""

    jpeg: bytes
    filename: str
    alt: str
    job: int | None = None
    asset: str = ""


@dataclass(frozen=True)
class Document:
    """A file that is not a picture."""

    data: bytes
    filename: str


@dataclass(frozen=True)
class Mention:
    """A part of a card's text that mentions a person, whom the platform notifies."""

    text: str
    platform_id: str


@dataclass(frozen=True)
class Invoice:
    """An offer to pay `stars` Telegram Stars. `payload` (at most 128 bytes) comes back with the payment."""

    title: str
    description: str
    payload: str
    stars: int


@dataclass(frozen=True)
class Card:
    """One message: plain text, rows of buttons, perhaps a picture (then the text is its caption).

    Attributes:
        pictures: Several pictures, on platforms whose messages can hold them.
        invoice: The message is an invoice; everything else is ignored.
        followups: Makes the cards to send after this one, one by one while they are sent.
        job: The job that it shows (the first one of an album), so that a platform can detect a card sent twice.
        in_progress: It will be updated.
        privately: It is only for the person that its address is for, and is sent to their private chat.
        replaces: A message of ours that is to become another card, instead of sending this one; where that is refused,
            this one is sent.
    """

    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    picture: Picture | None = None
    pictures: tuple[Picture, ...] = ()
    document: Picture | Document | None = None
    mention: Mention | None = None
    invoice: Invoice | None = None
    followups: Callable[[], AsyncIterator["Card"]] | None = None
    job: int | None = None
    in_progress: bool = False
    privately: "InPrivate | None" = None
    replaces: "tuple[Address, Card] | None" = None


@dataclass(frozen=True)
class InPrivate:
    """What is said in the group when a card goes to the private chat: that it was `sent`; or how to open that chat,
    where it is `closed`."""

    sent: Card
    closed: Card


@dataclass(frozen=True)
class Address:
    """Where a card is shown. Without `message_id` there is no message yet: it is sent as a reply to `reply_to`.
    `person`: for whom it is. `by_interaction`: not with our own rights, but with those of the interaction that asked
    for it, where there is one that still lives."""

    chat: Chat
    reply_to: str | None = None
    message_id: str | None = None
    person: Person | None = None
    by_interaction: bool = False


class CannotStart(Exception):
    """A component can't start until the owner changes something; the message says what, without secrets."""


class PlatformError(Exception):
    """The platform did not show a card.

    PlatformError
    ├── TryLater        try again after `retry_after` seconds (flood control, network, 5xx)
    └── Refused         lasting: `refusal` says what
        └── TargetGone  the chat is gone, the person blocked the bot, or the card was deleted
    """


class TryLater(PlatformError):
    """Temporary. `perhaps_sent`: there was no response, so a new message may have arrived all the same."""

    def __init__(self, retry_after: float, *, perhaps_sent: bool = False) -> None:
        super().__init__(f"the platform wants us to wait {retry_after:.1f} s")
        self.retry_after = retry_after
        self.perhaps_sent = perhaps_sent


class Refusal(StrEnum):
    """What a platform lastingly refuses. `bot.delivery.fallbacks` decides what is tried instead."""

    MESSAGE = "message"  # changing this message: it is gone or can't be edited; a new one may be sent
    PHOTO = "photo"  # this picture as a photo; as a file it may pass
    FILES = "files"  # files of any kind; words may pass
    TOPIC = "topic"  # everything in this topic; outside of it a message may pass
    CHAT = "chat"  # everything from us in this chat
    UNKNOWN = "unknown"  # an answer that we don't know


class Refused(PlatformError):
    """Lasting."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"the platform refused: {refusal}")
        self.refusal = refusal

    @property
    def card_only(self) -> bool:
        """Whether only the message is refused, and a new one may be sent."""
        return self.refusal is Refusal.MESSAGE


class TargetGone(Refused):
    """The message is gone (`card_only`), or the whole chat."""

    def __init__(self, *, card_only: bool) -> None:
        super().__init__(Refusal.MESSAGE if card_only else Refusal.CHAT)


@dataclass(frozen=True)
class Capabilities:
    """What the core has to know about a platform.

    Attributes:
        styles_per_page: Style buttons on one card.
        samples_per_page: Sample pictures on one page of the style gallery.
        max_file_bytes: The largest file that can be sent.
        shows_samples: The question of a style comes with a sheet of samples.
        has_forms: Commands are filled in instead of typed, and a button can ask for a picture.
        sends_albums: A message holds one picture; several are sent together, in messages of their own (the platform is
            an `AlbumPlatform`). Elsewhere one card holds them all.
    """

    styles_per_page: int = 8
    samples_per_page: int = 100
    max_file_bytes: int = MAX_FILE_BYTES
    shows_samples: bool = False
    has_forms: bool = False
    sends_albums: bool = False
    opens_private: bool = False
    has_topics: bool = False
    has_interactions: bool = False


DEFAULT_CAPABILITIES = Capabilities()


class Platform(Protocol):
    """A platform to which messages can be sent at any time; the packages of `handlers` implement it."""

    name: str

    @property
    def capabilities(self) -> Capabilities: ...

    async def show(self, address: Address, card: Card) -> str:
        """Send the card, or edit the message if the address has an id; showing the same card twice is no error.

        Returns the message id. Raises TryLater or Refused.
        """

    async def remove(self, address: Address, instead: str) -> None:
        """Delete a message; where that isn't possible, replace it with the text `instead`.

        Raises TryLater or Refused.
        """


class AlbumPlatform(Platform, Protocol):
    """A platform with the capability `sends_albums`."""

    async def send_album(
        self, address: Address, pictures: Sequence[Picture], *, as_files: bool = False
    ) -> tuple[str, ...]:
        """Send two to ten pictures together, as a reply to what the card at `address` replies to.

        Returns the message id of each. Raises TryLater or Refused.
        """


def sends_albums(platform: Platform) -> TypeGuard[AlbumPlatform]:
    """Whether the platform sends several pictures as an album beside their card."""
    return platform.capabilities.sends_albums


@runtime_checkable
class Receiver(Protocol):
    """A platform whose updates are polled or come over a connection that we keep open; only one process at a time may
    do so. Other platforms push their updates to our HTTP server."""

    name: str

    async def receive(self, stop: asyncio.Event) -> None:
        """Receive updates until `stop` is set, then shut down cleanly. It may be called again after that."""
