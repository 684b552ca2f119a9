"""Updates that a platform delivers to any of our processes: each is handled by one of them, and updates that belong
together by the same one, in order.

The process that receives an update stores it with its owner: the process that still handles an earlier update with the
same key, else itself. A process that dies or hangs loses its unfinished updates to the others after `LEASE_SECONDS`.
"""

import time
from bisect import insort
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field

import structlog

from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from storage import update_inbox
from storage.database import Database
from storage.update_inbox import Inserted, OpenUpdate, StoredUpdate

MAX_KEYS = 200  # being handled at a time; each holds one update, an album, or an answer that waits to be sent


@dataclass
class UpdateQueue:
    """Numbers of stored updates, by ordering key.

    A key is being handled from `next_key` until `finish`. Then it goes behind all others that wait, so that a key with
    many updates never keeps another one waiting for more than one of them.
    """

    max_keys: int = MAX_KEYS
    _waiting: dict[str, list[int]] = field(default_factory=dict)  # in order
    _keys: dict[str, None] = field(default_factory=dict)  # with waiting updates, and not being handled, in order
    _active: set[str] = field(default_factory=set)
    _known: set[int] = field(default_factory=set)

    @property
    def known(self) -> Collection[int]:
        """The updates that wait or are being handled."""
        return self._known

    def add(self, number: int, key: str | None) -> str | None:
        """Add an update and return its key; None if it is known. One without a key waits for no other."""
        if number in self._known:
            return None
        key = f"update {number}" if key is None else key
        self._known.add(number)
        insort(self._waiting.setdefault(key, []), number)
        if key not in self._active:
            self._keys.setdefault(key)
        return key

    def next_key(self) -> str | None:
        """The key that has waited longest and is now being handled; None if none waits or `max_keys` are handled."""
        if not self._keys or len(self._active) >= self.max_keys:
            return None
        key = next(iter(self._keys))
        del self._keys[key]
        self._active.add(key)
        return key

    def waiting(self, key: str, count: int) -> Sequence[int]:
        """The key's oldest waiting updates."""
        return self._waiting.get(key, [])[:count]

    def take(self, key: str, number: int) -> None:
        """This update waits no more: it is being handled."""
        self._waiting[key].remove(number)

    def forget(self, number: int) -> None:
        """This update was handled."""
        self._known.discard(number)

    def finish(self, key: str) -> None:
        """The key is no longer being handled; what waits there comes after all others."""
        self._active.discard(key)
        if self._waiting.get(key):
            self._keys.setdefault(key)
        else:
            self._waiting.pop(key, None)


__all__ = ["InboxFull", "OpenUpdate", "StoredUpdate", "UpdateInbox"]

log = structlog.get_logger(__name__)

LEASE_SECONDS, RENEWED_BEFORE = 20.0, 12.0
LOOK_SECONDS, LOOK_ALONE_SECONDS = 0.5, 30.0  # a wake-up is a hint; a single process knows its updates
MIN_SECONDS = 0.05  # between two looks, however many wake-ups there are
REST = 10  # times as long as a look took: many open updates are looked at less often
# A flood must not fill the disk. Of one key, the bound is what a group gets answered in 25 minutes.
MAX_WAITING, MAX_OPEN, MAX_CHARACTERS = 500, 20_000, 128 * 1024 * 1024
MEASURE_SECONDS = 1.0


class InboxFull(Exception):
    """Too much is waiting. The platform keeps what is not accepted, and delivers it again."""


