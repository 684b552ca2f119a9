"""Updates of a chat are processed in order, those of different chats concurrently, and albums as one request."""

import asyncio
from collections.abc import Callable

from telegram import Message

from bot.conversation.concurrency import KeyedExecutor
from bot.conversation.responder import Interrupted, Retry
from bot.messaging.platform import TryLater
from handlers.telegram.albums import MAX_PHOTOS, QUIET_SECONDS, Album

PHOTO = Message.de_json({"message_id": 3, "date": 1, "chat": {"id": 5, "type": "private"}}, None)


class BlockingWork:
    """Work that reports when it starts, and runs until `end` is set."""

    def __init__(self) -> None:
        self.begun, self.end = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> None:
        self.begun.set()
        await self.end.wait()


async def test_work_with_the_same_key_runs_in_order_and_keys_are_independent() -> None:
    first, second, other = BlockingWork(), BlockingWork(), BlockingWork()
    executor = KeyedExecutor()
    tasks = [executor.submit("anna", first), executor.submit("anna", second), executor.submit("ben", other)]
    await first.begun.wait()
    await other.begun.wait()
    assert not second.begun.is_set()
    first.end.set()
    await second.begun.wait()
    second.end.set()
    other.end.set()
    await asyncio.gather(*tasks)
    assert not executor._last_task


async def test_concurrency_is_limited() -> None:
    running, most, two = 0, 0, asyncio.Event()

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 2:
            two.set()
        await two.wait()
        running -= 1

    executor = KeyedExecutor(max_concurrent=2)
    await asyncio.gather(*(executor.submit(number, work) for number in range(5)))
    assert most == 2


class WaitsForever:
    """A clock whose waits end when the event is set."""

    def now(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        return await event.wait()


async def test_whoever_is_told_to_wait_gives_their_place_to_others() -> None:
    retry, told = Retry(WaitsForever()), asyncio.Semaphore(0)

    async def banned() -> None:
        told.release()
        raise TryLater(600)

    async def work() -> None:
        await retry.until_done(banned, failed=None)

    executor = KeyedExecutor(max_concurrent=2)
    waiting = [executor.submit(f"banned {number}", work) for number in range(5)]
    for _ in waiting:
        await told.acquire()
    stranger = BlockingWork()
    stranger.end.set()
    await executor.submit("stranger", stranger)
    retry.stop()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in ended] == [Interrupted] * 5


async def test_failing_work_does_not_stop_work_with_the_same_key() -> None:
    async def broken() -> None:
        raise ValueError

    after = BlockingWork()
    after.end.set()
    executor = KeyedExecutor()
    failed, done = executor.submit("anna", broken), executor.submit("anna", after)
    await done
    assert isinstance(failed.exception(), ValueError)


class RecordingClock:
    """A clock that records waits, each of which lasts as long as it may; each of `meanwhile` is called during one."""

    def __init__(self, *meanwhile: Callable[[], None]) -> None:
        self._meanwhile = list(meanwhile)
        self._now = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._now += seconds

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        if self._meanwhile:
            self._meanwhile.pop(0)()
        if not event.is_set():
            self._now += seconds
        return event.is_set()


class Chat:
    """Photos that wait in the album's chat, and those that were delivered to another process."""

    def __init__(self, *, elsewhere: int = 0) -> None:
        self.album, self._waiting, self._elsewhere = Album([PHOTO]), 0, elsewhere

    def gets_a_photo(self) -> None:
        self._waiting += 1
        self.album.changed.set()

    async def join(self, album: Album) -> bool:
        joined, self._waiting = self._waiting, 0
        album.messages.extend([PHOTO] * joined)
        return joined > 0

    async def fetch_reassigned(self) -> None:
        if self._elsewhere:
            self._elsewhere -= 1
            self.gets_a_photo()

    async def complete(self, clock: RecordingClock) -> int:
        """Wait until the album is complete; returns how many photos it has."""
        await self.album.wait_until_complete(clock, self.join, self.fetch_reassigned)
        return len(self.album.messages)


async def test_an_album_is_complete_when_it_has_been_quiet_for_long_enough() -> None:
    chat = Chat()
    clock = RecordingClock(chat.gets_a_photo, chat.gets_a_photo)
    assert await chat.complete(clock) == 3
    assert clock.waits == [QUIET_SECONDS] * 3


async def test_other_messages_in_the_chat_do_not_prolong_an_album() -> None:
    chat = Chat()
    assert await chat.complete(RecordingClock(*[chat.album.changed.set] * 5)) == 1


async def test_photos_delivered_to_other_processes_join_the_album() -> None:
    assert await Chat(elsewhere=2).complete(RecordingClock()) == 3


async def test_a_full_album_is_not_waited_for() -> None:
    clock, chat = RecordingClock(), Chat()
    chat.album.messages *= MAX_PHOTOS
    await chat.complete(clock)
    assert clock.waits == []
