"""Albums: Telegram sends each photo as its own update; together they are one request."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from telegram import Message

from bot.runtime.clock import Clock

QUIET_SECONDS = 0.7  # without another photo, after which an album is complete
MAX_PHOTOS = 10  # in an album

Join = Callable[["Album"], Awaitable[bool]]
FetchReassigned = Callable[[], Awaitable[None]]


@dataclass
class Album:
    """The messages of an album as they arrive. `changed`: something has arrived in its chat."""

    messages: list[Message] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def caption(self) -> str:
        """The caption, which is attached to one of the photos."""
        return next((message.caption for message in self.messages if message.caption), "")

    async def wait_until_complete(self, clock: Clock, join: Join, fetch_reassigned: FetchReassigned) -> None:
        """Return when no photo has arrived for `QUIET_SECONDS`, or when the album is full.

        `join` adds those of its photos that wait in the chat, and returns whether there were any; `fetch_reassigned`
        brings in photos that Telegram delivered to other processes.
        """
        until = clock.now() + QUIET_SECONDS
        while len(self.messages) < MAX_PHOTOS:
            self.changed.clear()
            if await join(self):
                until = clock.now() + QUIET_SECONDS
            elif (left := until - clock.now()) <= 0:
                return
            elif not await clock.wait(self.changed, left):
                await fetch_reassigned()
