"""Starts a task for each update: in order within a chat, concurrently across chats, an album as one request."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

import structlog
from telegram import Update

from bot.conversation.keyed_executor import KeyedExecutor
from bot.conversation.responder import Interrupted, Retry
from bot.runtime.clock import Clock
from handlers.telegram.albums import Album, FetchReassigned
from handlers.telegram.other_updates import OtherUpdates
from handlers.telegram.responder import TelegramResponder
from handlers.telegram.update_kinds import UpdateKind, album_key, kind_of, ordering_key

log = structlog.get_logger(__name__)

MAX_CLOSED_ALBUMS = 200  # remembered, for photos that come too late
SHUTDOWN_TIMEOUT = 4.0  # updates that take longer are delivered again

OnDone = Callable[[int], None]


async def no_reassigned_updates() -> None:
    """For long polling: only one process receives updates."""


class UpdateDispatcher:
    """Running tasks by update id. `fetch_reassigned` brings in updates of other processes that are now ours."""

    def __init__(self, responder: TelegramResponder, other_updates: OtherUpdates, retry: Retry, clock: Clock) -> None:
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.fetch_reassigned: FetchReassigned = no_reassigned_updates
        self._responder = responder
        self._other_updates = other_updates
        self._retry = retry
        self._clock = clock
        self._executor = KeyedExecutor()
        self._albums: dict[str, tuple[Album, asyncio.Task[None]]] = {}
        self._closed_captions: dict[str, str] = {}  # by album key

    def dispatch(self, update: Update, done: OnDone) -> None:
        """Start to process an update. `done` is called with its id afterwards, unless it has to be delivered again."""
        try:
            task = self._start(update)
        except Exception:  # a parsed update may still lack expected fields; it must not stop the others
            log.exception("an update could not be dispatched", update=update.update_id)
            task = None
        if task is None:
            done(update.update_id)
            return
        self.tasks[update.update_id] = task
        task.add_done_callback(lambda ended: self._on_finished(update.update_id, ended, done))

    async def shutdown(self) -> None:
        """Give running tasks `SHUTDOWN_TIMEOUT` seconds to finish, then cancel them."""
        self._retry.stop()
        running = tuple(self.tasks.values())
        try:
            if running:
                await asyncio.wait(running, timeout=SHUTDOWN_TIMEOUT)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _start(self, update: Update) -> asyncio.Task[None] | None:
        kind = kind_of(update)
        if kind is None:
            return None
        key = ordering_key(update)
        if kind is UpdateKind.MESSAGE and (album := album_key(update)) is not None:
            return self._handle_album(key, album, update)
        return self._executor.submit(key, lambda: self._handle(kind, update))

    def _handle(self, kind: UpdateKind, update: Update) -> Awaitable[None]:
        """Call the handler for this kind of update."""
        match kind, update:
            case UpdateKind.CALLBACK_QUERY, Update(callback_query=query) if query:
                return self._responder.on_callback_query(query)
            case UpdateKind.EDITED_MESSAGE, Update(edited_message=message) if message:
                return self._responder.on_message([message], edited=True)
            case UpdateKind.INLINE_QUERY, Update(inline_query=query) if query:
                return self._other_updates.on_inline_query(query)
            case UpdateKind.PRE_CHECKOUT_QUERY, Update(pre_checkout_query=checkout) if checkout:
                return self._other_updates.on_pre_checkout_query(checkout)
            case UpdateKind.MY_CHAT_MEMBER, Update(my_chat_member=change) if change:
                return self._other_updates.on_my_chat_member(change)
            case UpdateKind.GUEST_MESSAGE, Update(guest_message=message) if message:
                return self._other_updates.on_guest_message(message)
            case _, Update(message=message) if message:
                handler = {
                    UpdateKind.SUCCESSFUL_PAYMENT: self._other_updates.on_successful_payment,
                    UpdateKind.CHAT_MIGRATED: self._other_updates.on_chat_migrated,
                }.get(kind)
                return self._responder.on_message([message]) if handler is None else handler(message)
        raise AssertionError(kind)

    def _handle_album(self, key: Hashable, album_key: str, update: Update) -> asyncio.Task[None]:
        """Start a new album, add a photo to an open one, or handle a photo that comes after its album was closed."""
        message = update.message
        assert message is not None
        if album_key in self._albums:
            album, task = self._albums[album_key]
            album.add(message)
            return task
        if (caption := self._closed_captions.get(album_key)) is not None:
            return self._executor.submit(key, lambda: self._responder.on_message([message], album_caption=caption))
        album = Album([message])

        async def answer() -> None:
            del self._albums[album_key]
            self._closed_captions[album_key] = album.caption
            if len(self._closed_captions) > MAX_CLOSED_ALBUMS:
                del self._closed_captions[next(iter(self._closed_captions))]
            await self._responder.on_message(album.messages)

        task = self._executor.submit(
            key, answer, ready=lambda: album.wait_until_complete(self._clock, self.fetch_reassigned)
        )
        self._albums[album_key] = album, task
        return task

    def _on_finished(self, update_id: int, task: asyncio.Task[None], done: OnDone) -> None:
        self.tasks.pop(update_id, None)
        if task.cancelled() or isinstance(error := task.exception(), Interrupted):
            return
        if error is not None:
            log.error("an update could not be processed", update=update_id, exc_info=error)
        done(update_id)
