"""Albums: Telegram sends each picture as its own update; together they are one request."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from telegram import Message

from bot.runtime.clock import Clock

QUIET_SECONDS = 0.7  # after which no more pictures of an album are expected
MOST = 10  # pictures in an album

Look = Callable[[], Awaitable[None]]


@dataclass
class Album:
    """Pictures as they arrive. `complete` returns when it has been quiet for long enough, or it is full; `look` brings
    those that were handed to other processes."""

    messages: list[Message] = field(default_factory=list)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def words(self) -> str:
        """Its caption, which hangs on one of the pictures."""
        return next((message.caption for message in self.messages if message.caption), "")

    def add(self, message: Message) -> None:
        self.messages.append(message)
        self._came.set()

    async def complete(self, clock: Clock, look: Look) -> None:
        more = True
        while more and len(self.messages) < MOST:
            self._came.clear()
            more = await clock.wait(self._came, QUIET_SECONDS)
            if not more:
                await look()
                more = self._came.is_set()
