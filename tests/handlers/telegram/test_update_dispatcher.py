"""Updates of a chat are processed in order, those of different chats concurrently, and albums as one request."""

import asyncio
from collections.abc import Callable

from telegram import Message

from bot.conversation.keyed_executor import KeyedExecutor
from handlers.telegram.albums import MAX_PHOTOS, QUIET_SECONDS, Album
from handlers.telegram.update_dispatcher import no_reassigned_updates

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


async def test_concurrency_is_limited_and_waiting_for_ready_does_not_count() -> None:
    running, most, two = 0, 0, asyncio.Event()

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 2:
            two.set()
        await two.wait()
        running -= 1

    gathered = asyncio.Event()

    async def ready() -> None:
        await gathered.wait()

    executor = KeyedExecutor(max_concurrent=2)
    album = executor.submit("album", work, ready)
    await asyncio.gather(*(executor.submit(number, work) for number in range(5)))
    assert not album.done()
    gathered.set()
    await album
    assert most == 2


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
    """A clock that only records waits; each of `meanwhile` is called during one of them."""

    def __init__(self, *meanwhile: Callable[[], None]) -> None:
        self._meanwhile = list(meanwhile)
        self.waits: list[float] = []

    def now(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        if self._meanwhile:
            self._meanwhile.pop(0)()
        return event.is_set()


async def test_an_album_is_complete_when_it_has_been_quiet_for_long_enough() -> None:
    album = Album([PHOTO])
    clock = RecordingClock(lambda: album.add(PHOTO), lambda: album.add(PHOTO))
    await album.wait_until_complete(clock, no_reassigned_updates)
    assert len(album.messages) == 3
    assert clock.waits == [QUIET_SECONDS] * 3


async def test_photos_delivered_to_other_processes_join_the_album() -> None:
    album, clock, elsewhere = Album([PHOTO]), RecordingClock(), [PHOTO, PHOTO]

    async def fetch_reassigned() -> None:
        if elsewhere:
            album.add(elsewhere.pop())

    await album.wait_until_complete(clock, fetch_reassigned)
    assert len(album.messages) == 3
    assert clock.waits == [QUIET_SECONDS] * 3


async def test_a_full_album_is_not_waited_for() -> None:
    clock = RecordingClock()
    await Album([PHOTO] * MAX_PHOTOS).wait_until_complete(clock, no_reassigned_updates)
    assert clock.waits == []
