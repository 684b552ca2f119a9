"""Handles stored updates: in order within a chat, side by side across chats, an album as one request.

Only their numbers are kept in memory. What an update contains is read from its row when its turn comes, and deleted
when it was handled. So updates that came before a restart, and those that come now, go the same way; and nothing is
handled before the first look at what is stored.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from telegram import Update

from bot.cluster.update_inbox import OpenUpdate, UpdateInbox, UpdateQueue
from bot.conversation.concurrency import ConcurrencyLimit
from bot.conversation.responder import Interrupted, Retry
from bot.runtime.batches import Batches
from bot.runtime.clock import Clock
from handlers.telegram.albums import Album, Separated
from handlers.telegram.bot_client import Bot
from handlers.telegram.update_handlers import UpdateHandlers
from handlers.telegram.update_intake import parse
from handlers.telegram.update_kinds import UpdateKind, album_of, is_lone_photo, kind_of

log = structlog.get_logger(__name__)

T = TypeVar("T")

MAX_CLOSED_ALBUMS = 200  # remembered, for photos that come too late
LOOKED_THROUGH = 50  # waiting updates of a chat that may belong to an album
SHUTDOWN_TIMEOUT = 4.0  # updates that take longer are handled again after the next start
ERROR_RETRY_SECONDS = 5.0
STORAGE_RETRY_SECONDS = 1.0


class UpdateDispatcher:
    """Handles the updates of one bot. `run` goes on until it is cancelled; call `shutdown` after that."""

    def __init__(self, bot: Bot, inbox: UpdateInbox, handlers: UpdateHandlers, retry: Retry, clock: Clock) -> None:
        self._bot = bot
        self._inbox = inbox
        self._handlers = handlers
        self._retry = retry
        self._clock = clock
        self._queue = UpdateQueue()
        self._limit = ConcurrencyLimit()
        self._done = Batches(inbox.done)
        self._has_looked = self._is_stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._open_albums: dict[str, Album] = {}  # by ordering key
        self._closed_albums: dict[str, Separated] = {}  # by album key: what a late photo is told

    async def run(self) -> None:
        """Handle what is stored, then what comes."""
        while True:
            try:
                async for updates in self._inbox.assigned(self._queue.known):
                    self._has_looked = True
                    self.add(updates)
            except Exception:  # the database is unavailable
                log.exception("stored updates could not be read")
                await self._inbox.clock.sleep(ERROR_RETRY_SECONDS)

    def add(self, updates: Sequence[OpenUpdate]) -> None:
        """Handle these updates when their turn comes."""
        for update in updates:
            key = self._queue.add(update.number, update.ordering_key)
            if key in self._open_albums:
                self._open_albums[key].changed.set()
        self._start_waiting()

    async def shutdown(self) -> None:
        """Give running work `SHUTDOWN_TIMEOUT` seconds to finish, then cancel it. Unfinished updates are left to other
        processes, or to the next start."""
        self._is_stopping = True
        self._retry.stop()
        running = tuple(self._tasks)
        await self._inbox.database.hurry()
        try:
            if running:
                await asyncio.wait(running, timeout=SHUTDOWN_TIMEOUT)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await self._done.finish()
            await self._release()

    async def _release(self) -> None:
        try:
            await self._inbox.release()
        except SQLAlchemyError:  # then the others wait until our claims expire
            log.warning("unfinished updates could not be released")

    def _start_waiting(self) -> None:
        while self._has_looked and not self._is_stopping and (key := self._queue.next_key()) is not None:
            task = asyncio.create_task(self._handle_next(key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _handle_next(self, key: str) -> None:
        """Handle the oldest update of a key; an album at once. When interrupted, it stays as it is."""
        [number] = self._queue.waiting(key, 1)
        numbers: Sequence[int] = ()
        try:
            numbers = await self._handle(key, number)
        except Interrupted:
            return
        except Exception:  # one that nobody foresaw must not keep the rest of the chat waiting
            log.exception("an update could not be dispatched", update=number)
        self._queue.finish(key)
        self._start_waiting()
        with suppress(Interrupted):
            await self._until_stored(lambda: self._all_done(numbers))
            for handled in numbers:
                self._queue.forget(handled)

    async def _handle(self, key: str, number: int) -> Sequence[int]:
        """Handle an update, and return the numbers of those that were handled with it."""
        self._queue.take(key, number)
        update = (await self._load([number])).get(number)
        if update is None:  # deleted since, or taken over by another process
            return [number]
        numbers = [number]
        try:
            kind = kind_of(update)
            if kind is UpdateKind.MESSAGE and (album := album_of(update)) is not None:
                await self._handle_album(key, album, update, numbers)
            elif kind is UpdateKind.MESSAGE and is_lone_photo(update):
                await self._handle_series(key, update, numbers)
            elif kind is not None:
                async with self._limit.place():
                    await self._handlers.handle(kind, update)
        except Interrupted:
            raise
        except Exception:  # a parsed update may still lack expected fields; it must not stop the others
            log.exception("an update could not be handled", update=number)
        return numbers

    async def _handle_album(self, key: str, album_key: str, update: Update, numbers: list[int]) -> None:
        """Collect the photos of an album and handle them together; or a photo that comes after the others. Adds the
        collected updates to `numbers`."""
        assert update.message is not None
        album, closed = Album([update.message]), self._closed_albums.get(album_key)
        if closed is None:
            await self._collect(key, lambda one: album_of(one) == album_key, album, numbers)
        self._remember_closed(album_key, (closed or Separated()).with_late(album.messages))
        async with self._limit.place():
            for part, messages in enumerate(album.requests()):
                separated = closed or (Separated() if part else None)
                await self._handlers.responder.on_message(messages, separated=separated)

    def _remember_closed(self, album_key: str, closed: Separated) -> None:
        self._closed_albums[album_key] = closed
        if len(self._closed_albums) > MAX_CLOSED_ALBUMS:
            del self._closed_albums[next(iter(self._closed_albums))]

    async def _handle_series(self, key: str, update: Update, numbers: list[int]) -> None:
        """Handle photos that are sent one after another like an album; up to the first other message of the chat."""
        assert update.message is not None
        series = Album([update.message])
        await self._collect(key, is_lone_photo, series, numbers, in_a_row=True)
        async with self._limit.place():
            await self._handlers.responder.on_message(series.messages)

    async def _collect(
        self, key: str, belongs: Callable[[Update], bool], album: Album, numbers: list[int], *, in_a_row: bool = False
    ) -> None:
        """Take the photos of an album, as they come, from what waits in its chat. `in_a_row`: without anything between
        them."""
        looked_at = set[int]()

        async def join(_: Album) -> bool:
            new = [number for number in self._queue.waiting(key, LOOKED_THROUGH) if number not in looked_at]
            looked_at.update(new)
            updates = await self._load(new) if new else {}
            before = len(album.messages)
            for number, one in updates.items():
                if kind_of(one) is UpdateKind.MESSAGE and belongs(one) and one.message and not album.is_full:
                    self._queue.take(key, number)
                    numbers.append(number)
                    album.messages.append(one.message)
                elif in_a_row:
                    album.is_complete = True
                    break
            return len(album.messages) > before

        self._open_albums[key] = album
        try:
            await album.wait_until_complete(self._clock, join, self._fetch_reassigned)
        finally:
            del self._open_albums[key]

    async def _fetch_reassigned(self) -> None:
        """Bring in updates that other processes have stored for us."""
        try:
            self.add(await self._inbox.reassigned(self._queue.known))
        except SQLAlchemyError:  # `run` looks again soon
            log.warning("reassigned updates could not be read")

    async def _load(self, numbers: Sequence[int]) -> dict[int, Update]:
        """The updates, as far as they are still ours to handle. Those that can't be parsed, as when they were stored by
        another version, are done with."""
        bodies = await self._until_stored(lambda: self._inbox.load(numbers))
        parsed = {number: parse(json.loads(body), self._bot, number) for number, body in bodies.items()}
        if unreadable := [number for number, update in parsed.items() if update is None]:
            await self._until_stored(lambda: self._all_done(unreadable))
        return {number: update for number, update in parsed.items() if update is not None}

    async def _all_done(self, numbers: Sequence[int]) -> None:
        await asyncio.gather(*map(self._done.add, numbers))

    async def _until_stored(self, call: Callable[[], Awaitable[T]]) -> T:
        """The result of a call to the database, repeated until it succeeds."""
        while True:
            try:
                return await call()
            except SQLAlchemyError as error:
                log.warning("the database can't be used yet", error=type(error).__name__)
            await self._retry.pause(STORAGE_RETRY_SECONDS)
