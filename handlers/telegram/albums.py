"""Albums: Telegram sends each photo as its own update; together they are one request."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from telegram import Message

from bot.runtime.clock import Clock

QUIET_SECONDS = 0.7  # without another photo, after which an album is complete
MAX_PHOTOS = 10  # in an album

FetchReassigned = Callable[[], Awaitable[None]]


@dataclass
class Album:
    """The messages of an album as they arrive."""

    messages: list[Message] = field(default_factory=list)
    _added: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def caption(self) -> str:
        """The caption, which is attached to one of the photos."""
        return next((message.caption for message in self.messages if message.caption), "")

    def add(self, message: Message) -> None:
        self.messages.append(message)
        self._added.set()

    async def wait_until_complete(self, clock: Clock, fetch_reassigned: FetchReassigned) -> None:
        """Return when no photo has arrived for `QUIET_SECONDS`, or when the album is full.

        `fetch_reassigned` brings in photos that Telegram delivered to other processes.
        """
        more = True
        while more and len(self.messages) < MAX_PHOTOS:
            self._added.clear()
            more = await clock.wait(self._added, QUIET_SECONDS)
            if not more:
                await fetch_reassigned()
                more = self._added.is_set()
