"""Updates that a platform brings to any of our processes: each is dealt with by one of them, and what belongs together
by the same one, in order.

Whoever is handed an update writes it down, and who is to deal with it. That is who still deals with something earlier
from the same lane, else whoever was handed it. A process that dies, or stands still, loses all that it had not done to
the others after `LEASE_SECONDS`.
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

ARRIVAL_SECONDS = 2 * 24 * 3600.0  # platforms hand an update over again for a day
LEASE_SECONDS, RENEWED_BEFORE = 20.0, 12.0
LOOK_SECONDS = 0.5  # a ring is a hint
LEAST_SECONDS = 0.05  # between two looks, however often the bell rings


@dataclass(frozen=True)
class UpdateInbox:
    """Rows of one bot; `account` names the platform and the bot, for numbers mean nothing to another. `owner` names
    this process, `alone` says that there is no other."""

    database: Database
    account: str
    clock: Clock
    wakeups: Wakeups
    owner: str
    alone: bool

    async def accept(self, arrival: StoredUpdate) -> bool:
        """Whether it is ours to deal with. It is kept until it is done, whosever it is."""
        now = self.clock.now()
        times = {"now": now, "until": now + LEASE_SECONDS, "before": now - ARRIVAL_SECONDS}
        async with self.database.write() as connection:
            whose = await update_inbox.insert(connection, self.account, arrival, owner=self.owner, **times)
        if whose not in {None, self.owner}:
            self.wakeups.notify()
        return whose == self.owner

    async def assigned(self, begun: Collection[int]) -> AsyncIterator[StoredUpdate]:
        """What is ours to deal with and not `begun`, as it comes to be so; without end. First what was left undone."""
        for arrival in await self._looked(begun, everything=self.alone):
            yield arrival
        if self.alone:  # nobody hands us anything
            await asyncio.Event().wait()
        while True:
            wakeup = self.wakeups.subscribe()
            for arrival in await self._looked(begun):
                yield arrival
            await self.clock.sleep(LEAST_SECONDS)
            await self.clock.wait(wakeup, LOOK_SECONDS)

    async def reassigned(self, begun: Collection[int]) -> tuple[StoredUpdate, ...]:
        """The same, as it is now."""
        return () if self.alone else await self._looked(begun)

    async def done(self, number: int) -> None:
        """This update is dealt with."""
        async with self.database.write() as connection:
            await update_inbox.mark_done(connection, self.account, number)

    async def release(self) -> None:
        """We do no more: whoever is there may."""
        if self.alone:
            return
        async with self.database.write() as connection:
            await update_inbox.release(connection, self.account, self.owner)
        self.wakeups.notify()

    async def _looked(self, begun: Collection[int], *, everything: bool = False) -> tuple[StoredUpdate, ...]:
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
        """Whether something has to be written: nobody is at it any more, or it is time to say that we still are."""
        return one.until is None or one.until < now + (RENEWED_BEFORE if one.owner == self.owner else 0.0)
