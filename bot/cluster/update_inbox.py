"""Updates that a platform delivers to any of our processes: each is handled by one of them, and updates that belong
together by the same one, in order.

The process that receives an update stores it with its owner: the process that still handles an earlier update with the
same key, else itself. A process that dies or hangs loses its unfinished updates to the others after `LEASE_SECONDS`.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass

from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from storage import update_inbox
from storage.database import Database
from storage.update_inbox import OwnedUpdate, StoredUpdate

__all__ = ["StoredUpdate", "UpdateInbox"]

KEPT_SECONDS = 2 * 24 * 3600.0  # platforms repeat an update for a day
LEASE_SECONDS, RENEWED_BEFORE = 20.0, 12.0
LOOK_SECONDS = 0.5  # a wake-up is a hint
MIN_SECONDS = 0.05  # between two looks, however many wake-ups there are


@dataclass(frozen=True)
class UpdateInbox:
    """The updates of one bot. `account`: the platform and the bot, since update numbers are per bot; `owner`: the name
    of this process; `is_alone`: there is no other process."""

    database: Database
    account: str
    clock: Clock
    wakeups: Wakeups
    owner: str
    is_alone: bool

    async def accept(self, update: StoredUpdate) -> bool:
        """Store the update until it is done. Returns whether this process is to handle it."""
        now = self.clock.now()
        times = {"now": now, "until": now + LEASE_SECONDS, "before": now - KEPT_SECONDS}
        async with self.database.write() as connection:
            owner = await update_inbox.insert(connection, self.account, update, owner=self.owner, **times)
        if owner not in {None, self.owner}:
            self.wakeups.notify()
        return owner == self.owner

    async def assigned(self, begun: Collection[int]) -> AsyncIterator[StoredUpdate]:
        """Updates for this process that are not in `begun`, as they come in, without end; unfinished ones first."""
        for update in await self._take(begun, everything=self.is_alone):
            yield update
        if self.is_alone:  # no other process passes updates on to us
            await asyncio.Event().wait()
        while True:
            wakeup = self.wakeups.subscribe()
            for update in await self._take(begun):
                yield update
            await self.clock.sleep(MIN_SECONDS)
            await self.clock.wait(wakeup, LOOK_SECONDS)

    async def reassigned(self, begun: Collection[int]) -> tuple[StoredUpdate, ...]:
        """The same, but only those that are there now."""
        return () if self.is_alone else await self._take(begun)

    async def done(self, number: int) -> None:
        """This update was handled."""
        async with self.database.write() as connection:
            await update_inbox.mark_done(connection, self.account, number)

    async def release(self) -> None:
        """Leave unfinished updates to other processes."""
        if self.is_alone:
            return
        async with self.database.write() as connection:
            await update_inbox.release(connection, self.account, self.owner)
        self.wakeups.notify()

    async def _take(self, begun: Collection[int], *, everything: bool = False) -> tuple[StoredUpdate, ...]:
        async with self.database.read() as connection:
            there = await update_inbox.list_open(connection, self.account)
        now = self.clock.now()
        if any(everything or self._is_due(one, now) for one in there):
            async with self.database.write() as connection:
                lapsed = {"now": float("inf") if everything else now, "until": now + LEASE_SECONDS}
                await update_inbox.claim(connection, self.account, self.owner, **lapsed)
                there = await update_inbox.list_open(connection, self.account)
        numbers = [one.number for one in there if one.owner == self.owner and one.number not in begun]
        if not numbers:
            return ()
        async with self.database.read() as connection:
            return await update_inbox.list_owned(connection, self.account, self.owner, numbers)

    def _is_due(self, one: OwnedUpdate, now: float) -> bool:
        """Whether its lease has expired, or is ours and has to be renewed."""
        return one.until is None or one.until < now + (RENEWED_BEFORE if one.owner == self.owner else 0.0)
