"""Sends the owner's broadcasts on one platform.

Each message is sent at most once: its row says so before. What was surely not sent is sent later.
"""

import asyncio
from dataclasses import dataclass

import structlog

from bot.cluster.leadership import SOLE_LEADER, Leadership, fenced_write
from bot.messaging.platform import Address, Card, Chat, Platform, Refused, TryLater
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from storage import broadcasts
from storage.broadcasts import BroadcastMessage
from storage.database import Database

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
MESSAGE_SECONDS = 0.1  # ten a second: a third of what Telegram allows, the rest is for those who wait for pictures


@dataclass
class Broadcaster:
    """`paused_until`: the platform has asked us to wait until then (epoch seconds)."""

    platform: Platform
    database: Database
    wakeups: Wakeups
    clock: Clock
    leadership: Leadership = SOLE_LEADER
    paused_until: float = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Send messages as they become due until told to stop."""
        while not stop.is_set():
            await self.clock.wait(stop, MESSAGE_SECONDS if await self.send_next() else LOOK_SECONDS)

    async def send_next(self) -> bool:
        """Send one message of a broadcast; False when there is none to send now."""
        if self.clock.now() < self.paused_until:
            return False
        async with self.database.read() as connection:
            if not await broadcasts.is_any_due(connection, self.platform.name, self.clock.now()):
                return False
        async with fenced_write(self.database, self.leadership) as connection:
            message = await broadcasts.take_next(connection, self.platform.name, self.clock.now())
        if message is None:
            return False
        try:
            await self.platform.show(Address(Chat(self.platform.name, message.chat)), Card(message.text))
        except TryLater as error:
            await self._postpone(message, error)
        except Refused:
            await self._finish(message, "gone")
        except Exception:  # a platform's library may raise anything; one message must not stop the others
            log.exception("a broadcast message could not be sent", broadcast=message.broadcast_id)
            await self._finish(message, "unsure")
        else:
            await self._finish(message, "told")
        return True

    async def _postpone(self, message: BroadcastMessage, error: TryLater) -> None:
        self.paused_until = self.clock.now() + error.retry_after
        if error.perhaps_sent:
            await self._finish(message, "unsure")
            return
        async with fenced_write(self.database, self.leadership) as connection:
            await broadcasts.postpone(connection, message, self.paused_until)

    async def _finish(self, message: BroadcastMessage, outcome: broadcasts.Outcome) -> None:
        async with fenced_write(self.database, self.leadership) as connection:
            await broadcasts.set_outcome(connection, message, outcome)
