"""Starts to deal with each update: in order in a chat, side by side across chats, albums as one request."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

import structlog
from telegram import Update

from bot.conversation.keyed_executor import KeyedExecutor
from bot.conversation.retry import Interrupted, Retry
from bot.runtime.clock import Clock
from handlers.telegram.albums import Album, Look
from handlers.telegram.other_updates import Asides
from handlers.telegram.responder import Answering
from handlers.telegram.update_kinds import Kind, album_of, kind_of, lane_of

log = structlog.get_logger(__name__)

REMEMBERED = 200  # albums
STOP_SECONDS = 4.0  # for what is being dealt with when told to stop; what takes longer comes again

Done = Callable[[int], None]


async def nothing_to_see() -> None:
    """Nobody else is handed anything."""


class Taking:
    """Everything that is being dealt with. `tasks` by the update's number; `look` takes what was handed to other
    processes for us."""

    def __init__(self, answering: Answering, asides: Asides, patience: Retry, clock: Clock) -> None:
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.look: Look = nothing_to_see
        self._answering = answering
        self._asides = asides
        self._patience = patience
        self._clock = clock
        self._lanes = KeyedExecutor()
        self._albums: dict[str, tuple[Album, asyncio.Task[None]]] = {}
        self._closed: dict[str, str] = {}  # what the last albums said

    def take(self, update: Update, done: Done) -> None:
        """Start to deal with an update; `done` is called with its number once that is over, unless it has to come
        again."""
        try:
            task = self._started(update)
        except Exception:  # what the library has read may still lack what we count on; the others must go on
            log.exception("an update could not be understood", update=update.update_id)
            task = None
        if task is None:
            done(update.update_id)
            return
        self.tasks[update.update_id] = task
        task.add_done_callback(lambda ended: self._over(update.update_id, ended, done))

    async def finish(self) -> None:
        """Let what has begun come to its end, but not for long."""
        self._patience.stop()
        begun = tuple(self.tasks.values())
        try:
            if begun:
                await asyncio.wait(begun, timeout=STOP_SECONDS)
        finally:
            for task in begun:
                task.cancel()
            await asyncio.gather(*begun, return_exceptions=True)

    def _started(self, update: Update) -> asyncio.Task[None] | None:
        kind = kind_of(update)
        if kind is None:
            return None
        lane = lane_of(update)
        if kind is Kind.MESSAGE and (album := album_of(update)) is not None:
            return self._album(lane, album, update)
        return self._lanes.submit(lane, lambda: self._answer(kind, update))

    def _answer(self, kind: Kind, update: Update) -> Awaitable[None]:
        """Whoever answers this kind of update."""
        match kind, update:
            case Kind.PRESS, Update(callback_query=query) if query:
                return self._answering.press(query)
            case Kind.EDIT, Update(edited_message=message) if message:
                return self._answering.message([message], edited=True)
            case Kind.INLINE, Update(inline_query=words) if words:
                return self._asides.inline(words)
            case Kind.CHECKOUT, Update(pre_checkout_query=checkout) if checkout:
                return self._asides.checkout(checkout)
            case Kind.STANDING, Update(my_chat_member=change) if change:
                return self._asides.standing(change)
            case Kind.GUEST, Update(guest_message=message) if message:
                return self._asides.guest(message)
            case _, Update(message=message) if message:
                about = {Kind.PAID: self._asides.paid, Kind.MOVED: self._asides.moved}.get(kind)
                return self._answering.message([message]) if about is None else about(message)
        raise AssertionError(kind)

    def _album(self, lane: Hashable, name: str, update: Update) -> asyncio.Task[None]:
        """A new album, one more picture of an album that is still open, or a picture that comes after its album."""
        message = update.message
        assert message is not None
        if name in self._albums:
            album, task = self._albums[name]
            album.add(message)
            return task
        if (words := self._closed.get(name)) is not None:
            return self._lanes.submit(lane, lambda: self._answering.message([message], after=words))
        album = Album([message])

        async def answer() -> None:
            del self._albums[name]
            self._closed[name] = album.words
            if len(self._closed) > REMEMBERED:
                del self._closed[next(iter(self._closed))]
            await self._answering.message(album.messages)

        task = self._lanes.submit(lane, answer, ready=lambda: album.complete(self._clock, self.look))
        self._albums[name] = album, task
        return task

    def _over(self, number: int, task: asyncio.Task[None], done: Done) -> None:
        self.tasks.pop(number, None)
        if task.cancelled() or isinstance(error := task.exception(), Interrupted):
            return
        if error is not None:
            log.error("an update could not be answered", update=number, exc_info=error)
        done(number)
