"""Photos that come together: Telegram sends each as its own update, but an album is one request, and so are photos that
somebody sends one after another without a word."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from telegram import Message

from bot.messaging.album_card import caption_of, split_by_caption
from bot.runtime.clock import Clock

QUIET_SECONDS = 0.7  # without another photo, after which an album is complete
MAX_PHOTOS = 10  # in an album

Join = Callable[["Album"], Awaitable[bool]]
FetchReassigned = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Separated:
    """Says that photos are a request of their own, though they belong to an album: they came too late or have a caption
    of their own. `caption` is that of the album, `earlier` its messages that came before."""

    caption: str = ""
    earlier: tuple[int, ...] = ()

    def with_late(self, messages: Sequence[Message]) -> "Separated":
        """What a photo that comes still later is told."""
        ids = tuple(message.message_id for message in messages)
        caption = self.caption or caption_of([message.caption or "" for message in messages])
        return Separated(caption, (*self.earlier, *ids))


@dataclass
class Album:
    """The messages of an album or series as they arrive. `changed`: something has arrived in its chat. `is_complete`:
    nothing more can belong to it."""

    messages: list[Message] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    is_complete: bool = False

    @property
    def is_full(self) -> bool:
        return len(self.messages) >= MAX_PHOTOS

    def requests(self) -> list[list[Message]]:
        """Its messages in their order, as one request; or as several, if their captions ask for different things."""
        ordered = sorted(self.messages, key=lambda message: message.message_id)
        parts = split_by_caption([message.caption or "" for message in ordered])
        return [[ordered[number] for number in part] for part in parts]

    async def wait_until_complete(self, clock: Clock, join: Join, fetch_reassigned: FetchReassigned) -> None:
        """Return when no photo has arrived for `QUIET_SECONDS`, or when the album is full or complete.

        `join` adds those of its photos that wait in the chat, and returns whether there were any; `fetch_reassigned`
        brings in photos that Telegram delivered to other processes.
        """
        until = clock.now() + QUIET_SECONDS
        while not (self.is_full or self.is_complete):
            self.changed.clear()
            if await join(self):
                until = clock.now() + QUIET_SECONDS
            elif (left := until - clock.now()) <= 0:
                return
            elif not await clock.wait(self.changed, left):
                await fetch_reassigned()