@dataclass
class _Measured:
    at: float = float("-inf")
    is_full: bool = False


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
    _measured: _Measured = field(default_factory=_Measured)

    async def accept(self, updates: Sequence[StoredUpdate]) -> tuple[OpenUpdate, ...]:
        """Store updates until they are done, in one transaction. Returns those that this process is to handle.

        One that is known, can't be stored, or is one too many of its chat does not affect the others.

        Raises:
            InboxFull: nothing is stored.
        """
        if await self._is_full():
            raise InboxFull
        now = self.clock.now()
        options = {"now": now, "until": now + LEASE_SECONDS}
        async with self.database.write() as connection:
            inserted = await update_inbox.insert(
                connection, self.account, updates, owner=self.owner, max_waiting=MAX_WAITING, **options
            )
        _log_left_out(inserted)
        if any(one.owner != self.owner for one in inserted.updates):
            self.wakeups.notify()
        return tuple(one for one in inserted.updates if one.owner == self.owner)

    async def assigned(self, known: Collection[int]) -> AsyncIterator[tuple[OpenUpdate, ...]]:
        """Updates for this process that are not in `known`, as they come in, without end; unfinished ones first. The
        first look returns even if there are none."""
        yield await self._take(known, everything=self.is_alone)
        while True:
            wakeup, began = self.wakeups.subscribe(), time.monotonic()
            if found := await self._take(known):
                yield found
            if self.is_alone:
                await self.clock.sleep(LOOK_ALONE_SECONDS)
                continue
            await self.clock.sleep(max(MIN_SECONDS, REST * (time.monotonic() - began)))
            await self.clock.wait(wakeup, LOOK_SECONDS)

    async def reassigned(self, known: Collection[int]) -> tuple[OpenUpdate, ...]:
        """The same, but only those that are there now."""
        return () if self.is_alone else await self._take(known)

    async def load(self, numbers: Sequence[int]) -> dict[int, str]:
        """The JSON of those of these updates that this process still owns and that are still open, by number."""
        async with self.database.read() as connection:
            found = await update_inbox.list_owned(connection, self.account, self.owner, numbers)
        return {one.number: one.body for one in found if one.body is not None}

    async def done(self, numbers: Sequence[int]) -> None:
        """These updates were handled. It is written together with the next write: an update that is handled again
        after a crash makes no second job."""
        await self.database.write_soon(lambda connection: update_inbox.mark_done(connection, self.account, numbers))

    async def release(self) -> None:
        """Leave unfinished updates to other processes."""
        if self.is_alone:
            return
        async with self.database.write() as connection:
            await update_inbox.release(connection, self.account, self.owner)
        self.wakeups.notify()

    async def _is_full(self) -> bool:
        if self._measured.at + MEASURE_SECONDS <= (now := self.clock.now()):
            async with self.database.read() as connection:
                volume = await update_inbox.measure(connection, self.account)
            was_full, self._measured.at = self._measured.is_full, now
            self._measured.is_full = volume.updates >= MAX_OPEN or volume.characters >= MAX_CHARACTERS
            if self._measured.is_full and not was_full:
                log.error("too many updates wait to be handled: new ones are not accepted", waiting=volume.updates)
        return self._measured.is_full

    async def _take(self, known: Collection[int], *, everything: bool = False) -> tuple[OpenUpdate, ...]:
        async with self.database.read() as connection:
            there = await update_inbox.list_open(connection, self.account)
        now = self.clock.now()
        if any(everything or self._is_due(one, now) for one in there):
            async with self.database.write() as connection:
                lapsed = {"now": float("inf") if everything else now, "until": now + LEASE_SECONDS}
                await update_inbox.claim(connection, self.account, self.owner, **lapsed)
                there = await update_inbox.list_open(connection, self.account)
        return tuple(one for one in there if one.owner == self.owner and one.number not in known)

    def _is_due(self, one: OpenUpdate, now: float) -> bool:
        """Whether its lease has expired, or is ours and has to be renewed. A single process needs no leases."""
        if self.is_alone:
            return one.owner != self.owner
        return one.until is None or one.until < now + (RENEWED_BEFORE if one.owner == self.owner else 0.0)


def _log_left_out(inserted: Inserted) -> None:
    if inserted.dropped:
        log.warning("updates were dropped: too many of their chat wait", count=len(inserted.dropped))
    for number in inserted.unstorable:
        log.error("an update could not be stored", update=number)
