"""All that the core says to any platform, as values: who, where, and what is to be seen there."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Person:
    """Somebody who asks. The quota hangs on (platform, platform_id), whichever chat they write in."""

    platform: str
    platform_id: str
    language: str = "en"


@dataclass(frozen=True)
class Chat:
    """Where they ask: a private chat, a group, or a browser."""

    platform: str
    platform_id: str
    thread: str | None = None
    is_group: bool = False


@dataclass(frozen=True)
class Button:
    """What a button says, and the packed press that comes back (`bot.buttons`)."""

    label: str
    data: str


@dataclass(frozen=True)
class Picture:
    """An encoded JPEG, ready to be shown, with the words for people who can't see it."""

    jpeg: bytes
    filename: str
    alt: str


@dataclass(frozen=True)
class Card:
    """One message: plain text, rows of buttons, perhaps a picture (then the text is its caption)."""

    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    picture: Picture | None = None
    document: Picture | None = None


@dataclass(frozen=True)
class Address:
    """Where a job's card lives. Without `message_id` there is no card yet: it is sent as an answer to `reply_to`."""

    chat: Chat
    reply_to: str | None = None
    message_id: str | None = None


class CannotStart(Exception):
    """A part cannot start before the owner has changed something; the message says what, and shows no secret."""


class PlatformError(Exception):
    """The platform did not show a card.

    PlatformError
    ├── NotNow   try again after `retry_after` seconds (flood control, network, 5xx)
    └── Gone     never will: the chat is gone, the person blocked us, or the card was deleted
    """


class NotNow(PlatformError):
    """The platform asks for patience. `perhaps_sent`: nobody answered, so a new message may have arrived after all."""

    def __init__(self, retry_after: float, *, perhaps_sent: bool = False) -> None:
        super().__init__(f"the platform wants us to wait {retry_after:.1f} s")
        self.retry_after = retry_after
        self.perhaps_sent = perhaps_sent


class Gone(PlatformError):
    """Nobody is there to see the card. `card_only` when just the message is gone and a new one may be sent."""

    def __init__(self, *, card_only: bool) -> None:
        super().__init__("the card is gone" if card_only else "the chat is gone")
        self.card_only = card_only


class Platform(Protocol):
    """What the courier needs of a platform; each folder of `handlers` that pushes has one."""

    name: str

    async def show(self, address: Address, card: Card) -> str:
        """Send the card, or edit it when the address has a message id; showing the same twice is no error.

        Returns the message id. Raises NotNow or Gone.
        """

    async def remove(self, address: Address, instead: str) -> None:
        """Delete a message; where that can't be, put the words `instead` in its place. Raises NotNow or Gone."""
