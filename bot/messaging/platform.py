"""All that the core says to any platform, as values: who, where, and what is to be seen there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeGuard, runtime_checkable

MAX_FILE_BYTES = 45 * 1024 * 1024  # Telegram takes documents up to 50 MB


@dataclass(frozen=True)
class Person:
    """Somebody who asks. The quota hangs on (platform, platform_id), whichever chat they write in. `language`: what
    to speak with them; from a platform it is what their app speaks, or empty where it doesn't tell. `app_language` is
    that, once the core has put the one that they chose in its place.
    """

    platform: str
    platform_id: str
    language: str = "en"
    app_language: str | None = None


@dataclass(frozen=True)
class Chat:
    """Where they ask: a private chat, a group, or a browser."""

    platform: str
    platform_id: str
    thread: str | None = None
    is_group: bool = False


@dataclass(frozen=True)
class Button:
    """What a button says, and what it does: send back the packed press in `data` (`messaging.callback_data`), open a
    `link`, or `share`: let people choose a chat for what our inline mode finds under these words. Exactly one of the
    three.

    A platform without inline mode leaves out buttons that share.
    """

    label: str
    data: str = ""
    share: str | None = None
    link: str | None = None


@dataclass(frozen=True)
class Picture:
    """An encoded JPEG, ready to be shown, with the words for people who can't see it. `job`: whose finished picture it
    is, so that a platform can show it elsewhere without being given it again."""

    jpeg: bytes
    filename: str
    alt: str
    job: int | None = None


@dataclass(frozen=True)
class Document:
    """A file that is no picture."""

    data: bytes
    filename: str


@dataclass(frozen=True)
class Mention:
    """These words of a card's text stand for a person, whom the platform is to tell that they are mentioned."""

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
    """One message: plain text, rows of buttons, perhaps a picture (then the text is its caption), or several `pictures`
    where a message can hold them.

    `job`: whose card it is (of several the first), so that a platform can tell when it sends one twice; `goes_on`: it
    will change by itself. A card with an `invoice` is only that. `follow` gives what comes after it, made one by one
    while it is sent.
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


@dataclass(frozen=True)
class Address:
    """Where a job's card lives. Without `message_id` there is no card yet: it is sent as an answer to `reply_to`.
    `person`: whose card it is."""

    chat: Chat
    reply_to: str | None = None
    message_id: str | None = None
    person: Person | None = None


class CannotStart(Exception):
    """A part cannot start before the owner has changed something; the message says what, and shows no secret."""


class PlatformError(Exception):
    """The platform did not show a card.

    PlatformError
    ├── TryLater   try again after `retry_after` seconds (flood control, network, 5xx)
    └── TargetGone     never will: the chat is gone, the person blocked us, or the card was deleted
    """


class TryLater(PlatformError):
    """The platform asks for patience. `perhaps_sent`: nobody answered, so a new message may have arrived after all."""

    def __init__(self, retry_after: float, *, perhaps_sent: bool = False) -> None:
        super().__init__(f"the platform wants us to wait {retry_after:.1f} s")
        self.retry_after = retry_after
        self.perhaps_sent = perhaps_sent


class TargetGone(PlatformError):
    """Nobody is there to see the card. `card_only` when just the message is gone and a new one may be sent."""

    def __init__(self, *, card_only: bool) -> None:
        super().__init__("the card is gone" if card_only else "the chat is gone")
        self.card_only = card_only


@dataclass(frozen=True)
class Capabilities:
    """What a platform can do, where the core has to know.

    `styles_per_page`: styles to choose from on one card; `samples_per_page`: sample pictures that the style gallery
    shows at once; `max_file_bytes`: the largest file that can be sent; `has_forms`: commands are filled in instead of
    typed, and a button can ask for a picture; `sends_albums`: a message holds one picture, and several are sent
    together, in messages of their own (the platform is an `AlbumPlatform`). Elsewhere one card holds them all.
    """

    styles_per_page: int = 8
    samples_per_page: int = 100
    max_file_bytes: int = MAX_FILE_BYTES
    has_forms: bool = False
    sends_albums: bool = False


DEFAULT_CAPABILITIES = Capabilities()


class Platform(Protocol):
    """A platform that messages can be sent to at any time; each package of `handlers` that can do so has one."""

    name: str

    @property
    def capabilities(self) -> Capabilities: ...

    async def show(self, address: Address, card: Card) -> str:
        """Send the card, or edit it when the address has a message id; showing the same twice is no error.

        Returns the message id. Raises TryLater or TargetGone.
        """

    async def remove(self, address: Address, instead: str) -> None:
        """Delete a message; where that can't be, put the words `instead` in its place. Raises TryLater or
        TargetGone."""


class AlbumPlatform(Platform, Protocol):
    """A platform with the capability `sends_albums`."""

    async def send_album(self, address: Address, pictures: Sequence[Picture]) -> tuple[str, ...]:
        """Send two to ten pictures together, as a reply to what the card at `address` replies to.

        Returns the message id of each. Raises TryLater or TargetGone.
        """


def sends_albums(platform: Platform) -> TypeGuard[AlbumPlatform]:
    """Whether the platform sends several pictures beside their card."""
    return platform.capabilities.sends_albums


@runtime_checkable
class Receiver(Protocol):
    """A platform that has to be asked for what people say, or where we keep a line open for it: only one process at a
    time may. The others show, and answer what is brought to them."""

    name: str

    async def receive(self, stop: asyncio.Event) -> None:
        """Receive until told to stop, and end in good order. It may be called again after that."""
